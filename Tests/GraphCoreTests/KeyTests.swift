import Testing

@testable import GraphCore

@Suite("keys")
struct KeyTests {
  static let digest = Digest(ofText: "content")

  static func action() throws -> Action {
    Action(
      rule: .init("install", version: 1), arguments: [.init("packages", ["httpd", "mod ssl", ""])],
      environment: ["LANG": "C.UTF-8", "A": ""], architecture: Architecture("aarch64"),
      inputs: [
        Input("layer/00", .leaf(Leaf(Artifact(.layer, digest), .file(path: "/x/y"), origin: "y"))),
        Input("a b", .leaf(.text("text", origin: "t"))),
      ],
      outputs: [.init("layer", .layer)],
      command: Command(
        argv: ["/bin/sh", "-c", "make\n\\ it"], workingDirectory: "/build",
        root: .hostWithLayers(target: "/target"),
        stages: [.init(role: "a b", path: "/build/a")],
        mounts: [
          .init(target: "/a b", .bind(.init(role: "a b", path: "x"), isWritable: true)),
          .init(target: "/t", .memory(sizeBytes: 5)), .init(target: "/u", .memory(sizeBytes: nil)),
          .init(
            target: "/c", .cache(.init(id: "pip", sharing: .locked, access: .init(mode: 0o700, user: 5)))),
          .init(
            target: "", .secret(.init(id: "s", access: .init(mode: 0o400, group: 6), environmentName: "S"))),
          .init(target: "/k", .agent(.init(id: "default", isRequired: true))),
        ],
        collects: [.init(output: "layer", from: .changes), .init(output: "log", from: .path("/build/log"))],
        discards: ["/var/cache/"], user: "app", network: true))
  }

  static func preimage(_ action: Action) throws -> Preimage {
    try #require(Planner.preimage(of: action, outputs: { _ in nil }))
  }

  /// A changed canonical form changes every key of every store: it must not happen unnoticed, and where it is meant,
  /// the version in the first line is raised.
  @Test("the canonical form of a preimage")
  func golden() throws {
    let expected = """
      graph-key 1
      rule install@1
      architecture aarch64
      argument packages httpd mod\\x20ssl \\0
      environment A=
      environment LANG=C.UTF-8
      command /bin/sh -c make\\x0a\\x5c\\x20it
      directory /build
      root host-with-layers /target
      stage a\\x20b /build/a
      mount /a\\x20b bind rw a\\x20b x
      mount /t tmpfs 5
      mount /u tmpfs
      mount /c cache rw pip
      mount \\0 secret optional 400:0:6 s S
      mount /k ssh required 600:0:0 default
      collect-changes layer
      collect log /build/log
      discard /var/cache/
      user app
      network
      input layer ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73/7 layer/00
      input blob 982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1/4 a\\x20b
      output layer layer

      """
    let preimage = try Self.preimage(try Self.action())
    #expect(preimage.text == expected)
    #expect(preimage.key.digest == Digest(ofText: expected))
  }

  @Test("the canonical form of a layer recipe")
  func goldenLayer() {
    let layer = Layer(entries: [
      .init(path: "usr/sbin/x y", content: .symlink(target: "../bin/\\"), mode: 0o777),
      .init(
        path: "usr/bin/httpd", content: .file(Self.digest), mode: 0o4755, owner: 1, group: 2,
        modified: 1_700_000_000,
        attributes: [.init(name: "security.capability", value: [1, 0, 255])]),
      .init(path: "dev/null", content: .characterDevice(major: 1, minor: 3), mode: 0o666),
      .init(path: "gone", content: .whiteout, mode: 0),
      .init(path: "new", content: .opaqueDirectory, mode: 0o755),
    ])
    let expected = """
      graph-layer 1
      char 666 0 0 0 1:3 dev/null
      gone 0 0 0 0 - gone
      opaque 755 0 0 0 - new
      file 4755 1 2 1700000000 ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73/7 usr/bin/httpd
      + security.capability 0100ff
      link 777 0 0 0 ../bin/\\x5c usr/sbin/x\\x20y

      """
    #expect(String(decoding: layer.encoded(), as: UTF8.self) == expected)
  }

  /// Everything that is different and must not look the same.
  static func variants() throws -> [(String, Action)] {
    let base = try action()
    var all: [(String, Action)] = [("base", base)]
    func add(_ name: String, _ change: (inout Action) -> Void) {
      var action = base
      change(&action)
      all.append((name, action))
    }
    let values: [[String]] = [
      [], [""], ["", ""], [" "], ["  "], ["a b"], ["a", "b"], ["a\\x20b"], ["a\nb"], ["a\\nb"], ["\\"],
      ["\\\\"], ["\\0"],
      ["\\", "0"], ["-"], ["\r\n"], ["a\n", "b"], ["a", "\nb"], ["a\nrule x@1"], ["ab"], ["a", "", "b"],
      ["\u{301}"],
      ["é"], ["e\u{301}"], ["httpd", "mod", "ssl", ""],
    ]
    for value in values {
      add("arguments \(value)") { $0.arguments = [.init("packages", value)] }
      add("argv \(value)") { $0.command?.argv = value }
      add("discards \(value)") { $0.command?.discards = ["x"] + value }
      if value.isEmpty { continue }
      add("environment \(value)") { $0.environment = ["V": value.joined(separator: "|")] }
    }
    add("argument split") {
      $0.arguments = [.init("packages", ["httpd"]), .init("packages", ["mod ssl", ""])]
    }
    add("argument name") { $0.arguments = [.init("packages httpd", ["mod ssl", ""])] }
    add("no arguments") { $0.arguments = [] }
    add("argument order") { $0.arguments = [.init("packages", ["mod ssl", "httpd", ""])] }
    add("rule version") { $0.rule = .init("install", version: 2) }
    add("rule name") { $0.rule = .init("install@1", version: 1) }
    add("architecture") { $0.architecture = Architecture("x86_64") }
    add("no architecture") { $0.architecture = nil }
    add("input order") { $0.inputs = $0.inputs.reversed() }
    add("one input") { $0.inputs = [$0.inputs[0]] }
    add("input kind") {
      $0.inputs[0] = Input("layer/00", .leaf(Leaf(Artifact(.tree, digest), .bytes([]), origin: "y")))
    }
    add("input role") { $0.inputs[0] = Input("layer/01", $0.inputs[0].source) }
    add("input role of two words") { $0.inputs[1] = Input("a", $0.inputs[1].source) }
    add("output kind") { $0.outputs = [.init("layer", .tree)] }
    add("two outputs") { $0.outputs = [.init("layer", .layer), .init("log", .blob)] }
    add("no command") { $0.command = nil }
    add("no network") { $0.command?.network = false }
    add("user") { $0.command?.user = "app:app" }
    add("no user") { $0.command?.user = "" }
    add("folder") { $0.command?.workingDirectory = "/" }
    add("root host") { $0.command?.root = .host }
    add("root layers") { $0.command?.root = .layers }
    add("root target") { $0.command?.root = .hostWithLayers(target: "/target/") }
    add("stage path") { $0.command?.stages = [.init(role: "a b", path: "/build/b")] }
    add("stage boundary") { $0.command?.stages = [.init(role: "a", path: "b /build/a")] }
    add("collect from a path") { $0.command?.collects[0] = .init(output: "layer", from: .path("")) }
    add("collect names") { $0.command?.collects[1] = .init(output: "lo", from: .path("g /build/log")) }
    return all
  }

  @Test("no two different actions share a preimage")
  func framing() throws {
    // By bytes: for `String`, two ways to write é are equal.
    var seen: [[UInt8]: String] = [:]
    for (name, action) in try Self.variants() {
      let text = try Self.preimage(action).text
      if let other = seen[Array(text.utf8)] { Issue.record("'\(name)' has the preimage of '\(other)'") }
      seen[Array(text.utf8)] = name
      #expect(text.utf8.split(separator: 0x0a).allSatisfy { !$0.isEmpty && $0.last != 0x20 }, "\(name)")
    }
  }

  @Test("limits, hints and where things lie are no part of a key")
  func notInKey() throws {
    let base = try Self.action()
    var other = base
    other.limits = .init(timeoutSeconds: 1, memoryMegabytes: 1)
    other.hints = ["url": "https://elsewhere"]
    other.inputs[0] = Input(
      "layer/00", .leaf(Leaf(Artifact(.layer, Self.digest), .file(path: "/z"), origin: "z")))
    #expect(try Self.preimage(other) == Self.preimage(base))
    var builder = GraphBuilder()
    let first = builder.add(Node(label: Label(package: "a", name: "b"), step: "s", action: base))
    let second = builder.add(
      Node(
        label: Label(package: "c", name: "d", tag: "t"), step: "u", action: other,
        location: GraphCore.SourceLocation(file: "f", line: 1, column: 1), isOpaque: true))
    let plan = try Planner(graph: builder.build(), cache: MemoryCache()).plan([first, second])
    #expect(plan.key(first) != nil && plan.key(first) == plan.key(second))
    #expect(plan.deepKey(first) == plan.deepKey(second))
  }

  @Test("differences name the fact, the old and the new value, and are none exactly for equal preimages")
  func differences() throws {
    let base = try Self.preimage(try Self.action())
    for (name, action) in try Self.variants() {
      let preimage = try Self.preimage(action)
      let changes = PreimageDifference(from: base, to: preimage).changes
      // The facts are the same; the order is not a fact of its own.
      if name == "input order" { continue }
      #expect(changes.isEmpty == (preimage == base), "\(name): \(changes)")
    }
    var action = try Self.action()
    action.arguments = [.init("packages", ["nginx"])]
    action.environment["LANG"] = nil
    action.environment["B"] = "x=y z"
    action.inputs[1] = Input("a b", .leaf(.text("other", origin: "t")))
    let changes = PreimageDifference(from: base, to: try Self.preimage(action)).changes
    #expect(
      changes == [
        .init(fact: "argument", name: "packages", old: "httpd mod ssl ", new: "nginx"),
        .init(fact: "environment", name: "B", old: nil, new: "x=y z"),
        .init(
          fact: "input", name: "a b", old: "blob \(Digest(ofText: "text"))",
          new: "blob \(Digest(ofText: "other"))"),
        .init(fact: "environment", name: "LANG", old: "C.UTF-8", new: nil),
      ])
  }
}
