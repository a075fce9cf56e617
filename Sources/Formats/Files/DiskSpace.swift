import Glibc
import GraphCore

/// The room on the disk that holds a folder.
public struct DiskSpace: Sendable {
  public let freeBytes: Int64
  public let totalBytes: Int64

  /// - Parameter folder: or what is nearest above it and exists.
  /// - Returns: `nil` where the system does not say.
  public init?(of folder: String) {
    var folder = folder
    var status = statvfs()
    while statvfs(folder, &status) != 0 {
      guard errno == ENOENT || errno == ENOTDIR, let slash = folder.lastIndex(of: "/"), folder != "/" else {
        return nil
      }
      folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
    }
    func bytes(_ blocks: fsblkcnt_t) -> Int64 {
      let (bytes, isTooLarge) = Int64(clamping: blocks).multipliedReportingOverflow(
        by: Int64(status.f_frsize))
      return isTooLarge ? .max : bytes
    }
    (freeBytes, totalBytes) = (bytes(status.f_bavail), bytes(status.f_blocks))
  }
}

extension DiskSpace {
  /// Whether one more small file has room beside `path`, found out by writing one; `true` where something other than
  /// room prevents it.
  public static func takesFiles(at path: String) -> Bool {
    let probe = "\(path).room-\(getpid())"
    let descriptor = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return errno != ENOSPC && errno != EDQUOT }
    defer {
      close(descriptor)
      unlink(probe)
    }
    let bytes = [UInt8](repeating: 0, count: 1 << 16)
    return write(descriptor, bytes, bytes.count) == bytes.count
  }

  /// What to say where a disk is full: how full, and what makes room.
  ///
  /// - Parameters:
  ///   - what: could not be done.
  ///   - path: on the disk.
  public static func isUsedUp(for what: String, at path: String) -> GraphError {
    let sizes =
      DiskSpace(of: path).map { ": \($0.freeBytes >> 20) of \($0.totalBytes >> 20) MiB are free" } ?? ""
    return GraphError(
      .environment, "\(what): the disk is full\(sizes)",
      hint:
        "make room on it and try again: 'graph gc' removes what nothing needs, 'graph store stats' says what the store holds",
      code: GraphError.diskFullCode)
  }
}
