import Formats
import GraphCore

extension Store {
  /// How many traces of one node are kept.
  static let tracesMax = 50

  /// Adds a trace, where it says something new, and what its deep key led to.
  static func insert(_ item: NodeTrace, duration: Double?, _ connection: inout Connection) throws {
    let (node, trace) = (item.node, item.trace)
    // Whoever relied on what it led to before has to look again.
    try connection.use(
      "UPDATE losses SET value = value + 1 WHERE EXISTS(SELECT 1 FROM deep WHERE deep = ? AND key <> ?)"
    ) {
      try $0.bind(trace.deepKey.digest)
      try $0.bind(trace.key.digest)
      try $0.run()
    }
    try connection.use("INSERT OR REPLACE INTO deep(deep, key, checksum) VALUES(?, ?, ?)") {
      try $0.bind(trace.deepKey.digest)
      try $0.bind(trace.key.digest)
      try $0.bind(RowChecksum.of(trace.deepKey.digest.bytes, trace.key.digest.bytes))
      try $0.run()
    }
    let text = Array(trace.preimage.text.utf8)
    let compressed = try Zstd.compress(text)
    try connection.use("INSERT OR IGNORE INTO preimages(key, text, size) VALUES(?, ?, ?)") {
      try $0.bind(trace.key.digest)
      try $0.bind(compressed)
      try $0.bind(Int64(text.count))
      try $0.run()
    }
    try connection.use("INSERT OR IGNORE INTO nodes(name) VALUES(?)") {
      try $0.bind(node)
      try $0.run()
    }
    if let duration {
      try connection.use("UPDATE nodes SET duration = ? WHERE name = ?") {
        try $0.bind(duration)
        try $0.bind(node)
        try $0.run()
      }
    }
    // A night that changes nothing adds nothing.
    let isKnown =
      try connection.use(
        """
        SELECT key = ? AND deep = ? AND outputs = ? FROM traces WHERE node = (SELECT id FROM nodes WHERE name = ?)
        ORDER BY id DESC LIMIT 1
        """
      ) { statement in
        try statement.bind(trace.key.digest)
        try statement.bind(trace.deepKey.digest)
        try statement.bind(ResultCoding.encode(trace.result.outputs))
        try statement.bind(node)
        return try statement.step() && statement.integer(0) == 1
      }
    if isKnown && duration == nil { return }
    try connection.use(
      """
      INSERT INTO traces(node, key, key_size, deep, deep_size, outputs, duration, finished, emulator, log)
      VALUES((SELECT id FROM nodes WHERE name = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ) {
      try $0.bind(node)
      try $0.bind(trace.key.digest)
      try $0.bind(trace.key.digest.size)
      try $0.bind(trace.deepKey.digest)
      try $0.bind(trace.deepKey.digest.size)
      try $0.bind(trace.result)
      try $0.run()
    }
    try connection.use(
      """
      DELETE FROM traces WHERE node = (SELECT id FROM nodes WHERE name = ?1) AND id <= (
        SELECT id FROM traces WHERE node = (SELECT id FROM nodes WHERE name = ?1)
        ORDER BY id DESC LIMIT 1 OFFSET \(tracesMax))
      """
    ) {
      try $0.bind(node)
      try $0.run()
    }
  }

  public func trace(ofNode name: String) throws -> Trace? {
    try traces(ofNode: name, limit: 1).first
  }

  public func newestKey(ofNode name: String) throws -> Key? {
    guard let facts else { return nil }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT traces.key, key_size FROM traces JOIN nodes ON nodes.id = node
        WHERE name = ? ORDER BY traces.id DESC LIMIT 1
        """
      ) { statement in
        try statement.bind(name)
        guard try statement.step() else { return nil }
        return statement.digest(0, size: 1).map { Key(digest: $0) }
      }
    }
  }

  public func traces(ofNode name: String, limit: Int) throws -> [Trace] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        """
        SELECT traces.key, key_size, deep, deep_size, preimages.text, preimages.size,
          outputs, traces.duration, finished, emulator, log
        FROM traces JOIN nodes ON nodes.id = node JOIN preimages ON preimages.key = traces.key
        WHERE name = ? ORDER BY traces.id DESC LIMIT ?
        """
      ) { statement in
        try statement.bind(name)
        try statement.bind(Int64(limit))
        var traces: [Trace] = []
        while try statement.step() {
          guard let key = statement.digest(0, size: 1), let deep = statement.digest(2, size: 3),
            let result = statement.result(6),
            // A preimage that is damaged explains nothing, and nothing depends on it.
            let text = try? Zstd.decompress(statement.blob(4), size: Int(statement.integer(5)))
          else { continue }
          traces.append(
            Trace(
              key: Key(digest: key), deepKey: Key(digest: deep),
              preimage: Preimage(text: String(decoding: text, as: UTF8.self)), result: result))
        }
        return traces
      }
    }
  }
}
