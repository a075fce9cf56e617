/// How the columns of a compiled graph lie in its bytes: `graphflt`, a number that tells the byte order, how many sections
/// there are, where each begins and how long it is (8 bytes each), then the sections, aligned to 8.
struct FlatSections {
  private static let magic = Array("graphflt".utf8)
  private static let order: UInt64 = 0x0102_0304_0506_0708

  /// The sections of bytes that `joined` made; `nil` where they are no such bytes, or of another number of sections.
  static func split(_ bytes: UnsafeRawBufferPointer, count: Int) -> [UnsafeRawBufferPointer]? {
    func number(_ position: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) }
    let header = 24 + 16 * count
    guard bytes.count >= header, bytes.prefix(8).elementsEqual(magic), number(8) == order,
      number(16) == UInt64(count)
    else { return nil }
    var sections: [UnsafeRawBufferPointer] = []
    for index in 0..<count {
      let (offset, length) = (number(24 + 16 * index), number(32 + 16 * index))
      let size = UInt64(bytes.count)
      guard offset <= size, length <= size - offset, offset.isMultiple(of: 8) else { return nil }
      sections.append(UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset + length)]))
    }
    return sections
  }

  private var sections: [[UInt8]] = []

  mutating func append(_ bytes: [UInt8]) { sections.append(bytes) }

  mutating func append(column: [some BitwiseCopyable]) {
    column.withUnsafeBytes { sections.append(Array($0)) }
  }

  func joined() -> [UInt8] {
    var output = Self.magic
    func append(_ number: UInt64) { withUnsafeBytes(of: number) { output += $0 } }
    append(Self.order)
    append(UInt64(sections.count))
    var offset = 24 + 16 * sections.count
    for section in sections {
      append(UInt64(offset))
      append(UInt64(section.count))
      offset += (section.count + 7) / 8 * 8
    }
    output.reserveCapacity(offset)
    for section in sections {
      output += section
      output += [UInt8](repeating: 0, count: (8 - section.count % 8) % 8)
    }
    return output
  }
}
