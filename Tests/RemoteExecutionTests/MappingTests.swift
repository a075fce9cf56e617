import FoundationEssentials
import GraphCore
import Store
import Testing

@testable import RemoteExecution

/// A message and what the specification of the encoding makes of it.
struct Encoding: Sendable {
  let bytes: [UInt8]
  let hex: String
}

private let encodings: [Encoding] = [
  Encoding(bytes: Protobuf.of { $0.add(1, "") }, hex: ""),
  Encoding(bytes: Protobuf.of { $0.add(1, 0 as Int64) }, hex: ""),
  Encoding(bytes: Protobuf.of { $0.add(4, false) }, hex: ""),
  Encoding(bytes: Protobuf.of { $0.add(4, true) }, hex: "2001"),
  Encoding(bytes: Protobuf.of { $0.add(2, 300 as Int64) }, hex: "10ac02"),
  Encoding(bytes: Protobuf.of { $0.add(2, -1 as Int64) }, hex: "10ffffffffffffffffff01"),
  Encoding(bytes: Protobuf.of { $0.add(16, "é") }, hex: "820102c3a9"),
  Encoding(bytes: Protobuf.of { $0.add(7, each: ["", "a"]) }, hex: "3a003a0161"),
  Encoding(bytes: RemotePlatform(properties: [:]).encoded(), hex: ""),
  Encoding(
    bytes: RemotePlatform(properties: ["b": "", "a": "1"]).encoded(), hex: "0a060a01611201310a030a0162"),
  Encoding(
    bytes: RemoteDirectory(symlinks: [.init(name: "z", target: "a"), .init(name: "Z", target: "b")])
      .encoded(),
    hex: "1a060a015a1201621a060a017a120161"),
  Encoding(
    bytes: RemoteCommand(
      arguments: ["x"], environment: ["N": "v"], platform: .init(properties: [:]), workingDirectory: "w",
      outputPaths: ["é", "z", "a/b"]
    ).encoded(), hex: "0a0178" + "12060a014e120176" + "320177" + "3a03612f62" + "3a017a" + "3a02c3a9"),
]

@Suite("actions as Remote Execution messages")
struct MappingTests {
  @Test(
    "a message is its fields in the order of their numbers, sorted, without defaults",
    arguments: encodings)
  func message(_ encoding: Encoding) { #expect(Hex.encode(encoding.bytes) == encoding.hex) }

  @Test("an action is the same bytes every time and on every machine")
  func golden() throws {
    let (first, second) = (try Example(), try Example())
    let (once, again) = (try first.remote(), try second.remote())
    #expect(once.digest == again.digest)
    #expect(once.uploads.map(\.digest) == again.uploads.map(\.digest))
    #expect(once.uploads.map(\.content) == again.uploads.map(\.content))
    // A change of this digest makes every server forget what it has: it needs a reason.
    #expect(once.digest.description == "a368c4b5ef98d0b6908cd495805055e7320447130f5377c77149e98884041194/212")
  }

  @Test("uploads are each once, by digest, with the bytes that the digest names")
  func uploads() throws {
    let example = try Example()
    let remote = try example.remote()
    #expect(remote.uploads.map(\.digest.hex) == Set(remote.uploads.map(\.digest.hex)).sorted())
    #expect(remote.uploads.contains { $0.digest == remote.digest })
    for upload in remote.uploads where upload.digest != example.helper {
      var bytes: [UInt8] = []
      try upload.write(reading: example.workshop.store) { bytes += $0 }
      #expect(Digest(of: bytes) == upload.digest)
    }
  }

  @Test("whatever changes the key changes the action, and nothing else does")
  func keys() throws {
    let example = try Example()
    var seen = [try example.remote().digest]
    for (number, change) in Example.changes.enumerated() {
      let digest = try example.remote(change).digest
      #expect(!seen.contains(digest), "change \(number)")
      seen.append(digest)
    }
    let unchanged = try example.remote {
      $0.limits = .init(timeoutSeconds: 7, memoryMegabytes: 7)
      $0.hints = ["url": "https://example.org"]
    }
    #expect(unchanged.digest == seen[0])
  }

  @Test("every kind of action has a mapping", arguments: Example.roots + [nil])
  func total(root: Command.Root?) throws {
    let example = try Example()
    let remote = try example.remote { action in
      action.command = action.command.map { command in
        var command = command
        command.root = root ?? .host
        return command
      }
      if root == nil { action.command = nil }
    }
    #expect(remote.uploads.contains { $0.digest == remote.digest })
    // Only what runs takes its inputs along.
    #expect(remote.uploads.contains { $0.content == .stored } == (root != nil))
    let hasLayers = remote.uploads.contains { if case .tar = $0.content { true } else { false } }
    #expect(hasLayers == (root != nil && root != .host))
  }

  @Test("a mount is what a worker can have of it, and who needs a secret is told that it runs elsewhere")
  func mounts() throws {
    let example = try Example()
    func words(_ kind: Command.Mount.Kind) throws -> String {
      let remote = try example.remote { $0.command?.mounts = [.init(target: "/m", kind)] }
      return remote.uploads.compactMap { upload -> String? in
        guard case .bytes(let bytes) = upload.content else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains("./graph-sandbox") ? text : nil
      }.joined()
    }
    #expect(try words(.memory(sizeBytes: 5)).contains("tmpfs,size=5"))
    #expect(try words(.cache(.init(id: "c"))).contains("tmpfs"))
    let content = Command.Mount.Content(role: "input/tree", path: "a")
    #expect(try words(.cache(.init(id: "c", content: content))).contains("overlay,source=mounts/00"))
    #expect(try words(.bind(content, isWritable: false)).contains("bind,source=mounts/00"))
    let layer = Command.Mount.Content(role: "layer/00", path: "etc")
    #expect(try words(.bind(layer, isWritable: false)).contains("bind,tar,source=mounts/00.tar"))
    #expect(try words(.secret(.init(id: "s"))).contains("needs the secret 's', which no worker gets"))
    #expect(try words(.agent(.init(id: "s"))).contains("needs the SSH agent 's', which no worker gets"))
  }

  @Test("the worker is of the architecture that its programs need")
  func platform() throws {
    let example = try Example()
    let arm = try #require(Architecture("aarch64"))
    let intel = try #require(Architecture("x86_64"))
    let (one, other) = (Digest(ofText: "one"), Digest(ofText: "other"))
    let workers = RemoteWorkers(
      native: intel, helper: one, helpers: [arm: other], properties: ["pool": "a"],
      toolProperties: ["tools": "b"])
    var action = try example.task().action
    action.architecture = arm
    let layers = workers.requirements(of: action, root: .layers)
    #expect(layers.helper == other)
    #expect(layers.platform.properties == ["OSFamily": "linux", "ISA": "arm-a64", "pool": "a"])
    let host = workers.requirements(of: action, root: .hostWithLayers(target: "/t"))
    #expect(host.helper == one)
    #expect(host.platform.properties == ["OSFamily": "linux", "ISA": "x86-64", "pool": "a", "tools": "b"])
    action.architecture = Architecture("s390x")
    #expect(workers.requirements(of: action, root: .layers).helper == one)
  }

  @Test(
    "a folder holds each name once, below itself",
    arguments: [["a", "a/b"], ["a/b", "a"], ["../a"], ["/a"], ["a//b"], ["a/."]])
  func names(paths: [String]) throws {
    var folder = RemoteFolder()
    #expect(throws: GraphError.self) {
      for path in paths { try folder.addFile(.stored(Digest(ofText: "")), at: path) }
    }
  }

  @Test("an output's place is one segment", arguments: ["a", "a/b", "a%2Fb", "", "a b"])
  func outputPaths(name: String) {
    let path = RemoteAction.path(ofOutput: name)
    #expect(path.split(separator: "/", omittingEmptySubsequences: false).count == 3)
    #expect(!path.hasSuffix("/"))
  }
}

/// A hand-made action with an input of each kind.
private struct Example {
  let workshop: Workshop
  let helper = Digest(ofText: "a helper")
  let inputs: [(role: String, artifact: Artifact)]

  static let roots: [Command.Root?] = [.host, .layers, .hostWithLayers(target: "/target")]

  init() throws {
    workshop = try Workshop()
    inputs = [
      (
        "layer/00",
        try workshop.layer([
          Layer.Entry(path: "etc", content: .directory, mode: 0o755),
          try workshop.file("etc/issue", "hello\n", mode: 0o640, owner: 1, group: 2),
        ])
      ),
      ("input/tree", try workshop.tree(["b": "b", "a/c.sh": "c", "empty": ""], folders: ["a", "none"])),
      ("input/blob", try workshop.blob("blob")),
      ("tool/sh", Artifact(.blob, Digest(ofText: "a shell"))),
    ]
  }

  func task(_ change: (inout Action) -> Void = { _ in }) throws -> ActionTask {
    var action = try workshop.task(
      Command(
        argv: ["/bin/sh", "-c", "true"], workingDirectory: "/build", root: .hostWithLayers(target: "/target"),
        stages: [
          .init(role: "input/tree", path: "/build/in/tree"),
          .init(role: "input/blob", path: "/build/in/blob"),
        ],
        collects: [
          .init(output: "layer", from: .changes), .init(output: "text", from: .path("/build/out/text")),
        ],
        discards: ["/var/cache/"]),
      inputs: inputs, outputs: [.init("layer", .layer), .init("text", .blob)],
      arguments: [.init("one", ["1", "2"])], environment: ["B": "2", "A": "1"],
      architecture: Architecture("x86_64")
    ).action
    change(&action)
    return ActionTask(
      node: Node(label: try Label("//test/remote"), step: "command", action: action),
      key: Preimage(action, inputNames: inputs.map(\.artifact.description)).key,
      inputs: inputs.map(\.artifact))
  }

  func remote(_ change: (inout Action) -> Void = { _ in }) throws -> RemoteAction {
    let native = try #require(Architecture("x86_64"))
    return try RemoteAction(
      task(change), store: workshop.store, workers: RemoteWorkers(native: native, helper: helper))
  }

  /// Each of something that is in the key; some are in no message but the salt.
  static let changes: [@Sendable (inout Action) -> Void] = [
    { $0.rule = .init("command", version: 2) },
    { $0.arguments = [.init("one", ["1 2"])] },
    { $0.environment["A"] = "3" },
    { $0.architecture = nil },
    { $0.command?.argv += ["x"] },
    { $0.command?.workingDirectory = "/" },
    { $0.command?.root = .layers },
    { $0.command?.discards = [] },
    { $0.command?.user = "1" },
    { $0.command?.mounts = [.init(target: "/a", .memory(sizeBytes: nil))] },
    { $0.command?.mounts = [.init(target: "/a", .memory(sizeBytes: 1))] },
    { $0.command?.mounts = [.init(target: "/a", .cache(.init(id: "a")))] },
    { $0.command?.mounts = [.init(target: "/b", .cache(.init(id: "a")))] },
    { $0.command?.mounts = [.init(target: "/a", .cache(.init(id: "b")))] },
    {
      $0.command?.mounts = [
        .init(target: "/a", .bind(.init(role: "input/tree", path: "a"), isWritable: true))
      ]
    },
    {
      $0.command?.mounts = [
        .init(target: "/a", .bind(.init(role: "input/tree", path: "a"), isWritable: false))
      ]
    },
    {
      $0.command?.mounts = [
        .init(target: "/a", .bind(.init(role: "layer/00", path: "etc"), isWritable: false))
      ]
    },
    { $0.command?.mounts = [.init(target: "/a", .secret(.init(id: "a")))] },
    { $0.command?.mounts = [.init(target: "/a", .secret(.init(id: "a", isRequired: true)))] },
    { $0.command?.mounts = [.init(target: "/a", .secret(.init(id: "a", environmentName: "A")))] },
    { $0.command?.mounts = [.init(target: "/a", .agent(.init(id: "a")))] },
    { $0.command?.network = true },
    { $0.outputs[1] = .init("text", .tree) },
    { $0.command = nil },
  ]
}

extension Protobuf {
  fileprivate static func of(_ fill: (inout Protobuf) -> Void) -> [UInt8] {
    var message = Protobuf()
    fill(&message)
    return message.bytes
  }
}
