import FoundationEssentials
import Glibc
import Testing

/// What the library of Tests/FaultShim wrote down: operations in the order in which they were done.
struct OperationLog: Sequence {
  enum Kind: UInt8 {
    case made = 0x63
    case written = 0x77
    case truncated = 0x74
    case renamed = 0x72
    case linked = 0x6c
    case symlinked = 0x73
    case unlinked = 0x75
    case folder = 0x64
    case emptied = 0x65
    case synced = 0x66
    case allSynced = 0x46
    case said = 0x70
    case unknown = 0x78
  }

  /// One record of `shim.h`; the fields that count are said there.
  struct Operation {
    let kind: Kind
    let first: String
    let second: String
    let inode: UInt64
    let offset: Int
    let data: ArraySlice<UInt8>
  }

  private let bytes: [UInt8]

  init(file: String) throws { bytes = try EndToEndTests.bytes(ofFile: file) }

  func makeIterator() -> AnyIterator<Operation> {
    var rest = bytes[...]
    return AnyIterator {
      guard rest.count >= 32 else { return nil }
      func number<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
        rest.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
      }
      let sizes = [4, 8, 12].map { Int(number($0, UInt32.self)) }
      guard let kind = Kind(rawValue: number(0, UInt8.self)), rest.count >= 32 + sizes.reduce(0, +) else {
        return nil
      }
      let (inode, offset) = (number(16, UInt64.self), Int(number(24, UInt64.self)))
      rest = rest.dropFirst(32)
      let parts = sizes.map { size in
        defer { rest = rest.dropFirst(size) }
        return rest.prefix(size)
      }
      return Operation(
        kind: kind, first: String(decoding: parts[0], as: UTF8.self),
        second: String(decoding: parts[1], as: UTF8.self), inode: inode, offset: offset, data: parts[2])
    }
  }
}
