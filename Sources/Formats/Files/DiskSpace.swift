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
      let (bytes, isTooLarge) = Int64(clamping: blocks).multipliedReportingOverflow(by: Int64(status.f_frsize))
      return isTooLarge ? .max : bytes
    }
    (freeBytes, totalBytes) = (bytes(status.f_bavail), bytes(status.f_blocks))
  }
}

extension DiskSpace {
  /// What to say where a disk is full: how full, and what makes room.
  ///
  /// - Parameters:
  ///   - what: could not be done.
  ///   - path: on the disk.
  public static func isUsedUp(for what: String, at path: String) -> GraphError {
    let sizes = DiskSpace(of: path).map { ": \($0.freeBytes >> 20) of \($0.totalBytes >> 20) MiB are free" } ?? ""
    return GraphError(
      .environment, "\(what): the disk is full\(sizes)",
      hint: "make room on it and try again: 'graph gc' removes what nothing needs, 'graph store stats' says what the store holds",
      code: GraphError.diskFullCode)
  }
}
