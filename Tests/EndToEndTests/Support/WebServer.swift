import FoundationEssentials
import Glibc
import Testing

/// nginx on 127.0.0.1 for one test, with the lines of configuration that the test gives it; ends with the value.
final class WebServer: Sendable {
  let port: UInt16
  /// What is served.
  let root: String
  private let folder: TemporaryFolder
  private let server: Program.Running

  var address: String { "http://127.0.0.1:\(port)" }

  /// - Parameter locations: what stands in its `server` block beside the root; ROOT is the folder that is served, HERE the
  ///   server's own address.
  init(_ locations: String = "") async throws {
    folder = try TemporaryFolder()
    let port = try Loopback.freePort()
    (self.port, root) = (port, folder.path + "/root")
    for name in ["root", "state"] { mkdir("\(folder.path)/\(name)", 0o755) }
    // Workers may be another user.
    chmod(folder.path, 0o755)
    let state = folder.path + "/state"
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
      "\($0)_temp_path \(state)/\($0);"
    }
    let text = """
      daemon off;
      pid \(state)/pid;
      error_log \(state)/errors;
      events {}
      http {
        log_format lines '$status $request_uri $http_range';
        access_log \(state)/requests lines;
        \(temporary.joined(separator: "\n  "))
        server {
          listen 127.0.0.1:\(port);
          root \(root);
          \(locations.replacing("ROOT", with: root).replacing("HERE", with: "http://127.0.0.1:\(port)"))
        }
      }
      """
    try Data(text.utf8).write(to: URL(filePath: state + "/configuration"))
    server = try Program(["nginx", "-c", state + "/configuration", "-e", state + "/errors"]).start()
    _ = try await Loopback.answer(port: port)
  }

  // In order: a master that is killed leaves its workers.
  deinit { server.send(SIGTERM) }

  /// What was asked for, as `STATUS PATH RANGE`, without what was asked before the last call.
  func requests() throws -> [String] {
    let path = folder.path + "/state/requests"
    let text = try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    truncate(path, 0)
    return text.split(separator: "\n").map { String($0) }
  }
}
