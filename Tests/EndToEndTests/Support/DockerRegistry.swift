import FoundationEssentials
import Glibc

/// A registry of this machine's own, on loopback; it ends with the value.
final class DockerRegistry: Sendable {
  let name: String
  private let server: Program.Running

  /// - Parameter folder: where it keeps what is pushed.
  init(in folder: String) async throws {
    let port = try Loopback.freePort()
    name = "127.0.0.1:\(port)"
    let settings = """
      version: 0.1
      storage: {filesystem: {rootdirectory: \(folder)/registry}}
      http: {addr: "\(name)"}
      """
    try Data(settings.utf8).write(to: URL(filePath: folder + "/registry.yml"))
    server = try Program(["docker-registry", "serve", folder + "/registry.yml"]).start()
    _ = try await Loopback.page(port: port, "/v2/")
  }

  deinit { server.send(SIGKILL) }
}
