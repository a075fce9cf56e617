import Formats
import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

/// ADD and COPY --from as a whole: a Dockerfile on an external image of a few files, run in memory.
@Suite("ADD and COPY --from")
struct AddTests {
  static let root: [Layer.Entry] = [
    StackedRootTests.folder("etc"),
    StackedRootTests.file("etc/passwd", "root:x:0:0:::\napp:x:1001:1002:::\n"),
    StackedRootTests.folder("usr/lib"), StackedRootTests.link("lib", "usr/lib"),
    StackedRootTests.folder("tmp", mode: 0o1777), StackedRootTests.folder("srv", mode: 0o700),
  ]

  /// What a stage of `r.example/full:1` has: everything that a root can hold.
  static let full: [Layer.Entry] = {
    var file = Layer.Entry(
      path: "opt/f", content: .file(Digest(ofText: "F")), mode: 0o4750, owner: 5, group: 6, modified: 77,
      attributes: [.init(name: "security.capability", value: [1, 2])])
    var other = Layer.Entry(
      path: "opt/z", content: .hardlink(target: "opt/f"), mode: 0o4750, owner: 5, group: 6, modified: 77)
    file.modified = 77
    other.modified = 77
    return [
      .init(path: "opt", content: .directory, mode: 0o711, owner: 3, group: 4, modified: 55), file, other,
      .init(path: "opt/null", content: .characterDevice(major: 1, minor: 3), mode: 0o666, modified: 66),
      .init(path: "opt/pipe", content: .fifo, mode: 0o600, owner: 9, modified: 66),
      .init(path: "opt/sub", content: .directory, mode: 0o750, owner: 7, group: 8, modified: 44),
      .init(path: "opt/sub/l", content: .symlink(target: "../f"), mode: 0o777, modified: 44),
      .init(path: "current", content: .symlink(target: "opt"), mode: 0o777),
    ]
  }()

  static func build(
    _ dockerfile: String, prepare: String = "", files: [String: String] = [:], fetched: String = "fetched"
  ) async throws -> MemoryBuild {
    var workspace = BuildahAgreementTests.workspace()
    workspace.registry["r.example/full:1"] = workspace.registry["r.example/base:1"]
    workspace.add(image: "a", dockerfile, files: files)
    return try await MemoryBuild(workspace, prepare: prepare) { node, store in
      switch node.action.rule {
      case PullOperation.rule:
        for text in ["F", "x", "root:x:0:0:::\napp:x:1001:1002:::\n"] { try store.write(Array(text.utf8)) }
        let entries = node.action.hints["reference"] == "r.example/full:1" ? full : root
        return ["layer/00": try store.write(Layer(entries: entries), as: .layer)]
      case FetchOperation.rule:
        return ["file": Artifact(.blob, try store.write(Array(fetched.utf8)))]
      default: return nil
      }
    }
  }

  static func last(_ dockerfile: String, prepare: String = "", files: [String: String] = [:]) async throws
    -> [String]
  {
    try await build(dockerfile, prepare: prepare, files: files).lastLayer("//app/a@latest:x86_64")
  }

  @Test("an image of a registry is pulled once, however many stages name it")
  func pulledOnce() async throws {
    let build = try await Self.build(
      Self.two + "COPY --from=r.example/full:1 /opt/f /f\nCOPY --from=full /opt/f /g\n")
    #expect(build.compiled.graph.nodes.count { $0.action.rule == PullOperation.rule } == 2)
  }

  static let two = "FROM r.example/full:1 AS full\nFROM r.example/base:1\n"

  @Test("COPY --from keeps owners, modes, times, attributes, devices and hard links")
  func preserved() async throws {
    let build = try await Self.build(Self.two + "COPY --from=full /opt /tmp/o\n")
    let layer = try #require(try build.layers("//app/a@latest:x86_64").last)
    var expected = Self.full.filter { $0.path.hasPrefix("opt/") }.map { entry in
      var entry = entry
      entry.path = "tmp/o/" + entry.path.dropFirst(4)
      if case .hardlink = entry.content { entry.content = .hardlink(target: "tmp/o/f") }
      return entry
    }
    expected.append(StackedRootTests.folder("tmp", mode: 0o1777))
    // The destination itself is a new folder and none of what is copied.
    expected.append(.init(path: "tmp/o", content: .directory, mode: 0o755, modified: LayerDraft.earliest))
    #expect(layer == Layer(entries: expected))
  }

  @Test(
    "what COPY --from makes",
    arguments: [
      (
        "current /o",
        [
          "o/ 755", "o/f=F 4750 5:6", "o/null other 666", "o/pipe other 600 9:0", "o/sub/ 750 7:8",
          "o/sub/l->../f 777", "o/z==o/f 4750 5:6",
        ]
      ),
      ("/opt/z /z", ["z=F 4750 5:6"]),
      ("--chown=app /opt/sub /n", ["n/ 755 1001:1002", "n/l->../f 777 1001:1002"]),
      ("--chmod=go= /opt/[fz] /n/", ["n/ 755", "n/f=F 4700 5:6", "n/z==n/f 4700 5:6"]),
      ("/opt/sub/l /n", ["n=F 4750 5:6"]),
      ("--parents /opt/./sub/l /n", ["n/ 755", "n/sub/ 750 7:8", "n/sub/l->../f 777"]),
      ("--exclude=* --exclude=!sub /opt /n", ["n/ 755", "n/sub/ 750 7:8", "n/sub/l->../f 777"]),
      ("../../opt/f /tmp/", ["tmp/ 1777", "tmp/f=F 4750 5:6"]),
      ("/opt/f /lib/", ["usr/ 755", "usr/lib/ 755", "usr/lib/f=F 4750 5:6"]),
      ("/opt/f /lib", ["usr/ 755", "usr/lib/ 755", "usr/lib/f=F 4750 5:6"]),
    ] as [(String, [String])])
  func copies(arguments: String, expected: [String]) async throws {
    #expect(try await Self.last(Self.two + "COPY --from=full \(arguments)\n") == expected)
  }

  @Test("--link does not look at the image: links in it are not followed, and its folders are made anew")
  func linked() async throws {
    #expect(
      try await Self.last(Self.two + "COPY --link --from=full /opt/f /lib/\n") == [
        "lib/ 755", "lib/f=F 4750 5:6",
      ])
    #expect(
      try await Self.last(Self.two + "COPY --link --chown=7 f /tmp/\n", files: ["f": "x"]) == [
        "tmp/ 755 7:7", "tmp/f=x 644 7:7",
      ])
  }

  @Test(
    "what the other root does not have is a failure that names it",
    arguments: ["/opt/x /n", "/none* /n/", "/opt/[fz] /tmp/f", "--chown=nobody /opt/f /n"])
  func failures(arguments: String) async throws {
    await #expect(throws: ActionFailed.self) {
      _ = try await Self.last(
        Self.two + "COPY --from=full \(arguments)\n")
    }
  }

  static let from = "FROM r.example/base:1\n"

  @Test("an archive is unpacked with its owners, modes, times and links; over what is there")
  func archives() async throws {
    let prepare = """
      mkdir -p s/d; printf A > s/d/a; chmod 4640 s/d/a; ln s/d/a s/b; ln -s d/a s/l; chmod 751 s/d
      touch -h -d @77 s/d/a s/l s/d
      tar --sort=name --numeric-owner --owner=7 --group=8 -C s -czf a/x.tgz b d l
      """
    let entries = ["b=A 4640 7:8", "d/ 751 7:8", "d/a==b 4640 7:8", "l->d/a 777 7:8"]
    #expect(
      try await Self.last(Self.from + "ADD x.tgz /n\n", prepare: prepare) == ["n/ 755"]
        + entries.map { "n/" + $0.replacing("==b", with: "==n/b") })
    #expect(try await Self.last(Self.from + "ADD x.tgz /\n", prepare: prepare) == entries)
    #expect(
      try await Self.last(Self.from + "ADD --chown=app --chmod=600 x.tgz /srv\n", prepare: prepare) == [
        "srv/ 700", "srv/b=A 4640 1001:1002", "srv/d/ 751 1001:1002", "srv/d/a==srv/b 4640 1001:1002",
        "srv/l->d/a 777 1001:1002",
      ])
    let kept = try await Self.last(Self.from + "ADD --unpack=false x.tgz /n\n", prepare: prepare)
    #expect(kept.count == 1 && kept[0].hasPrefix("n=") && kept[0].hasSuffix(" 644"))
    let times = try await Self.build(Self.from + "ADD x.tgz /n\n", prepare: prepare)
      .layers("//app/a@latest:x86_64").last?.entries.map(\.modified)
    #expect(times == [LayerDraft.earliest, 77, 77, 77, 77])
  }

  @Test("an archive that goes through a link of the image stays in the image")
  func throughLinks() async throws {
    let prepare = "mkdir -p s/lib; printf A > s/lib/a; tar -C s --owner=0 --group=0 -cf a/x.tar lib"
    #expect(
      try await Self.last(Self.from + "ADD x.tar /\n", prepare: prepare) == [
        "usr/ 755", "usr/lib/ 755", "usr/lib/a=A 644",
      ])
  }

  @Test(
    "a hostile archive is a failure and no layer",
    arguments: [
      "printf A > f; tar -P -cf a/x.tar --transform='s,^f,../../evil,' f",
      "printf A > f; tar -P -cf a/x.tar --transform='s,^f,d/../../evil,' f",
      "ln -s /etc l; printf A > f; tar -cf a/x.tar l; tar -rf a/x.tar --transform='s,^f,l/passwd,' f",
      "printf A > f; printf B > .wh.f; tar -cf a/x.tar f .wh.f",
      "printf A > f; tar -cf a/x.tar f; truncate -s 600 a/x.tar",
    ])
  func hostile(prepare: String) async throws {
    await #expect(throws: ActionFailed.self) {
      _ = try await Self.last(Self.from + "ADD x.tar /tmp/in/\n", prepare: prepare)
    }
  }

  @Test("an absolute name in an archive is below the destination")
  func absolute() async throws {
    #expect(
      try await Self.last(
        Self.from + "ADD x.tar /tmp/in\n",
        prepare: "printf A > f; tar -P --owner=0 --group=0 -cf a/x.tar --transform='s,^f,/etc/shadow,' f")
        == ["tmp/ 1777", "tmp/in/ 755", "tmp/in/etc/ 755", "tmp/in/etc/shadow=A 644"])
  }

  @Test("here-documents are files, their variables replaced unless the name is quoted")
  func documents() async throws {
    let text = "ARG A=1\nENV B=2\nCOPY <<one <<-'two' f /n/\na=$A ${B:-x} \"q\" $UNSET\none\n\t$A\ntwo\n"
    #expect(
      try await Self.last(Self.from + text, files: ["f": "x"]) == [
        "n/ 755", "n/f=x 644", "n/one=a=1 2 \"q\" \n 644", "n/two=$A\n 644",
      ])
    #expect(
      try await Self.last(Self.from + "COPY --chmod=755 --chown=app <<EOF /n\n#!/bin/sh\nEOF\n") == [
        "n=#!/bin/sh\n 755 1001:1002"
      ])
  }

  static let sum = String(repeating: "ab", count: 32)

  @Test(
    "a file of the network is fetched by its checksum, is private, and has the address's name in a folder",
    arguments: [
      ("https://e.example/p/x.tgz?q=1 /srv/", ["srv/ 700", "srv/x.tgz=fetched 600"]),
      ("https://e.example/p/a%20b /srv", ["srv/ 700", "srv/a b=fetched 600"]),
      ("https://e.example/p/x /n", ["n=fetched 600"]), ("https://e.example/ /n", ["n=fetched 600"]),
      ("--chmod=a+rx https://e.example/p/x /n", ["n=fetched 755"]),
    ] as [(String, [String])])
  func remote(arguments: String, expected: [String]) async throws {
    let build = try await Self.build(Self.from + "ADD --checksum=sha256:\(Self.sum) \(arguments)\n")
    #expect(try build.lastLayer("//app/a@latest:x86_64") == expected)
    let fetch = try #require(build.compiled.graph.nodes.first { $0.action.rule == FetchOperation.rule })
    #expect(fetch.step == "2 fetch" && fetch.action.value("sha256") == Self.sum)
    #expect(fetch.action.hints["url"]?.hasPrefix("https://e.example/") == true)
  }

  @Test("the address is no part of a key")
  func mirrors() async throws {
    func key(_ host: String) async throws -> Key? {
      let build = try await Self.build(Self.from + "ADD --checksum=sha256:\(Self.sum) https://\(host)/x /n\n")
      return try keys(build.compiled.graph).first { $0.key.hasSuffix("2 ADD") }?.value
    }
    #expect(try await key("a.example") == key("b.example"))
  }

  struct ShellPrograms: HostPrograms {
    let folder: String
    func output(of program: String, arguments: [String], environment: [String: String]) async throws -> String
    {
      let words = ([program] + arguments).map { "'\($0)'" }.joined(separator: " ")
      return try RpmRepositoryFixture.run(words, in: folder)
    }
    func find(_ program: String) -> String? { "/usr/bin/\(program)" }
  }

  @Test("fetching by a checksum alone compares it")
  func fetching() async throws {
    let folder = try TestFolder(["there": "hello"])
    defer { folder.remove() }
    let operation = FetchOperation(
      programs: ShellPrograms(folder: folder.path), scratch: folder.path, isOffline: false)
    func fetch(_ sum: String) async throws -> Artifact? {
      let action = Action(
        rule: FetchOperation.rule, arguments: [.init("sha256", sum)], outputs: [.init("file", .blob)],
        hints: ["url": "file://\(folder.path)/there"])
      let task = ActionTask(
        node: Node(label: Label(package: "a", name: "b"), step: "fetch", action: action),
        key: Preimage(action, inputNames: []).key, inputs: [])
      return try await operation.run(task, store: MemoryBlobs())["file"]
    }
    #expect(try await fetch(Digest(ofText: "hello").hex)?.digest == Digest(ofText: "hello"))
    await #expect(throws: GraphError.self) { _ = try await fetch(Self.sum) }
  }

  struct OneCommit: GitRepositories {
    func fetch(_ url: String) throws {}
    func resolve(_ url: String, branch: String) throws -> GitCommit {
      GitCommit(commit: String(repeating: "c", count: 40), tree: "t", time: 1)
    }
    func has(_ url: String, commit: String) -> Bool { true }
    func files(_ url: String, commit: String, folder: String) throws -> [GitFile] {
      let all = ["docs/a.txt": "A", "run.sh": "R"]
      return all.sorted { $0.key < $1.key }.compactMap { path, object in
        let prefix = folder.isEmpty ? "" : folder + "/"
        guard path.hasPrefix(prefix) else { return nil }
        return GitFile(
          path: String(path.dropFirst(prefix.count)), kind: object == "R" ? .executable : .file,
          object: object)
      }
    }
    func blob(_ url: String, object: String) throws -> [UInt8] { Array(object.utf8) }
    func mirror(_ url: String) -> String { url }
  }

  @Test("a repository is pinned as a commit of the snapshot, and its files are inputs")
  func repositories() async throws {
    func node(_ arguments: String) async throws -> (Node?, [String]) {
      var workspace = BuildahAgreementTests.workspace()
      workspace.git = OneCommit()
      workspace.add(image: "a", "ARG V=1\nFROM r.example/base:1\nARG V\nADD \(arguments)\n")
      let (compiled, problems) = try await workspace.compile()
      return (compiled.graph.nodes.first { $0.step.hasSuffix("ADD") }, problems)
    }
    let (all, problems) = try await node("https://e.example/x.git#v$V /src")
    #expect(problems == [])
    #expect(
      all?.action.values("entries") == [
        "0 folder /", "0 folder /docs", "0 file /docs/a.txt", "0 program /run.sh",
      ])
    #expect(all?.action.inputs.map(\.role).suffix(2) == ["source/0/docs/a.txt", "source/0/run.sh"])
    #expect(
      try await node("git@e.example:x#main:docs /src").0?.action.values("entries") == [
        "0 folder /", "0 file /a.txt",
      ])
    let commit = String(repeating: "c", count: 40)
    #expect(try await node("--checksum=\(commit) https://e.example/x.git#main /src").1 == [])
    let (_, wrong) = try await node("--checksum=\(Self.sum.prefix(40)) https://e.example/x.git#main /src")
    #expect(wrong.count == 1 && wrong[0].contains("is at commit \(commit), which is not"), "\(wrong)")
  }

  @Test("what a mount shows of another root is a layer of its own, which other paths do not change")
  func select() async throws {
    let store = MemoryBlobs()
    func select(_ path: String, _ entries: [Layer.Entry]) async throws -> [String] {
      let input = try store.write(Layer(entries: entries), as: .layer)
      let action = Action(
        rule: SelectOperation.rule, arguments: [.init("path", path)],
        inputs: [Input("from/00", .leaf(Leaf(input, .bytes([]), origin: "")))],
        outputs: [.init("layer", .layer)])
      let task = ActionTask(
        node: Node(label: Label(package: "a", name: "b"), step: "s", action: action),
        key: Preimage(action, inputNames: [input.description]).key, inputs: [input])
      let output = try #require(try await SelectOperation().run(task, store: store)["layer"])
      return try store.readLayer(output).entries.map { "\($0.path) \(String($0.mode, radix: 8))" }
    }
    #expect(try await select("opt/sub", Self.full) == ["opt 755", "opt/sub 750", "opt/sub/l 777"])
    #expect(try await select("/current/f", Self.full) == ["current 755", "current/f 4750"])
    #expect(try await select("", Self.root).count == Self.root.count + 1)
    await #expect(throws: ActionFailed.self) { _ = try await select("none", Self.full) }
  }
}
