import Formats
import Glibc
import GraphCore

/// A file that only takes room, so that a collection has some when there is none left: SQLite cannot remove a row without
/// writing first.
struct DiskReserve {
  private let path: String

  init(in store: String) { path = "\(store)/reserve" }

  /// Of a small disk a hundredth is enough: what is written is the rows' pages, not what they name.
  private static func bytes(onDiskOf folder: String) -> Int64 {
    min(32 << 20, (DiskSpace(of: folder)?.totalBytes ?? 0) / 64)
  }

  /// Makes it where it is not there. A disk that has no room for it has none for anything: nothing is said then.
  func fill(in store: String) {
    let bytes = Self.bytes(onDiskOf: store)
    var status = stat()
    if bytes == 0 || stat(path, &status) == 0 && Int64(status.st_blocks) * 512 >= bytes { return }
    guard let space = DiskSpace(of: store), space.freeBytes > 2 * bytes else { return }
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Room that the disk really sets aside; without it the file is of no use.
    if posix_fallocate(descriptor, 0, off_t(bytes)) != 0 { unlink(path) }
  }

  func release() { unlink(path) }
}
