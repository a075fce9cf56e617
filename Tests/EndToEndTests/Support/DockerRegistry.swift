import FoundationEssentials
import Glibc
import Testing

/// A registry of this machine's own, on loopback; it ends with the value.
final class DockerRegistry: Sendable {
  let name: String
  let port: UInt16
  /// Where it keeps what is pushed.
  let folder: String
  private let server: Program.Running

  /// Who may speak to it, and how.
  struct Guard {
    let authority: Authority
    let user: String
    let password: String
  }

  /// - Parameters:
  ///   - folder: of the test.
  ///   - called: what it is called by; an address that leads to this machine.
  ///   - guarded: what it asks for; without, it speaks plain HTTP to everybody.
  init(in folder: String, called address: String = "127.0.0.1", guarded: Guard? = nil) async throws {
    port = try Loopback.freePort()
    name = "\(address):\(port)"
    self.folder = "\(folder)/registry-\(port)"
    var http = "addr: \"127.0.0.1:\(port)\""
    var access = ""
    if let guarded {
      let users = "\(folder)/users-\(port)"
      let line = try await Program(["htpasswd", "-Bbn", guarded.user, guarded.password]).check()
      try Data(line.utf8).write(to: URL(filePath: users))
      http += ", tls: {certificate: \(guarded.authority.certificate), key: \(guarded.authority.key)}"
      access = "auth: {htpasswd: {realm: test, path: \(users)}}\n"
    }
    let settings = """
      version: 0.1
      storage: {filesystem: {rootdirectory: \(self.folder)}}
      http: {\(http)}
      \(access)
      """
    let file = "\(folder)/registry-\(port).yml"
    try Data(settings.utf8).write(to: URL(filePath: file))
    server = try Program(["docker-registry", "serve", file]).start()
    let scheme = guarded == nil ? "http" : "https"
    try await Program([
      "curl", "--silent", "--show-error", "--insecure", "--output", "/dev/null", "--max-time", "30",
      "--retry",
      "100", "--retry-delay", "0", "--retry-max-time", "30", "--retry-all-errors",
      "\(scheme)://127.0.0.1:\(port)/v2/",
    ]).check()
  }

  /// The requests that it was sent so far: `PUT /v2/app/manifests/1`.
  var requests: [String] {
    server.said.split(separator: "\n").compactMap { line in
      line.firstMatch(of: /"((?:GET|HEAD|POST|PATCH|PUT|DELETE) [^ "]+) HTTP/).map { String($0.1) }
    }
  }

  /// Those of the requests that send something.
  var uploads: [String] {
    requests.filter { !$0.hasPrefix("GET ") && !$0.hasPrefix("HEAD ") }
  }

  func send(_ signal: Int32) { server.send(signal) }

  deinit { server.send(SIGKILL) }
}

/// An authority that the machine does not know, and a certificate that it made for this machine.
struct Authority {
  let folder: String
  var own: String { folder + "/ca.crt" }
  var certificate: String { folder + "/server.crt" }
  var key: String { folder + "/server.key" }

  /// - Parameter folder: is made.
  init(in folder: String) async throws {
    self.folder = folder
    let script = """
      mkdir -p "$1" && cd "$1"
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 2 \
        -subj /CN=test-authority
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=test
      printf 'subjectAltName=IP:127.0.0.1' > names
      openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names \
        -out server.crt
      """
    try await Program(["bash", "-euc", script, "bash", folder]).check()
  }
}
