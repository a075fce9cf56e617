import FoundationEssentials
import Formats
import Glibc
import GraphCore
import RemoteExecution
import Store
import Subprocess
import SystemPackage
import Testing

@testable import Execute

@Suite(
  "a Remote Execution server gives the results of this machine", .serialized,
  .enabled(if: FileManager.default.fileExists(atPath: Workshop.busybox)),
  .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/bwrap")))
struct ServerTests {
  @Test("a command with the worker's tools leaves the same blob and tree")
  func command() async throws {
    let workshop = try Workshop()
    let script = """
      cat in/tree/*.txt in/tree/sub/run.sh in/blob > out/all; in/tree/sub/run.sh > out/said
      mkdir -p out/made/deep; echo x > out/made/deep/file; ln -s file out/made/deep/link
      env | sort >> out/said; id -u >> out/said; uname -n >> out/said; pwd >> out/said; ls -d /sys >> out/said 2>&1 || :
      find in/tree | sort | xargs stat -c '%A %u %g %Y %n' >> out/said
      stat -c '%A %u %g %n' in/blob >> out/said
      """
    let outputs: [Action.Output] = [.init("all", .blob), .init("said", .blob), .init("made", .tree)]
    let task = try workshop.task(
      Command(
        argv: ["/bin/sh", "-ec", script], workingDirectory: "/build", root: .host,
        stages: [
          .init(role: "input/tree", path: "/build/in/tree"),
          .init(role: "input/blob", path: "/build/in/blob"),
        ],
        collects: outputs.map { .init(output: $0.name, from: .path("/build/out/\($0.name)")) }),
      inputs: [
        (
          "input/tree",
          try workshop.tree(
            ["a.txt": "a\n", "ü.txt": "ü\n", "sub/run.sh": "#!/bin/sh\necho run\n"], folders: ["sub"])
        ),
        ("input/blob", try workshop.blob("blob\n")),
      ], outputs: outputs, environment: ["NAME": "value with spaces"])
    let remote = try await remote(task, in: workshop, hostTools: true)
    let local = try await workshop.executor.execute(task).outputs
    for output in outputs {
      let path = "\(remote)/\(RemoteAction.path(ofOutput: output.name))"
      let found = try OutputCollector(store: workshop.store).collect(path, leftAt: path, as: output.kind)
      #expect(
        try workshop.store.readText(found.digest)
          == workshop.store.readText(try #require(local[output.name]).digest))
      #expect(found == local[output.name])
    }
  }

  @Test("a RUN on layers leaves the same layer, and the worker needs nothing but a kernel")
  func run() async throws {
    let workshop = try Workshop()
    let data = try workshop.layer([
      Layer.Entry(path: "data", content: .directory, mode: 0o2750, owner: 5, group: 7),
      try workshop.file("data/gone", "gone", owner: 5, group: 7),
      try workshop.file("data/hidden", "hidden"),
      try workshop.file("data/kept", "kept\n", mode: 0o640, owner: 5, group: 7),
      try workshop.file("data/tool", "#!/bin/sh\n", mode: 0o4755, owner: 5),
      Layer.Entry(path: "data/sub", content: .directory, mode: 0o755, owner: 33, group: 34),
      try workshop.file("data/sub/file", "file", owner: 33, group: 34),
    ])
    let upper = try workshop.layer([
      Layer.Entry(path: "data", content: .directory, mode: 0o2750, owner: 5, group: 7),
      Layer.Entry(path: "data/hidden", content: .whiteout, mode: 0),
    ])
    let script = """
      [ ! -e hidden ]; [ -u tool ]; rm gone; echo more >> kept; echo '# more' >> tool; chmod 4755 tool
      mkdir -p /made/deep; chmod 1777 /made; ln -s ../data /made/link; echo new > /made/deep/file; chmod 6711 /made/deep/file
      ln /made/deep/file /made/other; rm -r sub; mkdir sub; echo again > sub/again; echo $GREETING > /made/greeting
      """
    let layers = [try workshop.shellLayer(), data, upper]
    let task = try workshop.task(
      Command(
        argv: ["/bin/sh", "-ec", script], workingDirectory: "/data", root: .layers,
        collects: [.init(output: "layer", from: .changes)], discards: ["/var/cache/ldconfig/aux-cache"]),
      inputs: layers.enumerated().map { ("layer/0\($0)", $1) }, outputs: [.init("layer", .layer)],
      rule: .init("run", version: 1), environment: ["GREETING": "hello"], architecture: .host)
    try await expectSameLayer(task, in: workshop, hostTools: false) { layer in
      let entries = Dictionary(uniqueKeysWithValues: layer.entries.map { ($0.path, $0) })
      #expect(entries["data/gone"]?.content == .whiteout)
      #expect(entries["data/sub"]?.content == .opaqueDirectory)
      #expect(entries["data/kept"]?.owner == 5 && entries["data/kept"]?.group == 7)
      #expect(entries["data/tool"]?.mode == 0o4755 && entries["data/tool"]?.owner == 5)
      #expect(entries["made/deep/file"]?.mode == 0o6711)
      #expect(entries["made/other"]?.content == .hardlink(target: "made/deep/file"))
    }
  }

  @Test("the worker's tools on layers leave the same layer")
  func toolsOnLayers() async throws {
    let workshop = try Workshop()
    let base = try workshop.layer([
      Layer.Entry(path: "etc", content: .directory, mode: 0o755),
      try workshop.file("etc/owned", "owned\n", owner: 9, group: 9),
      try workshop.file("etc/removed", "removed\n"),
    ])
    let task = try workshop.task(
      Command(
        argv: [
          "/bin/sh", "-ec",
          "cp packages/* /target/; cat packages/b >> /target/etc/owned; rm /target/etc/removed; chmod 4711 /target/a",
        ],
        workingDirectory: "/build", root: .hostWithLayers(target: "/target"),
        stages: [.init(role: "packages", path: "/build/packages")],
        collects: [.init(output: "layer", from: .changes)]),
      inputs: [
        ("layer/00", base), ("packages", try workshop.tree(["a": "package a", "b": "package b"])),
        ("epoch", try workshop.blob("1700000001\n")),
      ], outputs: [.init("layer", .layer)], rule: .init("install", version: 1), architecture: .host)
    try await expectSameLayer(task, in: workshop, hostTools: true) { layer in
      let owned = layer.entries.first { $0.path == "etc/owned" }
      #expect(owned?.owner == 9 && owned?.modified == 1_700_000_001)
    }
  }
}

extension ServerTests {
  private func expectSameLayer(
    _ task: ActionTask, in workshop: Workshop, hostTools: Bool, _ check: (Layer) throws -> Void
  ) async throws {
    let remote = try await remote(task, in: workshop, hostTools: hostTools)
    let layer = try LayerImport.layer(
      fromCapture: "\(remote)/\(RemoteAction.changesPath)", store: workshop.store, scratch: workshop.folder)
    let local = try #require(try await workshop.executor.execute(task).outputs["layer"])
    // The recipes first, because they say what is different.
    let (there, here) = (Self.lines(of: layer), Self.lines(of: try workshop.store.readLayer(local)))
    #expect(Set(there).subtracting(here).sorted() == [])
    #expect(Set(here).subtracting(there).sorted() == [])
    #expect(try workshop.store.write(layer, as: .layer) == local)
    try check(layer)
  }

  private static func lines(of layer: Layer) -> [Substring] {
    String(decoding: layer.encoded(), as: UTF8.self).split(separator: "\n")
  }

  /// Runs `task` on a server and returns the folder of its outputs. Executed once, found in the action cache
  /// after that.
  private func remote(_ task: ActionTask, in workshop: Workshop, hostTools: Bool) async throws -> String {
    let helper = try workshop.store.importFile(at: Workshop.helper, expected: nil)
    // This server's sandbox is a user namespace whose only id is root, without the capability to map it into another.
    let workers = RemoteWorkers(
      native: .host, helper: helper, properties: ["unixUID": "1000", "unixGID": "1000"])
    let action = try RemoteAction(task, store: workshop.store, workers: workers)
    let job = workshop.folder + "/job"
    for folder in [job, job + "/blobs"] { mkdir(folder, 0o755) }
    try Data(action.digest.description.utf8).write(to: URL(filePath: job + "/action"))
    for upload in action.uploads {
      let file = try #require(fopen("\(job)/blobs/\(upload.digest.hex)", "w"))
      defer { fclose(file) }
      try upload.write(reading: workshop.store) {
        #expect(fwrite($0.baseAddress, 1, $0.count, file) == $0.count)
      }
    }
    let result = try await Self.drive((hostTools ? ["--host-tools"] : []) + [job])
    if result.status == .exited(69) { try Test.cancel("there is no server here: \(result.log)") }
    try #require(result.status == .exited(0), "\(result.log)")
    #expect(result.text == "exit 0 status 0 cached 0\nexit 0 status 0 cached 1\n", "\(result.log)")
    let status = try String(
      contentsOf: URL(filePath: "\(job)/outputs/\(RemoteAction.statusPath)"), encoding: .utf8)
    #expect(status.hasPrefix("exited 0\n"))
    return job + "/outputs"
  }

  private static func drive(_ words: [String]) async throws
    -> (status: TerminationStatus, text: String, log: String)
  {
    let program = Workshop.package + "/Tests/RemoteExecutionTests/drive.py"
    let result = try await Subprocess.run(
      .name("python3"), arguments: Arguments([program, Workshop.package + "/.build/reapi"] + words),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    return (result.terminationStatus, result.standardOutput, result.standardError)
  }
}
