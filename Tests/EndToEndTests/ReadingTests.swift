import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  @Suite("reading commands")
  struct Reading {
    /// What 'graph init' makes.
    private static func world() async throws -> World {
      let world = try World(files: [:])
      try await Program([World.graph, "init", world.workspace]).check()
      return world
    }

    @Test("graph init makes a workspace that is right, builds without a network and can be taken away")
    func begin() async throws {
      let world = try await Self.world()
      #expect(try await world.graph("check").check().hasPrefix("no errors"))
      // No program of the host is used: PATH leads nowhere.
      var build = world.graph("build", "--offline")
      build.words = ["/usr/bin/env", "PATH=/dev/null"] + build.words
      let first = try await build.run()
      #expect(first.status == 0 && first.output.contains("//app/hello@latest"), "\(first.transcript)")
      let layout = try await world.export("//app/hello")
      #expect(access(layout + "/oci-layout", R_OK) == 0)
      try await world.graph("plan", "--exit-code").check()
      let again = try await Program([World.graph, "init", world.workspace]).run()
      #expect(again.status == 64 && again.errors.contains("already has 'graph.yml'"), "\(again.transcript)")
      let other = try World(files: ["images/hello/cccp.yml": "job-id: mine\n"])
      let refused = try await Program([World.graph, "init", other.workspace]).run()
      #expect(refused.status == 64, "\(refused.transcript)")
      #expect(access(other.workspace + "/graph.yml", F_OK) != 0)
      #expect(try other.read("images/hello/cccp.yml") == "job-id: mine\n")
    }

    @Test("each document for programs can be read, also where there is nothing to say")
    func documents() async throws {
      let world = try await Self.world()
      let commands = [
        ["ls"], ["plan"], ["why", "//app/hello"], ["log"], ["snapshot", "show"], ["doctor"],
        ["query", "//..."],
        ["inputs", "//app/hello"], ["show", "//app/hello"],
      ]
      for built in [false, true] {
        if built { try await world.build() }
        for command in commands + (built ? [["log", "1"], ["snapshot", "diff", "newest"]] : []) {
          let ended = try await world.graph(command + ["--json"]).run()
          #expect(ended.status == 0 || command == ["doctor"], "\(ended.transcript)")
          struct Document: Decodable { let schema: Int }
          let document = try? JSONDecoder().decode(Document.self, from: Data(ended.output.utf8))
          #expect(document?.schema == 1, "\(ended.transcript)")
        }
      }
    }

    @Test("show says where each value was written, the cccp.yml included; inputs say what is read")
    func facts() async throws {
      let world = try await Self.world()
      let show = try await world.graph("show", "//app/hello").check()
      #expect(show.contains("  job-id: hello") && show.contains("# images/hello/cccp.yml:1:9"), "\(show)")
      #expect(show.contains("  test-skip: true") && show.contains("# default"), "\(show)")
      let inputs = try await world.graph("inputs", "//app/hello").check()
      #expect(inputs.contains("images/hello/hello.txt"), "\(inputs)")
    }

    @Test("a query that is wrong is exit code 64 and says where, a store that is none is 75")
    func wrong() async throws {
      let world = try await Self.world()
      let ended = try await world.graph("query", "dpes(//app/hello)").run()
      #expect(ended.status == 64, "\(ended.transcript)")
      #expect(
        ended.errors.hasPrefix(
          "query:1:1: error: there is no function 'dpes'\n 1 | dpes(//app/hello)\n   | ^~~~\n"))
      let unknown = try await world.graph("query", "//app/helo").run()
      #expect(unknown.status == 64 && unknown.errors.contains("did you mean '//app/hello'?"))
      #expect(try await world.graph("query", "deps(//app/hello)", "--count").check() == "2")
      for command in [["plan"], ["log"], ["ls"], ["snapshot", "show"]] {
        let ended = try await Program(
          [World.graph] + command + [
            "--directory", world.workspace, "--store", world.workspace + "/graph.yml",
          ]
        ).run()
        #expect(ended.status == 75 && ended.errors.contains("cannot be a store"), "\(ended.transcript)")
      }
      let shown = try await world.graph("snapshot", "show").run()
      #expect(shown.status == 0 && shown.output.isEmpty && shown.errors.contains("graph snapshot refresh"))
      let run = try await world.graph("run", "//app/hello:riscv64").run()
      #expect(run.status == 64 && run.errors.contains("is not built for riscv64"), "\(run.transcript)")
    }

    @Test("shells complete commands, options and labels")
    func completion() async throws {
      let world = try await Self.world()
      try await world.build()
      for shell in ["bash", "zsh", "fish"] {
        let script = try await Program([World.graph, "completion", shell]).check()
        try Data(script.utf8).write(to: URL(filePath: "\(world.scratch)/graph.\(shell)"))
        if try await Program(["which", shell]).run().status != 0 {
          print("skipped: no \(shell)")
          continue
        }
        try await Program([shell, "-n", "\(world.scratch)/graph.\(shell)"]).check()
      }
      // What bash does when somebody presses TAB: words are cut at the characters of COMP_WORDBREAKS.
      let press = """
        PATH="$1:$PATH"; cd "$2"; export XDG_CACHE_HOME="$3"; source "$3/graph.bash"
        COMP_LINE="$4"; COMP_POINT=${#4}
        read -r -a words <<<"$(sed 's/[:@]/ & /g' <<<"$4")"; [[ "$4" == *' ' ]] && words+=('')
        COMP_WORDS=("${words[@]}"); COMP_CWORD=$((${#words[@]} - 1))
        compopt() { :; }
        _graph_with_labels graph "${words[-1]}" "${words[-2]}" 2>"$3/errors"; printf '%s\\n' "${COMPREPLY[@]}"; cat "$3/errors"
        """
      try await Program(["mv", world.store, world.scratch + "/graph"]).check()
      let programs = World.graph.components(separatedBy: "/").dropLast().joined(separator: "/")
      func complete(_ line: String) async throws -> String {
        try await Program(["bash", "-c", press, "bash", programs, world.workspace, world.scratch, line])
          .check()
      }
      #expect(try await complete("graph build //app/h").hasPrefix("//app/hello@latest\n//app/hello@latest:"))
      #expect(try await complete("graph build //").hasPrefix("//app/...\n//app/hello@latest\n"))
      #expect(try await complete("graph build ").hasPrefix("//app/...\n//app/hello@latest\n"))
      #expect(try await complete("graph why //app/hello@lat").hasPrefix("latest\nlatest:"))
      #expect(try await complete("graph qu") == "query")
      #expect(try await complete("graph plan --ex") == "--exit-code")
      guard try await Program(["which", "fish"]).run().status == 0 else { return }
      let script = """
        set -x PATH "$argv[1]" $PATH; cd "$argv[2]"; set -x XDG_CACHE_HOME "$argv[3]"; source "$argv[3]/graph.fish"
        complete -C 'graph qu'
        """
      var fish = Program(["fish", "-c", script, programs, world.workspace, world.scratch])
      fish.environment = ["HOME": world.scratch]
      #expect(try await fish.check().hasPrefix("query\t"))
      // What the scripts of zsh and fish ask for labels.
      var ask = world.graph("ls")
      ask.words = [
        World.graph, "---completion", "build", "--", "positional@0", "2", "7", "graph", "build", "//app/h",
      ]
      ask.environment = ["XDG_CACHE_HOME": world.scratch, "SAP_SHELL": "zsh"]
      #expect(try await ask.check().contains("//app/hello@latest\\:"))
    }

    @Test("schemas accept what is right and refuse what is wrong")
    func schemas() async throws {
      let world = try await Self.world()
      let judge = """
        import json, sys, yaml, jsonschema
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for path in sys.argv[2:]:
            for loader in (yaml.SafeLoader, yaml.BaseLoader):
                document = yaml.load(open(path), loader)
                # That loader has no null: an empty text is what it makes of nothing.
                if loader is yaml.BaseLoader and path.endswith("wrong.yml"): continue
                for error in validator.iter_errors(document):
                    print(path, error.json_path, error.message)
        """
      func faults(_ kind: String, _ files: [String]) async throws -> String {
        let schema = try await Program([World.graph, "schema", kind]).check()
        try Data(schema.utf8).write(to: URL(filePath: world.scratch + "/schema.json"))
        return try await Program(["python3", "-c", judge, world.scratch + "/schema.json"] + files).check()
      }
      guard try await Program(["python3", "-c", "import yaml, jsonschema"]).run().status == 0 else {
        print("skipped: no python3-jsonschema")
        return
      }
      func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
      }
      let example = World.example
      #expect(try await faults("graph.yml", [example + "/graph.yml", world.workspace + "/graph.yml"]) == "")
      #expect(
        try await faults("index.d", files(example + "/index.d") + files(world.workspace + "/index.d")) == "")
      #expect(try await faults("graph.d", files(example + "/graph.d")) == "")
      let pipelines = try files(example + "/images").map { $0 + "/cccp.yml" }
      #expect(try await faults("cccp.yml", pipelines) == "")
      try world.write("Projects:\n  - {id: 1, app-id: app, jobid: x, git-url: null}\n", to: "wrong.yml")
      let wrong = try await faults("index.d", [world.workspace + "/wrong.yml"])
      for part in [
        "'jobid' was unexpected", "'job-id' is a required property", "['git-url'] None is not of type",
      ] {
        #expect(wrong.contains(part), "\(wrong)")
      }
      try world.write("commands:\n  - {name: //a/b, timeout: 0, outputs: {x: directory}}\n", to: "wrong.yml")
      let command = try await faults("graph.d", [world.workspace + "/wrong.yml"])
      #expect(command.contains("timeout") && command.contains("'directory' is not"), "\(command)")
      let corpus = World.package + "/../shared/corpus/container-index/index.d"
      guard let names = try? files(corpus) else {
        print("skipped: no corpus")
        return
      }
      #expect(try await faults("index.d", names.filter { !$0.contains("index_template") }) == "")
    }
  }
}
