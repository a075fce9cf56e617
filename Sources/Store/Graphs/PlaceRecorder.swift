import Glibc
import GraphCore
import Synchronization

/// Learns every place of the file system that a graph depends on while the graph is made, with what the kernel said of each
/// just before it was looked at.
public final class PlaceRecorder: FileObserver {
  struct Seen: Sendable {
    var stamp: FileStamp
    var isRacy: Bool
    /// Whether anything but what it is and the digest of its content was asked for.
    var isStructure: Bool
    /// Whether it only has to be there.
    var isPresence = false
  }

  private let state = Mutex<[String: Seen]>([:])

  public init() {}

  public func willLook(at path: String) { see(path, isStructure: true) }

  public func willIdentify(_ path: String) { see(path, isStructure: false) }

  /// Notes something that what was made can only be used with, such as a mirror: it has to be there, and may change.
  public func relies(on path: String) {
    let stamp = FileStamp(path)
    state.withLock {
      $0[path] = Seen(stamp: stamp, isRacy: false, isStructure: false, isPresence: true)
    }
  }

  private func see(_ path: String, isStructure: Bool) {
    let isKnown = state.withLock { seen in
      guard seen[path] != nil else { return false }
      if isStructure { seen[path]?.isStructure = true }
      return true
    }
    if isKnown { return }
    let stamp = FileStamp(path)
    let seen = Seen(stamp: stamp, isRacy: stamp.isRacy(at: Int64(time(nil))), isStructure: isStructure)
    state.withLock { if $0[path] == nil { $0[path] = seen } }
  }

  /// What was seen, by path.
  var seen: [String: Seen] { state.withLock { $0 } }
}
