import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  @Suite("explaining what ran, and what did not")
  struct Explaining {
    /// The tiny workspace, built, and built again after an edit of the text that the second image copies.
    private func edited() async throws -> World {
      let world = try await World.tiny()
      try await world.build()
      try world.write("another text\n", to: "images/two/text")
      try await world.build()
      return world
    }

    /// Removes every blob of the store, as a collection that keeps nothing does.
    private func removeBlobs(_ world: World) async throws {
      let script = "sqlite3 \"$1/blobs.db\" 'DELETE FROM blobs'; rm -rf \"$1/blobs\"/* \"$1/checkouts\""
      try await Program(["sh", "-euc", script, "sh", world.store]).check()
    }

    private func digest(_ text: String, _ world: World) async throws -> String {
      try world.write(text, to: "sum")
      let words = try await Program(["sha256sum", world.workspace + "/sum"]).check()
      try FileManager.default.removeItem(atPath: world.workspace + "/sum")
      return String(words.prefix(12))
    }

    @Test("a past run is explained down to the file that changed, when its blobs and the workspace are gone")
    func collected() async throws {
      let world = try await edited()
      let (old, new) = (try await digest("a text\n", world), try await digest("another text\n", world))
      try await world.build()
      try await removeBlobs(world)
      let lost = try await world.graph("why", "//app/two:x86_64").check()
      #expect(lost.contains("the store no longer has the result that it had"), "\(lost)")
      #expect(lost.contains("(images/two/text): \(old) -> \(new)  <- changed here"), "\(lost)")
      try FileManager.default.removeItem(atPath: world.workspace)
      try FileManager.default.createDirectory(atPath: world.workspace, withIntermediateDirectories: false)
      let change = "input source/0/text (images/two/text): \(old) -> \(new)"
      let why = try await world.graph("why", "//app/two:x86_64", "--run", "2").check()
      #expect(why.hasPrefix("//app/two@2.1:x86_64 image ran in run 2 ("), "\(why)")
      #expect(why.contains("\(change)  <- changed here"), "\(why)")
      let newest = try await world.graph("why", "//app/two:x86_64", "--run", "newest").check()
      #expect(
        newest.hasPrefix(
          "//app/two@2.1:x86_64 image did not run in run 3: it was up to date; it last ran in run 2"))
      let first = try await world.graph("why", "//app/two:x86_64", "--run", "1").check()
      #expect(
        first.contains("image ran in run 1 (") && first.contains("it never had a result before"), "\(first)")
      let show = try await world.graph("runs", "show", "2").check()
      #expect(show.contains(change) && show.contains("outcome    done after "), "\(show)")
      let difference = try await world.graph("diff", "1", "2").check()
      // Copy, pack, image for each of two architectures, and the index of both.
      #expect(
        difference.contains("\(change)\n    //app/two@2.1:aarch64 2 COPY text /text\n"), "\(difference)")
      #expect(difference.contains("nodes: 2 changed of their own, 5 behind them\n"), "\(difference)")
      #expect(try await world.graph("diff").check().hasSuffix("no node differs"))
      let not = try await world.graph("why-not", "//app/one:x86_64", "--run", "2").check()
      #expect(not.contains("image did not run in run 2: its result was there\n  result: key "), "\(not)")
      let trace = try await world.graph("trace", "2").check()
      #expect(trace.contains("//app/two@2.1:x86_64 2 COPY"))
      // Rejections say what there is.
      let both = try await world.graph("diff", "1", "20260102_01").run()
      #expect(both.status == 64 && both.errors.contains("are of two kinds"), "\(both.transcript)")
      let none = try await world.graph("why", "//app/none", "--run", "2").run()
      #expect(
        none.status == 64 && none.errors.contains("no run up to 2 has '//app/none'"), "\(none.transcript)")
    }

    @Test("a build with nothing to do adds one row to the history, read from memory or not")
    func idle() async throws {
      let world = try await edited()
      let before = try await world.history(
        "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM run_records)")
      try await world.build()
      try await world.build()
      let after = try await world.history(
        "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM run_records)")
      let (old, new) = (before[0].split(separator: "|"), after[0].split(separator: "|"))
      #expect(Int(new[0]) == (Int(old[0]) ?? 0) + 2 && new[1] == old[1])
      #expect(try await world.history("SELECT count(DISTINCT wanted) FROM runs") == ["1"])
      let runs = try await world.graph("runs", "-n", "1").check()
      #expect(runs.contains("done") && runs.contains(" build"), "\(runs)")
      #expect(try await world.graph("log", "-n", "1").check() == runs)
    }

    @Test("an edit that is taken back is found again, and the next difference starts from there")
    func takenBack() async throws {
      let world = try await edited()
      try world.write("a text\n", to: "images/two/text")
      #expect(try await world.build() == [])
      let found = try await world.history("SELECT DISTINCT outcome FROM run_nodes WHERE run = 3")
      #expect(found == ["found"])
      #expect(try await world.graph("diff", "1", "3").check().hasSuffix("no node differs"))
      #expect(try await world.graph("diff", "2", "3").check().contains("2 changed of their own"))
    }

    @Test(
      "a file that does not make anything run says why: not taken, left out, the same, a manifest, another's")
    func whyNot() async throws {
      let world = try await World.tiny()
      try world.write("secret\n", to: "images/two/.dockerignore")
      try world.write("s\n", to: "images/two/secret")
      try world.write("n\n", to: "images/two/notes")
      try await world.build()
      try await Program(["touch", world.workspace + "/images/two/text"]).check()
      try world.write("outside", to: "../outside")
      func answer(_ path: String) async throws -> String {
        try await world.graph("why-not", "//app/two:x86_64", "--input", path).check()
      }
      let same = try await answer("images/two/text")
      #expect(
        same.hasPrefix("//app/two@2.1:x86_64 image does not run: it is up to date\n  result: key "), "\(same)"
      )
      #expect(same.contains(" leaf inputs is equal to that of the result: 1 file, "), "\(same)")
      #expect(
        same.contains("is an input, and its content ") && same.contains("read by //app/two@2.1:x86_64 2 COPY")
      )
      #expect(try await answer("images/two/secret").contains("and 'images/two/.dockerignore' leaves it out"))
      #expect(
        try await answer("images/two/notes").contains(
          "'images/two/notes' is in the build context of //app/two@2.1 ('images/two'), and none of its instructions takes it: '2 COPY text /text'"
        ))
      #expect(try await answer("images/two/Dockerfile").contains("is a manifest"))
      #expect(try await answer("index.d/app.yml").contains("is a manifest"))
      #expect(try await answer("../outside").contains("is outside the workspace"))
      #expect(try await answer("images/two/tex").contains("did you mean 'images/two/text'?"))
      try world.write("new", to: "images/two/text")
      let changed = try await answer("images/two/text")
      #expect(
        changed.contains("image is pending (waits)") && changed.contains("is new: what reads it runs"),
        "\(changed)")
      let left = try await world.graph("why-not", "//app/two:s390x").run()
      #expect(left.status == 64)
    }

    @Test("what was skipped names the failure, and what was cut off the node that made the same")
    func kept() async throws {
      let world = try World(files: [
        "graph.yml": "name: small\narches: [x86_64]\n",
        "graph.d/c.yml": """
        commands:
          - {name: //c/first, root: host, command: [/bin/sh, -c, "cut -c1 {inputs.text} > {outputs.out}"],
             inputs: {text: text}, outputs: {out: file}}
          - {name: //c/second, root: host, command: [/bin/sh, -c, "cp {inputs.in} {outputs.out}"],
             inputs: {in: //c/first}, outputs: {out: file}}

        """,
        "text": "one\n",
      ])
      try await world.build()
      try world.write("other\n", to: "text")
      #expect(try await world.build() == ["//c/first:x86_64 command"])
      let cut = try await world.graph("why-not", "//c/second").check()
      #expect(cut.contains("are not all those of the result: what differs was cut off"), "\(cut)")
      #expect(
        cut.contains(
          "cut off: //c/first:x86_64 command made in run 2 what it had made in run 1, of other inputs"),
        "\(cut)")
      #expect(cut.contains("input text (text): ") && cut.contains("<- changed here"))
      let then = try await world.graph("why-not", "//c/second", "--run", "2").check()
      #expect(then.contains("did not run in run 2: what it reads came out as it was"), "\(then)")
      try world.edit("graph.d/c.yml", "cut -c1 {inputs.text} > {outputs.out}", "exit 3")
      #expect(try await world.graph("build").run().status == 1)
      let skipped = try await world.graph("why-not", "//c/second").check()
      #expect(
        skipped.contains(
          "//c/second:x86_64 command did not run in run 3: //c/first:x86_64 command failed, exited with status 3"
        ),
        "\(skipped)")
      let failed = try await world.graph("why", "//c/first", "--run", "3").check()
      #expect(
        failed.contains("failed in run 3 (") && failed.contains("it ran because")
          && failed.contains("exit 3"), "\(failed)")
      let show = try await world.graph("runs", "show", "newest").check()
      #expect(show.contains("exited with status 3") && show.contains("command: "), "\(show)")
    }

    @Test("two snapshots compare by what moved, and what that does to the workspace as it is now")
    func snapshots() async throws {
      let world = try await World.tiny()
      let repository = world.scratch + "/source"
      let script = """
        git init -q -b main "$1" && cd "$1"
        printf 'FROM scratch\\nCOPY text /text\\n' > Dockerfile; echo 'job-id: three' > cccp.yml; echo one > text
        git add . && git -c user.name=t -c user.email=t@example.org commit -qm one
        """
      try await Program(["sh", "-euc", script, "sh", repository]).check()
      try world.write(
        try world.read("index.d/app.yml") + """
            - {id: 3, app-id: app, job-id: three, git-url: "file://\(repository)", git-branch: main, git-path: /,
               target-file: Dockerfile, desired-tag: 3, notify-email: release@example.org, depends-on: null}

          """, to: "index.d/app.yml")
      try await world.build()
      let commit =
        "cd \"$1\" && echo two > text && git -c user.name=t -c user.email=t@example.org commit -qam two"
      try await Program(["sh", "-euc", commit, "sh", repository]).check()
      #expect(try await world.build() == [], "what moved upstream is not seen before --refresh")
      let pinned = try await world.graph("why-not", "//app/three:x86_64").check()
      #expect(pinned.contains("pinned by snapshot ") && pinned.contains("1 commit"), "\(pinned)")
      let names = [
        try await world.graph("snapshot", "show").check(),
        try await world.graph("snapshot", "refresh").check(),
      ]
      let difference = try await world.graph("diff", names[0], names[1]).check()
      #expect(difference.contains("moved\n  git file://\(repository) main: "), "\(difference)")
      #expect(difference.contains("root causes\n  input source/0/text ("), "\(difference)")
      #expect(
        try await world.graph("diff", names[0]).check()
          == difference.replacing("snapshot \(names[1])", with: "snapshot newest"))
      try await world.build()
      let runs = try await world.graph("diff").check()
      #expect(
        runs.contains("moved\n  git file://\(repository) main: ") && runs.contains("input source/0/text ("),
        "\(runs)")
    }

    // MARK: Events

    /// A workspace of one command that takes so many seconds.
    private func slow(_ seconds: Int) throws -> World {
      try World(files: [
        "graph.yml": "name: slow\narches: [x86_64]\n",
        "graph.d/c.yml": """
        commands:
          - {name: //c/slow, root: host, command: [/bin/sh, -c, "sleep \(seconds); echo > {outputs.out}"],
             outputs: {out: file}}

        """,
      ])
    }

    /// A follower of the run that a build has begun.
    private func follower(_ world: World) async throws -> Program.Running {
      for _ in 0..<3000 where access(world.store + "/events/1.ndjson", R_OK) != 0 {
        try await Task.sleep(for: .milliseconds(10))
      }
      return try world.graph("events", "--follow").start()
    }

    /// Waits until a program has said something; one that never does is an issue.
    private func reach(_ text: String, _ program: Program.Running) async throws {
      for _ in 0..<3000 {
        if program.said.contains(text) { return }
        try await Task.sleep(for: .milliseconds(10))
      }
      Issue.record("'\(text)' was not said within half a minute: \(program.said)")
    }

    @Test("another process follows the events of a build as they come, and ends with it")
    func followed() async throws {
      let world = try slow(2)
      let build = try world.graph("build").start()
      let follower = try await follower(world)
      try await reach("\"type\":\"started\"", follower)
      #expect(kill(build.process, 0) == 0, "it was seen while the build went on")
      #expect(await build.end().status == 0)
      let ended = await follower.end()
      #expect(ended.status == 0)
      let lines = ended.output.split(separator: "\n")
      #expect(lines.first?.contains("\"schema\":1") == true)
      #expect(
        lines.last?.contains("\"type\":\"ended\"") == true
          && lines.last?.contains("\"outcome\":\"done\"") == true)
      #expect(
        lines.contains { $0.contains("\"type\":\"finished\"") && $0.contains("//c/slow:x86_64 command") })
      #expect(try await world.graph("events", "--run", "1").check() + "\n" == ended.output, "replayed")
    }

    @Test("kill -9 of the builder ends the follower, and the run is called killed")
    func killed() async throws {
      let world = try slow(600)
      let build = try world.graph("build").start()
      let follower = try await follower(world)
      try await reach("\"type\":\"started\"", follower)
      kill(-build.process, SIGKILL)
      #expect(await build.end().status == 128 + SIGKILL)
      let ended = await follower.end()
      #expect(ended.status == 0)
      #expect(ended.output.hasSuffix("\"outcome\":\"killed\"}\n"), "\(ended.output)")
      #expect(try await world.graph("runs").check().contains("killed"))
      try world.edit("graph.d/c.yml", "sleep 600", "true")
      try await world.build()
      #expect(try await world.history("SELECT outcome FROM runs") == ["killed", "done"])
    }

    // MARK: What a plan costs

    private struct Priced: Decodable {
      struct Estimate: Decodable {
        let fetchBytes: Int
        let unknownFetches: Int
        let diskBytes: Int
        let seconds: Double
        let native: Int
        let emulated: Int
        let unknownNodes: Int
      }
      let estimate: Estimate
    }

    @Test("a plan knows its downloads, its disk and what runs under an emulator; what is there costs nothing")
    func priced() async throws {
      func estimate(_ world: World) async throws -> Priced.Estimate {
        let text = try await world.graph("plan", "--json", "//app/httpd:aarch64").check()
        return try JSONDecoder().decode(Priced.self, from: Data(text.utf8)).estimate
      }
      let fresh = try await estimate(try await World.fresh())
      #expect(
        fresh.fetchBytes > 10_000_000 && fresh.unknownFetches == 0 && fresh.diskBytes >= fresh.fetchBytes)
      #expect(fresh.emulated > 0 && fresh.native > fresh.emulated && fresh.unknownNodes > 100)
      let world = try await World.warm()
      let none = try await estimate(world)
      #expect(
        none.fetchBytes == 0 && none.diskBytes == 0 && none.seconds == 0 && none.native == 0
          && none.emulated == 0)
      try world.edit("images/httpd/index.html", "<", "<!-- changed --><")
      let edited = try await estimate(world)
      #expect(
        edited.fetchBytes == 0 && edited.unknownNodes == 0 && edited.seconds > 0 && edited.diskBytes > 0)
    }

    @Test(
      "where the disk will not do, plan warns and build stops before it starts, unless it is told to go on",
      .enabled(if: getuid() == 0, "mounts need root"))
    func fullDisk() async throws {
      let world = try World(files: [
        "graph.yml": "name: large\narches: [x86_64]\n",
        "graph.d/c.yml": """
        commands:
          - {name: //c/large, root: host, command: [/bin/sh, -c, "head -c 20000000 /dev/urandom > {outputs.out} # {inputs.text}"],
             inputs: {text: text}, outputs: {out: file}}

        """,
        "text": "one\n",
      ])
      try await Program([
        "sh", "-euc", "mkdir \"$1\" && mount -t tmpfs -o size=80m none \"$1\"", "sh", world.store,
      ]).check()
      defer { umount2(world.store, Int32(MNT_DETACH)) }
      try await world.build()
      try world.write("two\n", to: "text")
      #expect(try await world.graph("plan").run().errors == "")
      // Leaves 16 MiB of the 20 MB that the action is known to need.
      let fill =
        "head -c \"$(($(df --output=avail -B1 \"$1\" | tail -1) - 16777216))\" /dev/zero > \"$1/scratch/fill\""
      try await Program(["sh", "-euc", fill, "sh", world.store]).check()
      let plan = try await world.graph("plan").run()
      #expect(plan.status == 0, "\(plan.transcript)")
      #expect(
        plan.errors.contains(
          "warning: the disk that holds the store '\(world.store)' has 16 MiB left, and this needs about 19 MiB"
        )
          && plan.errors.contains("graph gc"), "\(plan.transcript)")
      let build = try await world.graph("build").run()
      #expect(build.status == 75 && build.errors.contains("--no-disk-check"), "\(build.transcript)")
      #expect(try await world.history("SELECT count(*) FROM runs") == ["1"], "nothing began")
      let forced = try await world.graph("build", "--no-disk-check").run()
      #expect(forced.status == 75 && !forced.errors.contains("--no-disk-check"), "\(forced.transcript)")
    }
  }
}
