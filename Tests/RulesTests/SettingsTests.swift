import Formats
import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

@Suite("instructions that change settings, and triggers")
struct SettingsTests {
  /// A base whose configuration holds everything that a child inherits.
  static let configuration = #"""
    {"architecture":"amd64","os":"linux","author":"Base","rootfs":{"diff_ids":[]},"config":{
      "Env":["PATH=/bin"],"Volumes":{"/base":{}},"StopSignal":"SIGINT","Shell":["/bin/ash","-c"],
      "Healthcheck":{"Test":["CMD","a"],"Interval":5000000000,"Retries":2}%}}
    """#

  static func world(_ dockerfile: String, onBuild: [String] = [], files: [String: String] = [:])
    -> TextWorkspace
  {
    var workspace = TextWorkspace()
    workspace.files["graph.yml"] = "name: d\narches: [x86_64]\nregistries:\n  r.example: {insecure: true}\n"
    let triggers =
      onBuild.isEmpty ? "" : ",\"OnBuild\":[\(onBuild.map { "\"\($0)\"" }.joined(separator: ","))]"
    workspace.registry["r.example/base:1"] = RemoteImage(
      manifest: String(repeating: "a", count: 64), layerCount: 1,
      configuration: configuration.replacing("%", with: triggers))
    workspace.add(image: "a", "FROM r.example/base:1\n" + dockerfile, files: files)
    return workspace
  }

  /// The settings as the graph has them, after its own nodes were run and gave the same.
  static func settings(_ workspace: TextWorkspace, of name: String = "a") async throws -> ImageSettings {
    let (compiled, problems) = try await workspace.compile()
    try #require(problems == [])
    let store = MemoryBlobs()
    var outputs: [NodeID: [String: Artifact]] = [:]
    for id in compiled.graph.order {
      let node = compiled.graph[id]
      for case .leaf(let leaf) in node.action.inputs.map(\.source) {
        if case .bytes(let bytes) = leaf.content { try store.write(bytes) }
      }
      guard node.action.rule == ConfigureOperation.rule,
        let inputs = Planner.inputs(of: node.action, outputs: { outputs[$0] })
      else { continue }
      let key = Preimage(node.action, inputNames: inputs.map(\.description)).key
      outputs[id] = try await ConfigureOperation().run(
        ActionTask(node: node, key: key, inputs: inputs), store: store)
    }
    let (label, image) = try #require(compiled.images.first { $0.key.name == name })
    let last = try #require(compiled.graph.targets[label]).node
    let source = try #require(compiled.graph[last].action.inputs.first { $0.role == "settings" }).source
    if case .output(let node, let output) = source {
      let artifact = try #require(outputs[node]?[output])
      #expect(try ImageSettings(encoded: try store.read(artifact.digest)) == image.settings)
    }
    return image.settings
  }

  @Test("a child inherits all of its base")
  func inherits() async throws {
    let settings = try await Self.settings(Self.world("LABEL a=b\n"))
    #expect(settings.author == "Base")
    #expect(settings.stopSignal == "SIGINT")
    #expect(settings.shell == ["/bin/ash", "-c"])
    #expect(settings.volumes?.keys.sorted() == ["/base"])
    #expect(
      settings.healthCheck
        == .init(test: ["CMD", "a"], interval: 5_000_000_000, timeout: nil, retries: 2))
    #expect(settings.run.healthCheck?.timeout == 0)
  }

  @Test("every instruction sets what it says, with variables where the reference has them")
  func sets() async throws {
    let settings = try await Self.settings(
      Self.world(
        """
        ARG p="80 81/udp" s=SIGRTMIN+3 v=/data
        MAINTAINER Jo $p
        EXPOSE $p 443
        STOPSIGNAL $s
        VOLUME ["$v", "/b c"]
        VOLUME ${v}/x
        HEALTHCHECK --timeout=2s CMD curl $p
        CMD a b
        SHELL ["/bin/bash", "-o", "pipefail", "-c"]
        ENTRYPOINT c $p
        ONBUILD RUN a \\
          b
        ONBUILD LABEL c=$d

        """))
    #expect(settings.author == "Jo $p")
    #expect(settings.exposedPorts?.keys.sorted() == ["443/tcp", "80/tcp", "81/udp"])
    #expect(settings.stopSignal == "SIGRTMIN+3")
    #expect(settings.volumes?.keys.sorted() == ["/b c", "/base", "/data", "/data/x"])
    #expect(settings.healthCheck == .init(test: ["CMD-SHELL", "curl $p"], timeout: 2_000_000_000))
    #expect(settings.command == ["/bin/ash", "-c", "a b"])
    #expect(settings.entryPoint == ["/bin/bash", "-o", "pipefail", "-c", "c $p"])
    #expect(settings.onBuild == ["RUN a   b", "LABEL c=$d"])
    #expect(settings.run.onBuild == settings.onBuild)
    #expect(try await Self.settings(Self.world("HEALTHCHECK NONE\n")).healthCheck == .init(test: ["NONE"]))
  }

  static func runs(_ workspace: TextWorkspace) async throws -> [[String]] {
    let (compiled, problems) = try await workspace.compile()
    try #require(problems == [])
    return compiled.graph.order.compactMap { id in
      let action = compiled.graph[id].action
      return action.rule.name == "run" && action.command?.root == .layers ? action.command?.argv : nil
    }
  }

  @Test("SHELL runs the shell form of RUN, and nothing else")
  func shell() async throws {
    let workspace = Self.world(
      "RUN a\nSHELL [\"/bin/bash\", \"-c\"]\nRUN b\nRUN [\"c\"]\nRUN <<E\nd\nE\nRUN e <<E\nf\nE\n")
    #expect(
      try await Self.runs(workspace) == [
        ["/bin/ash", "-c", "a"], ["/bin/bash", "-c", "b"], ["c"], ["/bin/bash", "-c", "d\n"],
        ["/bin/bash", "-c", "e <<E\nf\nE"],
      ])
  }

  static let shells: [([String], Bool)] = [
    (["/bin/sh", "-c"], true), (["bash", "-c"], true), (["/bin/bash", "-euo", "pipefail", "-c"], true),
    (["/bin/bash", "-o", "pipefail", "-exc"], true), (["/bin/bash", "-lc"], false),
    (["/usr/bin/python3", "-c"], false),
    (["/bin/bash"], false), (["/bin/sh", "-c", "x"], false), (["/bin/bash", "-o", "-c"], false),
    (["/bin/bash", "-o", "posix", "-c"], false), (["/bin/sh", "-c", "-c"], false),
  ]

  @Test("package commands are lowered in plain shells only", arguments: shells)
  func lowering(shell: [String], isLowered: Bool) async throws {
    var workspace = TextWorkspace()
    workspace.addBase()
    let list = "[" + shell.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    workspace.add(image: "a", "FROM base/minimal\nSHELL \(list)\nRUN dnf install -y bash && echo done\n")
    let compiled = try await workspace.compile().compiled
    let argv = compiled.graph.nodes.filter { $0.label.name == "a" }.compactMap { $0.action.command?.argv }
    #expect(argv.contains(shell + ["echo done"]) == isLowered)
    #expect(argv.contains(shell + ["dnf install -y bash && echo done"]) != isLowered)
  }

  @Test("triggers of a base run right after FROM, once, and are gone")
  func triggers() async throws {
    var workspace = Self.world(
      "RUN own $X\n", onBuild: ["ENV X=1", "ARG Y=$X", "RUN <<E\\nbody\\nE", "COPY f /f", "LABEL y=$Y"],
      files: ["f": "text"])
    workspace.add(image: "b", "FROM app/a\nRUN last\n")
    #expect(
      try await Self.runs(workspace) == [
        ["/bin/ash", "-c", "body\n"], ["/bin/ash", "-c", "own $X"], ["/bin/ash", "-c", "last"],
      ])
    let settings = try await Self.settings(workspace)
    #expect(settings.environmentByName["X"] == "1")
    #expect(settings.labels == ["y": "1"])
    #expect(settings.onBuild == nil)
    #expect(try await Self.settings(workspace, of: "b").onBuild == nil)
  }

  @Test("triggers of an image of the workspace")
  func ownTriggers() async throws {
    var workspace = Self.world("ONBUILD COPY f /f\nONBUILD ENV A=$B\n")
    workspace.add(image: "b", "FROM app/a\nENV C=$A.\n", files: ["f": "text"])
    #expect(try await Self.settings(workspace).onBuild == ["COPY f /f", "ENV A=$B"])
    let child = try await Self.settings(workspace, of: "b")
    #expect(child.environmentByName["C"] == ".")
    #expect(child.onBuild == nil)
    workspace.files["b/f"] = nil
    let problems = try await workspace.compile().problems
    #expect(
      problems.count == 1 && problems[0].hasPrefix("b/Dockerfile:1:1: error: there is no 'f'"), "\(problems)")
  }

  @Test("a trigger that cannot be read is an error at the FROM that brought it")
  func brokenTrigger() async throws {
    let problems = try await Self.world("", onBuild: ["RNU a", "FROM b"]).compile().problems
    #expect(
      problems == [
        "a/Dockerfile:1:1: error: the base brings the trigger 'RNU a', but 'RNU' is no instruction | did you mean 'RUN'?",
        "a/Dockerfile:1:1: error: the base brings the trigger 'FROM b', but FROM cannot be a trigger | ONBUILD takes instructions that add to the image, such as COPY and RUN",
      ])
  }

  static let signals: [(String, Bool)] = [
    ("SIGTERM", true), ("term", true), ("9", true), ("SIGRTMIN+15", true), ("RTMAX-14", true),
    ("RTMIN", true),
    ("SIGRTMIN+16", false), ("RTMIN+", false), ("RTMIN+-1", false), ("0", false), ("", false), ("SIG", false),
    ("SIGFOO", false), ("9x", false),
  ]

  @Test("signals", arguments: signals)
  func signal(text: String, isKnown: Bool) { #expect(Signal.isKnown(text) == isKnown) }
}
