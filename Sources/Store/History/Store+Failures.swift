import GraphCore

/// A failed action that the store remembers, so that a night does not repeat it.
public struct RememberedFailure: Hashable, Sendable {
  public var key: Key
  public var kind: ActionFailed.Kind
  public var reason: String
  public var log: Digest?
  /// Seconds since 1970.
  public var time: Double

  public init(key: Key, kind: ActionFailed.Kind, reason: String, log: Digest? = nil, time: Double) {
    self.key = key
    self.kind = kind
    self.reason = reason
    self.log = log
    self.time = time
  }
}

extension Store {
  /// Remembers the failure of an action in place of an earlier one. It is forgotten when the action succeeds.
  public func recordFailure(_ failure: RememberedFailure) throws {
    try sync()
    try factsForWriting().write { connection in
      try connection.use(
        "INSERT OR REPLACE INTO failures(key, kind, reason, log, time) VALUES(?, ?, ?, ?, ?)"
      ) {
        try $0.bind(failure.key.digest)
        try $0.bind(failure.kind.rawValue)
        try $0.bind(failure.reason)
        try $0.bind(failure.log?.description)
        try $0.bind(failure.time)
        try $0.run()
      }
    }
  }

  /// How the action of `key` failed last, if it has not succeeded since.
  public func failure(of key: Key) throws -> RememberedFailure? {
    guard let facts else { return nil }
    return try facts.read { connection in
      try connection.use("SELECT kind, reason, log, time FROM failures WHERE key = ?") { statement in
        try statement.bind(key.digest)
        guard try statement.step(), let kind = statement.text(0).flatMap(ActionFailed.Kind.init) else {
          return nil
        }
        return RememberedFailure(
          key: key, kind: kind, reason: statement.text(1) ?? "",
          log: statement.text(2).flatMap { Digest($0) },
          time: statement.double(3))
      }
    }
  }

  /// Forgets a failure, so that the action is tried again.
  public func forgetFailure(of key: Key) throws {
    try factsForWriting().write { connection in
      try connection.use("DELETE FROM failures WHERE key = ?") {
        try $0.bind(key.digest)
        try $0.run()
      }
    }
  }
}
