import Formats
import Glibc
import GraphCore

/// A command's answer, kept with all that it depends on: asked again while nothing of that has moved, it is given again
/// without reading a manifest.
///
/// It depends on the question (the command's arguments and the program), on the store's generation, which every new
/// result and snapshot raises, and on the footprint. As a file: a line `graph-memo 1`, then in little-endian order the
/// generation, the exit code, the lengths and bytes of question, output and notes, the number of parts, and the length
/// and bytes of each part. A part holds places until its end: how many bytes of the path are shared with the place before
/// in the part, how many follow, those, and the stamp.
struct Memo {
  static let magic = Array("graph-memo 1\n".utf8)
  /// Places in one part: parts are looked at side by side.
  static let placesInPart = 2048

  var question: [UInt8]
  var generation: Int64
  var answer: RememberedAnswer
  var places: [(path: String, stamp: FileStamp)]

  func encoded() -> [UInt8] {
    var writer = MemoWriter()
    writer.bytes += Self.magic
    writer.append(generation)
    writer.append(answer.exitCode)
    writer.append(text: question)
    writer.append(text: answer.output)
    writer.append(text: Array(answer.notes.utf8))
    let starts = Array(stride(from: 0, to: places.count, by: Self.placesInPart))
    writer.append(UInt32(truncatingIfNeeded: starts.count))
    for start in starts {
      writer.append(text: Self.part(places[start..<min(start + Self.placesInPart, places.count)]))
    }
    return writer.bytes
  }

  private static func part(_ places: ArraySlice<(path: String, stamp: FileStamp)>) -> [UInt8] {
    var writer = MemoWriter()
    var before: [UInt8] = []
    for (path, stamp) in places {
      let path = Array(path.utf8)
      let shared = zip(before, path).prefix { $0 == $1 }.count
      writer.append(UInt16(truncatingIfNeeded: shared))
      writer.append(UInt16(truncatingIfNeeded: path.count - shared))
      writer.bytes += path[shared...]
      let isLink = stamp.target != FileStamp.Facts()
      writer.append(UInt8(isLink ? 1 : 0))
      writer.append(stamp.entry)
      if isLink { writer.append(stamp.target) }
      before = path
    }
    return writer.bytes
  }

  /// The answer in a memo's bytes, where it was given to `question` at `generation` and every place is as it was.
  static func answer(
    in bytes: [UInt8], to question: [UInt8], generation: Int64
  ) async -> RememberedAnswer? {
    var reader = MemoReader(bytes: bytes[...])
    guard reader.take(magic.count).map(Array.init) == magic,
      reader.integer(Int64.self) == generation,
      let exitCode = reader.integer(Int32.self),
      reader.text().map(Array.init) == question,
      let output = reader.text(), let notes = reader.text(),
      let count = reader.integer(UInt32.self)
    else { return nil }
    var parts: [ArraySlice<UInt8>] = []
    for _ in 0..<count {
      guard let part = reader.text() else { return nil }
      parts.append(part)
    }
    let isUnchanged = await withTaskGroup(of: Bool.self) { group in
      for part in parts { group.addTask { areUnchanged(part) } }
      return await group.allSatisfy { $0 }
    }
    guard isUnchanged else { return nil }
    return RememberedAnswer(
      output: Array(output), notes: String(decoding: notes, as: UTF8.self), exitCode: exitCode)
  }

  private static func areUnchanged(_ part: ArraySlice<UInt8>) -> Bool {
    var reader = MemoReader(bytes: part)
    // A path and its end, in a place of its own, so that walking through many costs no memory.
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    while !reader.bytes.isEmpty {
      guard reader.isUnchanged(path: &path) else { return false }
    }
    return true
  }
}

/// What a command printed and how it ended.
public struct RememberedAnswer: Equatable, Sendable {
  /// For standard output.
  public var output: [UInt8]
  /// For standard error.
  public var notes: String
  public var exitCode: Int32
  public init(output: [UInt8], notes: String, exitCode: Int32) {
    (self.output, self.notes, self.exitCode) = (output, notes, exitCode)
  }
}

private struct MemoWriter {
  var bytes: [UInt8] = []

  mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  mutating func append(text: [UInt8]) {
    append(UInt32(truncatingIfNeeded: text.count))
    bytes += text
  }

  mutating func append(_ facts: FileStamp.Facts) {
    append(facts.device)
    append(facts.inode)
    append(facts.mode)
    append(facts.size)
    append(facts.modified)
    append(facts.changed)
  }
}

/// Reads a memo from front to back. Whatever is not as it should be is no memo.
private struct MemoReader {
  /// What has not been read yet.
  var bytes: ArraySlice<UInt8>

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, bytes.count >= count else { return nil }
    defer { bytes = bytes[(bytes.startIndex + count)...] }
    return bytes.prefix(count)
  }

  mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
    take(MemoryLayout<Value>.size).map { taken in
      Value(littleEndian: taken.withUnsafeBytes { $0.loadUnaligned(as: Value.self) })
    }
  }

  mutating func text() -> ArraySlice<UInt8>? { integer(UInt32.self).flatMap { take(Int($0)) } }

  /// Reads the next place, and looks whether it is as it was.
  mutating func isUnchanged(path: inout [CChar]) -> Bool {
    guard let shared = integer(UInt16.self), let rest = integer(UInt16.self), let name = take(Int(rest)),
      Int(shared) + Int(rest) < path.count - 1, let isLink = integer(UInt8.self)
    else { return false }
    var end = Int(shared)
    for byte in name {
      path[end] = CChar(bitPattern: byte)
      end += 1
    }
    path[end] = 0
    var stamp = FileStamp()
    guard let entry = facts() else { return false }
    stamp.entry = entry
    if isLink == 1 {
      guard let target = facts() else { return false }
      stamp.target = target
    }
    return path.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { FileStamp($0) == stamp } ?? false
    }
  }

  private mutating func facts() -> FileStamp.Facts? {
    guard let device = integer(UInt64.self), let inode = integer(UInt64.self),
      let mode = integer(UInt64.self),
      let size = integer(Int64.self), let modified = integer(Int64.self), let changed = integer(Int64.self)
    else { return nil }
    var facts = FileStamp.Facts()
    (facts.device, facts.inode, facts.mode) = (device, inode, mode)
    (facts.size, facts.modified, facts.changed) = (size, modified, changed)
    return facts
  }
}
