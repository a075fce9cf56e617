import FoundationEssentials

/// Moments as people read them.
public enum Times {
  /// `2026-11-21T04:04:36Z`: UTC, whole seconds.
  ///
  /// - Parameter seconds: since 1970.
  public static func text(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 2e11 else { return "-" }
    return Date(timeIntervalSince1970: seconds.rounded(.down)).formatted(.iso8601)
  }
}
