import Glibc
import GraphCore

extension Store {
  /// Stores a snapshot's document and gives it the next name of its day, `YYYYMMDD_NN`. No name is given twice, also
  /// not by two processes at once.
  ///
  /// - Parameter day: `YYYYMMDD`, UTC.
  public func saveSnapshot(_ document: [UInt8], day: String) throws -> String {
    guard day.utf8.count == 8, day.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw GraphError(.bug, "'\(day)' is not a day as YYYYMMDD")
    }
    let digest = try write(document)
    try sync()
    let now = Double(time(nil))
    // A name that somebody has read is not given again after a power cut.
    return try factsForWriting().write(.durable) { connection in
      let number = try connection.use("SELECT coalesce(max(number), 0) + 1 FROM snapshots WHERE day = ?") {
        statement in
        try statement.bind(day)
        return try statement.step() ? statement.integer(0) : 1
      }
      try connection.use("INSERT INTO snapshots(day, number, digest, size, time) VALUES(?, ?, ?, ?, ?)") {
        try $0.bind(day)
        try $0.bind(number)
        try $0.bind(digest)
        try $0.bind(digest.size)
        try $0.bind(now)
        try $0.run()
      }
      return Self.name(day, number)
    }
  }

  /// The document of a snapshot; `nil` where there is none of that name.
  ///
  /// - Throws: `MissingBlob` where the document itself is lost.
  public func snapshot(named name: String) throws -> [UInt8]? {
    try snapshots().last { $0.name == name }.map { try read($0.digest) }
  }

  /// The snapshot that was saved last.
  public func newestSnapshot() throws -> (name: String, document: [UInt8])? {
    try snapshots().last.map { ($0.name, try read($0.digest)) }
  }

  /// Every name, oldest first.
  public func snapshotNames() throws -> [String] { try snapshots().map(\.name) }

  /// The document of each, by name.
  func snapshotDocuments() throws -> [(name: String, digest: Digest)] {
    try snapshots().map { ($0.name, $0.digest) }
  }

  /// Forgets a snapshot whose document is lost; its name is not given again.
  func forgetSnapshot(_ name: String) throws {
    let parts = name.split(separator: "_")
    guard parts.count == 2, let number = Int64(parts[1]) else { return }
    try factsForWriting().write { connection in
      try connection.use("UPDATE snapshots SET digest = x'' WHERE day = ? AND number = ?") {
        try $0.bind(String(parts[0]))
        try $0.bind(number)
        try $0.run()
      }
    }
  }

  private struct Saved: Sendable {
    var name: String
    var digest: Digest
  }

  private func snapshots() throws -> [Saved] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use("SELECT day, number, digest, size FROM snapshots ORDER BY id") { statement in
        var all: [Saved] = []
        while try statement.step() {
          guard let digest = statement.digest(2, size: 3) else { continue }
          all.append(Saved(name: Self.name(statement.text(0) ?? "", statement.integer(1)), digest: digest))
        }
        return all
      }
    }
  }

  private static func name(_ day: String, _ number: Int64) -> String {
    "\(day)_\(number < 10 ? "0" : "")\(number)"
  }
}
