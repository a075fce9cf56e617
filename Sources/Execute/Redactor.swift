import FoundationEssentials

/// Finds secrets in what a command prints and leaves stars in their place.
///
/// Looked for are each value, its lines, and their Base64; what a program changes in any other way is not found.
struct Redactor: Sendable {
  /// What is looked for, by its first two bytes, longest first.
  private var patterns: [UInt16: [[UInt8]]] = [:]
  private var longest = 0

  /// A shorter value would be found in every other word.
  static let valueBytesMin = 4
  static let lineBytesMin = 8
  static let replacement = Array("***".utf8)

  init(_ secrets: [[UInt8]] = []) {
    var found: Set<[UInt8]> = []
    for secret in secrets {
      let value = Self.withoutLineEnd(secret)
      guard value.count >= Self.valueBytesMin else { continue }
      found.insert(secret)
      found.insert(value)
      for line in value.split(separator: 0x0a) { Self.add(Self.withoutLineEnd(Array(line)), to: &found) }
      for text in [value, value + [0x0a], secret] {
        let encoded = Array(Data(text).base64EncodedString().utf8)
        found.insert(encoded)
        // As the program base64 breaks it.
        for start in stride(from: 0, to: encoded.count, by: 76) {
          Self.add(Array(encoded[start..<min(start + 76, encoded.count)]), to: &found)
        }
      }
    }
    longest = found.map(\.count).max() ?? 0
    patterns = Dictionary(grouping: found) { Self.start($0, 0) }.mapValues { same in
      same.sorted { ($1.count, $0.first ?? 0) < ($0.count, $1.first ?? 0) }
    }
  }

  var isEmpty: Bool { patterns.isEmpty }

  /// Takes from the front of `pending` what nothing that follows can change, with the secrets in it replaced.
  ///
  /// - Parameter isEnd: whether nothing follows.
  func take(from pending: inout [UInt8], isEnd: Bool) -> [UInt8] {
    if isEmpty {
      defer { pending = [] }
      return pending
    }
    var clean: [UInt8] = []
    clean.reserveCapacity(pending.count)
    var index = 0
    let end = isEnd ? pending.count : max(0, pending.count - longest)
    while index < end {
      if let length = match(pending, at: index) {
        clean += Self.replacement
        index += length
      } else {
        clean.append(pending[index])
        index += 1
      }
    }
    pending.removeFirst(index)
    return clean
  }

  private func match(_ bytes: [UInt8], at index: Int) -> Int? {
    guard index + 1 < bytes.count, let candidates = patterns[Self.start(bytes, index)] else { return nil }
    return candidates.first { pattern in
      pattern.count <= bytes.count - index
        && bytes[index..<(index + pattern.count)].elementsEqual(pattern)
    }?.count
  }

  private static func start(_ bytes: [UInt8], _ index: Int) -> UInt16 {
    UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
  }

  private static func add(_ line: [UInt8], to found: inout Set<[UInt8]>) {
    if line.count >= lineBytesMin { found.insert(line) }
  }

  private static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
    Array(bytes.reversed().drop { $0 == 0x0a || $0 == 0x0d }.reversed())
  }
}
