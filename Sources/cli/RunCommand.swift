import ArgumentParser
import Execute
import Glibc
import GraphCore
import Rules

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Start an image: its entry point, in a sandbox, with its ports on 127.0.0.1.",
    discussion: """
      The ports that the image exposes are published under their own numbers; --publish gives others. What the program \
      changes is thrown away when it ends.

      Examples:
        graph run //app/httpd
        graph run //app/httpd:aarch64 --publish 8081:80
        graph run //library/core@7 -- /bin/sh -c 'cat /etc/os-release'
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Publish a port of the image on 127.0.0.1.", valueName: "host:port"))
  var publish: [String] = []
  @Argument(help: "An image; without architecture, the host's.", completion: .labels) var label: String
  @Argument(parsing: .postTerminator, help: "Arguments in place of the image's command.") var arguments:
    [String] = []

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .writing, for: [label])
      try session.stopAtErrors()
      let (name, image) = try session.image(label)
      let layers = try await ImageLayers(session: session, running: running).build(image, of: name)
      let settings = image.settings
      let argv = arguments.isEmpty ? settings.argv : (settings.entryPoint ?? []) + arguments
      guard !argv.isEmpty else {
        throw GraphError(
          .user, "\(name) has neither ENTRYPOINT nor CMD",
          hint: "say what to run: graph run \(label) -- /bin/sh")
      }
      let ports = try ports(of: image)
      try ports.forEach { try LoopbackPort.requireFree($0.host) }
      for port in ports { Console.note("graph: 127.0.0.1:\(port.host) -> \(name) port \(port.inside)") }
      let status = try await session.sandbox().run(
        .init(
          argv: argv, environment: settings.environmentByName, user: settings.user ?? "",
          workingDirectory: settings.workingDirectory ?? "/", publishedPorts: ports),
        layers: layers, architecture: image.architecture)
      if status != 0 { throw ExitCode(status) }
    }
  }

  private func ports(of image: ImageTarget) throws -> [(host: UInt16, inside: UInt16)] {
    if publish.isEmpty {
      return (image.settings.exposedPorts ?? [:]).keys.sorted().compactMap { text in
        guard text.hasSuffix("/tcp"), let number = UInt16(text.dropLast(4)) else { return nil }
        return (number, number)
      }
    }
    return try publish.map { text in
      let parts = text.split(separator: ":").compactMap { UInt16($0) }
      guard parts.count == 2, text.split(separator: ":").count == 2 else {
        throw GraphError(.usage, "'\(text)' is no pair of ports", hint: "write HOST:PORT, such as 8080:80")
      }
      return (parts[0], parts[1])
    }
  }
}

/// Ports of 127.0.0.1 on this machine.
enum LoopbackPort {
  /// - Throws: `GraphError(.environment)` where another program listens there.
  static func requireFree(_ port: UInt16) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if !isBound, errno == EADDRINUSE {
      throw GraphError(
        .environment, "port \(port) of 127.0.0.1 is in use", hint: "publish another one: --publish OTHER:PORT"
      )
    }
  }
}

/// The stacked layers of an image, brought up to date.
struct ImageLayers {
  let session: Session
  let running: RunningOptions

  /// - Returns: the layer artifacts, bottom first.
  func build(_ image: ImageTarget, of name: Label) async throws -> [Artifact] {
    try await build(image.layers.map { (node: $0.node, output: $0.output) }, command: "run \(name)")
  }

  func build(_ layers: [(node: NodeID, output: String)], command: String) async throws -> [Artifact] {
    let outcome = try await Build(session: session, running: running).run(
      layers.map(\.node), command: command)
    guard outcome.wave.succeeded, outcome.wave.hasAllRoots else {
      throw outcome.wave.interrupted.isEmpty ? Exit.code(of: outcome.worstKind) : Exit.interrupted
    }
    return try layers.compactMap { try outcome.wave.outputs(of: $0.node)?[$0.output] }
  }
}

extension Session {
  /// A sandbox at the user's terminal.
  func sandbox() throws -> InteractiveSandbox {
    InteractiveSandbox(checkouts: store, helper: try Machine.sandboxHelper(), emulators: Emulators())
  }
}
