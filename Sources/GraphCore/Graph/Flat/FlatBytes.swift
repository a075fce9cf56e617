/// The bytes of a compiled graph, in memory or mapped from a file. They never change, and live as long as this object.
///
/// Numbers are in the machine's own byte order: the bytes are a cache of the machine that made them.
public final class FlatBytes: @unchecked Sendable {
  // Sendable: the bytes are only read, and `release` is called once, when nobody can be reading.
  public let bytes: UnsafeRawBufferPointer
  private let release: @Sendable () -> Void

  /// - Parameters:
  ///   - bytes: aligned to 8.
  ///   - release: gives them back.
  public init(_ bytes: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
    self.bytes = bytes
    self.release = release
  }

  /// A copy in memory.
  public convenience init(copying bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    copy.copyBytes(from: bytes)
    // Only an address, so that the closure may go to another task.
    let address = UInt(bitPattern: copy.baseAddress)
    self.init(UnsafeRawBufferPointer(copy)) { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
  }

  deinit { release() }
}

/// A row of numbers within `FlatBytes`. Whoever keeps it keeps the bytes, too.
struct Column<Element: BitwiseCopyable>: @unchecked Sendable {
  // Sendable: as the bytes it points into.
  private let start: UnsafePointer<Element>?
  let count: Int

  init(_ bytes: UnsafeRawBufferPointer) {
    count = bytes.count / MemoryLayout<Element>.stride
    start = bytes.baseAddress?.assumingMemoryBound(to: Element.self)
  }

  subscript(index: Int) -> Element {
    guard let start, index >= 0, index < count else { preconditionFailure("row \(index) of \(count)") }
    return start[index]
  }
}

extension Column where Element == UInt8 {
  /// Hands on some of the bytes.
  func withBytes<Result>(
    from begin: Int, count length: Int, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    guard let start, begin >= 0, length >= 0, begin <= count - length else {
      preconditionFailure("bytes \(begin) to \(begin + length) of \(count)")
    }
    return body(UnsafeRawBufferPointer(start: start + begin, count: length))
  }

  /// All of the bytes.
  var bytes: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

/// Lists of numbers, one for each row, one behind the other: where each begins, and the numbers (compressed sparse rows).
struct ListColumn: Sendable {
  private let offsets: Column<UInt32>
  private let values: Column<Int32>

  init(offsets: Column<UInt32>, values: Column<Int32>) {
    self.offsets = offsets
    self.values = values
  }

  /// A view of the list of row `index`.
  subscript(index: Int) -> FlatList {
    FlatList(values: values, start: Int(offsets[index]), end: Int(offsets[index + 1]))
  }

  /// The list of each row from pairs of a row and a value, which are in the order that each list is to have.
  static func lists(rows: Int, pairs: [(row: Int32, value: Int32)]) -> (offsets: [UInt32], values: [Int32]) {
    var offsets = [UInt32](repeating: 0, count: rows + 1)
    for pair in pairs { offsets[Int(pair.row) + 1] += 1 }
    for row in offsets.indices.dropFirst() { offsets[row] += offsets[row - 1] }
    var next = offsets
    var values = [Int32](repeating: 0, count: pairs.count)
    for pair in pairs {
      values[Int(next[Int(pair.row)])] = pair.value
      next[Int(pair.row)] += 1
    }
    return (offsets, values)
  }
}

/// Some numbers of a `ListColumn`.
struct FlatList: RandomAccessCollection, Sendable {
  fileprivate let values: Column<Int32>
  fileprivate let start: Int
  fileprivate let end: Int
  var startIndex: Int { 0 }
  var endIndex: Int { end - start }
  subscript(position: Int) -> Int32 { values[start + position] }
}
