import Glibc

/// Who runs this process, as far as the sandbox's user namespace depends on it.
enum HostUser {
  static var effectiveID: UInt32 { geteuid() }

  /// Whether /etc/subuid gives the user a range of ids.
  static var hasSubordinateIDs: Bool {
    guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name,
      let bytes = try? FileSystem.read("/etc/subuid")
    else { return false }
    let user = String(cString: name)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains {
      $0.hasPrefix(user + ":") || $0.hasPrefix("\(geteuid()):")
    }
  }
}
