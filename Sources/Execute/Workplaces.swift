import Formats
import GraphCore
import Synchronization

/// The folders of one run.
struct Workplace: Sendable {
  let folder: String
  /// Where /build and /tmp of a root with the host's programs are.
  var root: String { folder + "/root" }
  var upper: String { folder + "/upper" }
  var work: String { folder + "/work" }
  var capture: String { folder + "/capture.tar" }
  var mounts: String { folder + "/mounts" }
  var outputs: String { folder + "/out" }
  func output(_ name: String) -> String { outputs + "/" + Escape.encode(name).replacing("/", with: "%") }
}

/// Workplaces, used again and again: on many file systems, ext4 above all, making and removing files costs more than most
/// actions, and the more of them were removed just before, the more it costs.
final class Workplaces: Sendable {
  private let scratch: String
  private let idle = Mutex<[Workplace]>([])

  /// - Parameter scratch: a folder for what runs now; on the file system of the checkouts, so that layers can be moved.
  init(scratch: String) { self.scratch = scratch }

  /// One that is empty, for the caller alone until it is given back or removed.
  func take() throws -> Workplace {
    if let place = idle.withLock({ $0.popLast() }) { return place }
    let place = Workplace(folder: try FileSystem.makeScratch(in: scratch))
    for folder in [place.root, place.outputs] { try FileSystem.makeDirectory(folder) }
    return place
  }

  /// Takes one back after a run that succeeded: the helper has emptied what the command could write to.
  ///
  /// - Returns: false where it could not be emptied, so that the caller has to remove it.
  func giveBack(_ place: Workplace) -> Bool {
    do {
      for name in try Folders.names(in: place.outputs) { try Folders.remove("\(place.outputs)/\(name)") }
      for path in [place.upper, place.work, place.capture, place.mounts] { try Folders.remove(path) }
    } catch {
      // Files of ids that exist inside only.
      return false
    }
    idle.withLock { $0.append(place) }
    return true
  }
}
