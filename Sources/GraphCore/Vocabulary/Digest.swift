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

  init(words: (UInt64, UInt64, UInt64, UInt64), size: Int64) {
    (word0, word1, word2, word3) = words
    self.size = size
  }

  /// The digest of no bytes.
  public static let empty = Digest(of: [])

  /// - Parameter bytes: exactly 32 bytes, the SHA-256 in network order; anything else gives `nil`.
  public init?(sha256 bytes: some Collection<UInt8>, size: Int64) {
    // On plain bytes, here and below: over a collection of any kind each byte costs a look-up of types, and a no-op of
    // a few hundred nodes spends half of its time there.
    let bytes = Array(bytes)
    guard bytes.count == 32, size >= 0 else { return nil }
    func word(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    (word0, word1, word2, word3) = (word(0), word(8), word(16), word(24))
    self.size = size
  }

  /// - Parameter hex: 64 hexadecimal digits of either case; anything else gives `nil`.
  public init?(hex: some StringProtocol, size: Int64) {
    var text = String(hex)
    guard size >= 0, let words = text.withUTF8({ Self.words(ofHex: $0) }) else { return nil }
    (word0, word1, word2, word3) = words
    self.size = size
  }

  private static func words(
    ofHex digits: UnsafeBufferPointer<UInt8>
  ) -> (UInt64, UInt64, UInt64, UInt64)? {
    guard digits.count == 64 else { return nil }
    var isHex = true
    func word(_ start: Int) -> UInt64 {
      var word: UInt64 = 0
      for index in start..<start + 16 {
        guard let nibble = Hex.nibble(digits[index]) else {
          isHex = false
          return 0
        }
        word = word << 4 | UInt64(nibble)
      }
      return word
    }
    let words = (word(0), word(16), word(32), word(48))
    return isHex ? words : nil
  }

  /// Reads the form that `description` writes: `hex/size`.
  public init?(_ text: some StringProtocol) {
    let text = String(text)
    let slash = text.utf8.index(text.startIndex, offsetBy: 64, limitedBy: text.endIndex) ?? text.endIndex
    guard slash < text.endIndex, text.utf8[slash] == UInt8(ascii: "/"),
      let size = Int64(text[text.utf8.index(after: slash)...])
    else { return nil }
    self.init(hex: text[..<slash], size: size)
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
