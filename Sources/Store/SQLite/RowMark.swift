/// A number that is written with a row and tells that its parts belong together: SQLite has no checksums, and a flipped bit
/// in an index makes it find the row of another key. Finds accidents, not intent.
enum RowMark {
  static func of(_ parts: [[UInt8]]) -> Int64 {
    // FNV-1a over the bytes, with the length of each part before it.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for part in parts {
      for shift in stride(from: 0, to: 64, by: 8) {
        add(UInt8(truncatingIfNeeded: UInt64(part.count) >> UInt64(shift)))
      }
      part.forEach(add)
    }
    return Int64(bitPattern: hash ^ hash >> 29)
  }

  /// Of a result and the key that it is found by.
  static func of(key: [UInt8], outputs: String) -> Int64 { of([key, Array(outputs.utf8)]) }

  /// Of a deep key and the key that it led to.
  static func of(deep: [UInt8], key: [UInt8]) -> Int64 { of([deep, key]) }
}
