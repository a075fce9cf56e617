/// Texts by number, each once.
enum FlatTexts: Sendable {
  /// While a graph is made.
  case list([String])
  /// Where each begins in the bytes, and one more for the end of the last.
  case columns(offsets: Column<UInt64>, bytes: Column<UInt8>)

  subscript(number: Int) -> String {
    switch self {
    case .list(let texts): return texts[number]
    case .columns(let offsets, let bytes):
      let (start, end) = (Int(offsets[number]), Int(offsets[number + 1]))
      return bytes.withBytes(from: start, count: end - start) { String(decoding: $0, as: UTF8.self) }
    }
  }
}

/// A value that is kept in the records of a compiled graph: what `write` writes, `init` reads.
protocol FlatRecord {
  func write(to writer: inout FlatWriter)
  init(from reader: inout FlatReader)
}

/// Writes records one behind the other: numbers in as few bytes as they need (LEB128), texts by their number.
struct FlatWriter {
  private(set) var bytes: [UInt8] = []
  private(set) var texts: [String] = []
  private var numbers: [String: UInt32] = [:]

  /// A writer of other records with the same texts.
  func emptied() -> FlatWriter {
    var writer = self
    writer.bytes = []
    return writer
  }

  mutating func write(_ value: UInt64) { bytes.append(variable: value) }

  mutating func write(_ value: Int) { write(Int64(value)) }

  mutating func write(_ value: Int64) { bytes.append(variable: value) }

  mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func write(_ text: String) { write(UInt64(number(of: text))) }

  mutating func write(raw: some Collection<UInt8>) {
    write(UInt64(raw.count))
    bytes += raw
  }

  mutating func write(_ record: some FlatRecord) { record.write(to: &self) }

  mutating func write<Value>(_ value: Value?, _ body: (inout FlatWriter, Value) -> Void) {
    write(value != nil)
    if let value { body(&self, value) }
  }

  mutating func write<Item>(_ items: some Collection<Item>, _ body: (inout FlatWriter, Item) -> Void) {
    write(UInt64(items.count))
    for item in items { body(&self, item) }
  }

  mutating func write(_ texts: [String]) { write(texts) { $0.write($1) } }

  mutating func write(_ items: [some FlatRecord]) { write(items) { $0.write($1) } }

  mutating func write(_ digest: Digest) {
    bytes += digest.bytes
    write(digest.size)
  }

  mutating func number(of text: String) -> UInt32 {
    if let known = numbers[text] { return known }
    let number = UInt32(texts.count)
    texts.append(text)
    numbers[text] = number
    return number
  }
}

/// Reads records that `FlatWriter` wrote. Past the end everything is zero and empty.
struct FlatReader {
  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  let texts: FlatTexts

  init(_ bytes: UnsafeRawBufferPointer, at position: Int, texts: FlatTexts) {
    self.bytes = bytes
    self.position = position
    self.texts = texts
  }

  private mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func unsigned() -> UInt64 {
    var (value, shift): (UInt64, UInt64) = (0, 0)
    while true {
      let byte = byte()
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      if byte < 0x80 || shift > 63 { return value }
    }
  }

  mutating func signed() -> Int64 {
    let value = unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  mutating func integer() -> Int { Int(signed()) }

  /// How many items follow: each takes a byte at least.
  mutating func count() -> Int { Int(min(unsigned(), UInt64(bytes.count - position))) }

  mutating func boolean() -> Bool { byte() != 0 }

  mutating func text() -> String { texts[Int(unsigned())] }

  mutating func skipText() { _ = unsigned() }

  mutating func raw() -> [UInt8] {
    let count = count()
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func record<Record: FlatRecord>() -> Record { Record(from: &self) }

  mutating func optional<Value>(_ body: (inout FlatReader) -> Value) -> Value? {
    boolean() ? body(&self) : nil
  }

  mutating func list<Item>(_ body: (inout FlatReader) -> Item) -> [Item] {
    let count = count()
    var items: [Item] = []
    items.reserveCapacity(count)
    for _ in 0..<count { items.append(body(&self)) }
    return items
  }

  mutating func strings() -> [String] { list { $0.text() } }

  mutating func records<Record: FlatRecord>() -> [Record] { list { $0.record() } }

  mutating func digest() -> Digest {
    guard position + 32 <= bytes.count else { return .empty }
    let start = position
    position += 32
    let size = signed()
    return Digest(sha256: bytes[start..<start + 32], size: size) ?? .empty
  }
}
