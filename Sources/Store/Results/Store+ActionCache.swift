import Formats
import Glibc
import GraphCore

extension Store: ActionCache {
  public func result(of key: Key) throws -> ActionResult? {
    try complete(
      facts?.read { connection in
        try connection.use(
          "SELECT outputs, duration, finished, emulator, log, checksum FROM actions WHERE key = ?"
        ) { statement in
          try statement.bind(key.digest)
          return try statement.step() ? statement.result(of: key.digest.bytes) : nil
        }
      })
  }

  public func result(ofDeep key: Key) throws -> ActionResult? {
    try complete(
      facts?.read { connection in
        try connection.use(
          """
          SELECT outputs, duration, finished, emulator, log, actions.checksum, deep.key, deep.checksum
          FROM deep JOIN actions USING(key) WHERE deep = ?
          """
        ) { statement in
          try statement.bind(key.digest)
          guard try statement.step() else { return nil }
          let found = statement.blob(6)
          guard statement.hasChecksum(7, RowChecksum.of(key.digest.bytes, found)) else { return nil }
          return statement.result(of: found)
        }
      })
  }

  /// A result whose blobs are all there.
  private func complete(_ found: ActionResult?) throws -> ActionResult? {
    guard let found, try containsAll(found.outputs.values.map(\.digest)) else { return nil }
    return found
  }

  public func key(ofDeep key: Key) throws -> Key? {
    guard let facts else { return nil }
    return try facts.read { connection in
      try connection.use(
        "SELECT deep.key, size, deep.checksum FROM deep JOIN preimages USING(key) WHERE deep = ?"
      ) { statement in
        try statement.bind(key.digest)
        guard try statement.step(),
          statement.hasChecksum(2, RowChecksum.of(key.digest.bytes, statement.blob(0)))
        else { return nil }
        return statement.digest(0, size: 1).map { Key(digest: $0) }
      }
    }
  }

  public func record(_ made: [NodeTrace]) throws {
    let facts = try factsForWriting()
    // The caller has done so; here it costs nothing then, and makes the order certain.
    try sync()
    // Who is told that an action is done will not see it run again, whatever happens to the machine.
    try facts.write(.durable) { connection in
      for item in made {
        let trace = item.trace
        // An action that is not reproducible made something else: so it is with the deep key below.
        try connection.use(
          "UPDATE losses SET value = value + 1 WHERE EXISTS(SELECT 1 FROM actions WHERE key = ? AND outputs <> ?)"
        ) {
          try $0.bind(trace.key.digest)
          try $0.bind(ResultCoding.encode(trace.result.outputs))
          try $0.run()
        }
        try connection.use(
          """
          INSERT OR REPLACE INTO actions(key, outputs, duration, finished, emulator, log, checksum)
          VALUES(?, ?, ?, ?, ?, ?, ?)
          """
        ) {
          try $0.bind(trace.key.digest)
          try $0.bind(trace.result)
          try $0.bind(
            RowChecksum.of(trace.key.digest.bytes, Array(ResultCoding.encode(trace.result.outputs).utf8)))
          try $0.run()
        }
        try connection.use("DELETE FROM failures WHERE key = ?") {
          try $0.bind(trace.key.digest)
          try $0.run()
        }
        try Self.insert(item, duration: trace.result.provenance.durationSeconds, &connection)
      }
    }
  }

  public func recordHits(_ found: [NodeTrace]) throws {
    try factsForWriting().write { connection in
      for item in found { try Self.insert(item, duration: nil, &connection) }
    }
  }

  public func forget(_ digest: Digest) throws {
    let facts = try factsForWriting()
    let outputs = try facts.read { connection in
      try connection.use("SELECT DISTINCT outputs FROM actions") { statement in
        var all: [String] = []
        while try statement.step() { all.append(statement.text(0) ?? "") }
        return all
      }
    }
    // This walks every recipe, and is only done where a blob is missing or damaged: an index from each file of each
    // layer to its results would be larger than the recipes.
    let word = digest.description
    var naming: [Digest: Bool] = [:]
    for text in outputs {
      // A result that cannot be read is forgotten too.
      let artifacts = ResultCoding.decode(text)
      let isHit =
        try artifacts?.values.contains { artifact in
          if artifact.digest == digest { return true }
          if artifact.kind == .blob { return false }
          if let known = naming[artifact.digest] { return known }
          let names = try recipe(artifact.digest, names: word)
          naming[artifact.digest] = names
          return names
        } ?? true
      if isHit { try forgetResults(text, facts) }
    }
  }

  /// Whether a recipe contains the text of a digest; `true` where the recipe itself is not there.
  private func recipe(_ digest: Digest, names word: String) throws -> Bool {
    guard var text = try peek(digest) else { return true }
    text.append(0)
    // Recipes are text without NUL, so the C library's search, which is vectorised, sees all of it.
    return text.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map { strstr($0, word) != nil } ?? true
      }
    }
  }

  private func forgetResults(_ outputs: String, _ facts: Database) throws {
    try facts.write { connection in
      for sql in [
        "DELETE FROM deep WHERE key IN (SELECT key FROM actions WHERE outputs = ?)",
        "DELETE FROM actions WHERE outputs = ?",
      ] {
        try connection.use(sql) {
          try $0.bind(outputs)
          try $0.run()
        }
      }
    }
  }

  public func lease(_ key: Key) async throws -> any Lease {
    try requireWriting()
    return try await FileLease.take("\(locks)/\(key.digest.hex.prefix(16))")
  }
}
