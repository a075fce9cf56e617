import Glibc
import GraphCore

extension Store {
  /// How long runs are kept that had work, and those that had none, in days.
  public static let runDaysMax = 400
  public static let idleRunDaysMax = 90

  /// Removes what is too old of the history and of streams of events; of the history at most once a day.
  ///
  /// - Parameter now: seconds since 1970.
  func trimOldRuns(now: Double) {
    trimEvents(now: now)
    let mark = "\(locks)/history"
    var status = stat()
    let isRecent = stat(mark, &status) == 0 && Double(status.st_mtim.tv_sec) > now - 86_400
    // What stays today goes tomorrow.
    guard !isRecent, (try? FileSystem.write([], to: mark, isDurable: false)) != nil else { return }
    try? trimHistory(now: now)
  }

  /// Removes the records of old runs. Of each node the newest of them stays, with what the node was and with its run,
  /// because later runs that left the node alone build on it. Preimages stay for good.
  ///
  /// - Parameter now: seconds since 1970.
  public func trimHistory(now: Double) throws {
    func moment(_ days: Int) -> Double { now - Double(days) * 86_400 }
    try factsForWriting().write { connection in
      let newest = try connection.use(
        "SELECT coalesce(max(id), 0) FROM runs WHERE started < ? AND finished IS NOT NULL"
      ) { statement in
        try statement.bind(moment(Self.runDaysMax))
        return try statement.step() ? statement.integer(0) : 0
      }
      for sql in [
        """
        DELETE FROM run_records WHERE run <= ?1 AND id NOT IN (
          SELECT max(id) FROM run_records WHERE run <= ?1 AND outcome IN ('ran', 'cut off', 'found') GROUP BY node)
        """,
        """
        DELETE FROM descriptions WHERE run <= ?1 AND run < (
          SELECT max(run) FROM descriptions AS other WHERE other.node = descriptions.node AND other.run <= ?1)
        """,
        "DELETE FROM runs WHERE id <= ?1 AND id NOT IN (SELECT run FROM run_records)",
      ] {
        try connection.use(sql) {
          try $0.bind(newest)
          try $0.run()
        }
      }
      try connection.use(
        "DELETE FROM runs WHERE started < ? AND finished IS NOT NULL AND id NOT IN (SELECT run FROM run_records)"
      ) {
        try $0.bind(moment(Self.idleRunDaysMax))
        try $0.run()
      }
      try connection.use(
        "DELETE FROM wanted WHERE id NOT IN (SELECT wanted FROM runs WHERE wanted IS NOT NULL)"
      ) { try $0.run() }
    }
  }
}
