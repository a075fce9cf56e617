/// A digest for each row: those that were written once, in place, and those that have changed since.
///
/// Written as 32 bytes of SHA-256 and 8 of size, in the machine's byte order, a row.
public struct DigestColumn: Sendable {
  private static let rowBytes = 40
  private let rows: Column<UInt8>
  /// Keeps the rows.
  private let owner: FlatBytes?
  private var changed: [Int: Digest] = [:]
  public let count: Int

  /// - Parameters:
  ///   - bytes: the rows, of which nobody else changes anything while `owner` lives.
  public init(rows bytes: UnsafeRawBufferPointer, owner: FlatBytes) {
    rows = Column(bytes)
    self.owner = owner
    count = bytes.count / Self.rowBytes
  }

  public init(_ digests: [Digest]) {
    let flat = FlatBytes(copying: Self.encoded(digests))
    self.init(rows: flat.bytes, owner: flat)
  }

  public subscript(row: Int) -> Digest {
    get {
      if !changed.isEmpty, let digest = changed[row] { return digest }
      return rows.digest(at: row * Self.rowBytes)
    }
    set { changed[row] = newValue }
  }

  /// How many rows have changed.
  public var changedCount: Int { changed.count }

  /// All rows, as they are now.
  public func encoded() -> [UInt8] {
    var bytes = rows.bytes
    for (row, digest) in changed {
      bytes.replaceSubrange(row * Self.rowBytes..<(row + 1) * Self.rowBytes, with: Self.encoded([digest]))
    }
    return bytes
  }

  private static func encoded(_ digests: [Digest]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digests.count * rowBytes)
    for digest in digests {
      for word in [digest.word0, digest.word1, digest.word2, digest.word3] {
        withUnsafeBytes(of: word) { bytes += $0 }
      }
      withUnsafeBytes(of: digest.size) { bytes += $0 }
    }
    return bytes
  }
}

extension Column where Element == UInt8 {
  fileprivate func digest(at position: Int) -> Digest {
    withBytes(from: position, count: 40) { bytes in
      func word(_ offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
      return Digest(
        words: (word(0), word(8), word(16), word(24)),
        size: bytes.loadUnaligned(fromByteOffset: 32, as: Int64.self))
    }
  }
}
