import Glibc
import Testing

/// Ports and pages on this machine.
enum Loopback {
  /// A port that nobody uses now.
  static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    try #require(status)
    return UInt16(bigEndian: address.sin_port)
  }

  /// What a server that may still be starting answers, with its status line, whatever the status.
  static func answer(port: UInt16, _ path: String = "/") async throws -> String {
    try await Program([
      "curl", "--silent", "--show-error", "--include", "--max-time", "30", "--retry", "100", "--retry-delay",
      "0",
      "--retry-max-time", "60", "--retry-connrefused", "--retry-all-errors",
      "http://127.0.0.1:\(port)\(path)",
    ]).check()
  }

  /// A page of a server that may still be starting.
  static func page(port: UInt16, _ path: String = "/") async throws -> String {
    try await Program([
      "curl", "--silent", "--show-error", "--fail", "--max-time", "30", "--retry", "100", "--retry-delay",
      "0",
      "--retry-max-time", "30", "--retry-all-errors", "http://127.0.0.1:\(port)\(path)",
    ]).check()
  }
}
