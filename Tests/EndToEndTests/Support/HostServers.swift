import Glibc
import Testing

/// What an action must not reach: a port, an abstract socket and shared memory of this machine, all of which answer.
final class HostServers: Sendable {
  let port: UInt16
  let socketName: String
  private let descriptors: [Int32]
  private let memory: Int32

  /// "grap": Tests/Intruder/kernel.c asks for it.
  private static let memoryKey: key_t = 0x6772_6170

  init() throws {
    port = try Loopback.freePort()
    socketName = "graph-test-\(getpid())-\(port)"
    descriptors = [try Self.listen(onPort: port), try Self.listen(onName: socketName)]
    memory = shmget(Self.memoryKey, 4096, 0o1000 | 0o666)
    try #require(memory >= 0)
  }

  deinit {
    descriptors.forEach { close($0) }
    shmctl(memory, IPC_RMID, nil)
  }

  private static func listen(onPort port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
    }
    try #require(isBound && Glibc.listen(descriptor, 8) == 0)
    return descriptor
  }

  private static func listen(onName name: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      for (index, byte) in name.utf8.enumerated() { path[index + 1] = byte }
    }
    let size = socklen_t(2 + 1 + name.utf8.count)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
    }
    try #require(isBound && Glibc.listen(descriptor, 8) == 0)
    return descriptor
  }
}

/// What runs on this machine.
enum Processes {
  /// Those whose name or arguments hold `text`, as `PID: WORDS`.
  static func holding(_ text: String) throws -> [String] {
    try all().filter { $0.name.contains(text) || $0.words.contains(text) }.map { "\($0.id): \($0.words)" }
  }

  /// Those below `root`, however deep, and itself.
  static func below(_ root: pid_t) throws -> [pid_t] {
    let everything = try all()
    var found: Set<pid_t> = [root]
    var isGrowing = true
    while isGrowing {
      isGrowing = false
      for process in everything where found.contains(process.parent) && !found.contains(process.id) {
        found.insert(process.id)
        isGrowing = true
      }
    }
    return found.sorted()
  }

  static func isThere(_ process: pid_t) -> Bool { kill(process, 0) == 0 || errno == EPERM }

  private static func all() throws -> [(id: pid_t, parent: pid_t, name: String, words: String)] {
    guard let folder = opendir("/proc") else { throw NoProcesses() }
    defer { closedir(folder) }
    var processes: [(pid_t, pid_t, String, String)] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard let id = pid_t(name), let status = text("/proc/\(id)/stat") else { continue }
      // `PID (NAME) STATE PARENT …`, and a name may hold anything.
      guard let open = status.firstIndex(of: "("), let close = status.lastIndex(of: ")") else { continue }
      let rest = status[status.index(after: close)...].split(separator: " ")
      let words = text("/proc/\(id)/cmdline").map { $0.replacing("\0", with: " ") } ?? ""
      processes.append(
        (
          id, rest.count > 1 ? pid_t(rest[1]) ?? 0 : 0, String(status[status.index(after: open)..<close]),
          words
        ))
    }
    return processes
  }

  private struct NoProcesses: Error {}

  private static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &bytes, bytes.count)
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
