import FoundationEssentials
import Formats
import Glibc
import GraphCore
import Store
import Subprocess
import SystemPackage
import Testing

@Suite("inputs that a worker laid out")
struct SettledInputTests {
  @Test(
    "get the times and modes of our own checkouts; a file with another name is left alone",
    arguments: [false, true])
  func settle(isLinked: Bool) async throws {
    let workshop = try Workshop()
    let folder = workshop.folder + "/worker"
    for path in [folder, folder + "/root", folder + "/tree", folder + "/tree/sub"] { mkdir(path, 0o700) }
    for (path, mode) in [("blob", 0o640), ("tree/plain", 0o600), ("tree/sub/run", 0o711)] {
      try Data("text\n".utf8).write(to: URL(filePath: "\(folder)/\(path)"))
      chmod("\(folder)/\(path)", mode_t(mode))
      if isLinked { link("\(folder)/\(path)", "\(folder)/\(path.replacing("/", with: "-")).cache") }
    }
    symlink("plain", folder + "/tree/link")
    let script =
      "cd /build; stat -c '%a %Y %n' blob tree tree/plain tree/sub tree/sub/run; readlink tree/link; cat blob"
    let result = try await Subprocess.run(
      .path(FilePath(Workshop.helper)),
      arguments: [
        "--host-root", "\(folder)/root", "--settle", "--bind-ro", "\(folder)/blob", "/build/blob",
        "--bind-ro",
        "\(folder)/tree", "/build/tree", "--setenv", "PATH", "/usr/bin:/bin", "--", "/bin/sh", "-ec", script,
      ], output: .string(limit: 4096), error: .string(limit: 4096))
    #expect(result.standardError == "")
    #expect(
      result.standardOutput == """
        444 315532800 blob
        755 315532800 tree
        644 315532800 tree/plain
        755 315532800 tree/sub
        755 315532800 tree/sub/run
        plain
        text

        """)
    var status = stat()
    #expect(stat(folder + "/blob", &status) == 0)
    #expect(status.st_mode & 0o777 == (isLinked ? 0o640 : 0o444))
  }
  @Test("mounts of a tree and of a layer show what they show at home, and a refused command says why")
  func mounts() async throws {
    let workshop = try Workshop()
    let folder = workshop.folder + "/worker"
    for path in [folder, folder + "/root", folder + "/tree", folder + "/tree/source"] { mkdir(path, 0o700) }
    try Data("text\n".utf8).write(to: URL(filePath: folder + "/tree/source/run"))
    chmod(folder + "/tree/source/run", 0o700)
    let layer = try workshop.layer([
      .init(path: "source", content: .directory, mode: 0o750),
      try workshop.file("source/f", "f", mode: 0o640),
    ])
    var tar: [UInt8] = []
    try TarWriter.write(try workshop.store.readLayer(layer), read: workshop.store.read) { tar += $0 }
    try Data(tar).write(to: URL(filePath: folder + "/layer.tar"))
    var arguments = SandboxArguments()
    arguments.useHostRoot(folder + "/root")
    arguments.add("--settle")
    arguments.mount(folder + "/tree", inside: "source", isWritable: true, at: "/tree")
    arguments.mount(folder + "/tree", inside: "source/run", isWritable: false, at: "/program")
    arguments.mount(folder + "/layer.tar", inside: "source", isTar: true, isWritable: true, at: "/layer")
    arguments.setEnvironment(["PATH": "/usr/bin:/bin"])
    let script = """
      stat -c '%a %Y %n' /tree/run /program /layer /layer/f; echo > /tree/new; echo > /layer/new; rm /layer/f
      ls /tree /layer
      """
    func run() async throws -> (output: String?, error: String?) {
      let result = try await Subprocess.run(
        .path(FilePath(Workshop.helper)),
        arguments: Arguments(arguments.words + ["--", "/bin/sh", "-ec", script]),
        output: .string(limit: 4096), error: .string(limit: 4096))
      return (result.standardOutput, result.standardError)
    }
    let result = try await run()
    #expect(result.error == "")
    #expect(
      result.output == """
        755 315532800 /tree/run
        755 315532800 /program
        750 \(Workshop.epoch) /layer
        640 \(Workshop.epoch) /layer/f
        /layer:
        new

        /tree:
        new
        run

        """)
    arguments.add("--refuse", "not here")
    #expect(try await run().error == "graph-sandbox: not here\n")
  }
}
