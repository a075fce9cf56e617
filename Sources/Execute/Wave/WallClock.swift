import Glibc

/// The clock on the wall: for records of what happened, never for an artifact.
public enum WallClock {
  public static var secondsSince1970: Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
