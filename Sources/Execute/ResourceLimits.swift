import Glibc
import GraphCore

/// What an action may use of this machine where its declaration says nothing. None of it is part of a key.
public struct ResourceLimits: Sendable {
  /// Of all that a command holds; a command that outgrows it would make the machine unusable for everybody.
  public var memoryBytes: Int64
  /// Processes and threads at once. Container engines give 2048 to a whole container.
  public var processes = 4096
  /// Of the disk of the store: what others need to go on, and this program to say what is wrong.
  public var keepFreeBytes: Int64

  /// - Parameters:
  ///   - memoryBytes: what all actions together may hold.
  ///   - scratch: a folder of the disk that commands write to.
  public init(memoryBytes: Int64, scratch: String) {
    self.memoryBytes = memoryBytes
    var disk = statvfs()
    let size = statvfs(scratch, &disk) == 0 ? Int64(clamping: UInt64(disk.f_blocks)) : 0
    let (bytes, isHuge) = size.multipliedReportingOverflow(by: Int64(clamping: UInt64(disk.f_frsize)))
    keepFreeBytes = min(Self.keepFreeBytesMax, isHuge ? Self.keepFreeBytesMax : bytes / 20)
  }

  private static let keepFreeBytesMax: Int64 = 1 << 30

  /// What was declared, and else what is said here.
  func bounds(of action: Action) -> Action.Limits.Bounds {
    var bounds = action.limits.bounds
    if bounds.memoryBytes == nil { bounds.memoryBytes = memoryBytes }
    if bounds.processes == nil { bounds.processes = processes }
    return bounds
  }
}
