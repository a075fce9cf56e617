/// The name of some bytes: their SHA-256 and their size.
///
/// Two digests are equal exactly when hash and size are; nothing else in the engine decides that two artifacts are
/// the same. Four words instead of an array, so that it hashes and compares without touching the heap.
public struct Digest: Hashable, Sendable {
  let word0: UInt64
  let word1: UInt64
  let word2: UInt64
  let word3: UInt64
  /// Size of the named bytes, in bytes.
  public let size: Int64

  /// - Parameter bytes: exactly 32 bytes, the SHA-256 in network order; anything else gives `nil`.
  public init?(sha256 bytes: some Collection<UInt8>, size: Int64) {
    guard bytes.count == 32, size >= 0 else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (offset, byte) in bytes.enumerated() {
      words[offset / 8] = words[offset / 8] << 8 | UInt64(byte)
    }
    self.init(words: words, size: size)
  }

  /// - Parameter hex: 64 hexadecimal digits of either case; anything else gives `nil`.
  public init?(hex: some StringProtocol, size: Int64) {
    guard hex.utf8.count == 64, size >= 0 else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (offset, character) in hex.utf8.enumerated() {
      guard let nibble = Hex.nibble(character) else { return nil }
      words[offset / 16] = words[offset / 16] << 4 | UInt64(nibble)
    }
    self.init(words: words, size: size)
  }

  /// Reads the form that `description` writes: `hex/size`.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let size = Int64(parts[1]) else { return nil }
    self.init(hex: parts[0], size: size)
  }

  private init(words: [UInt64], size: Int64) {
    (word0, word1, word2, word3) = (words[0], words[1], words[2], words[3])
    self.size = size
  }

  /// The digest of `bytes`.
  public init(of bytes: some Sequence<UInt8>) {
    var hasher = DigestHasher()
    hasher.update(Array(bytes))
    self = hasher.finish()
  }

  /// The digest of the UTF-8 bytes of `text`.
  public init(ofText text: String) {
    self.init(of: text.utf8)
  }

  /// The 32 bytes of the SHA-256, in network order.
  public var bytes: [UInt8] {
    [word0, word1, word2, word3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }
  }

  /// 64 lower-case hexadecimal digits.
  public var hex: String {
    String(unsafeUninitializedCapacity: 64) { buffer in
      var position = 0
      for word in [word0, word1, word2, word3] {
        for shift in stride(from: 60, through: 0, by: -4) {
          buffer[position] = Self.digits[Int(word >> UInt64(shift) & 15)]
          position += 1
        }
      }
      return position
    }
  }

  private static let digits = Array("0123456789abcdef".utf8)
}

extension Digest: CustomStringConvertible {
  /// `hex/size`, the form that keys, recipes and the store use.
  public var description: String { "\(hex)/\(size)" }

  /// The first twelve hexadecimal digits, for people.
  public var short: String { String(hex.prefix(12)) }
}
