import Glibc
import GraphCore

/// The `package` elements of primary.xml or filelists.xml as they are written, for making other ones of them.
///
/// Format: createrepo_c. Elements do not nest, and their content has no unescaped `<`.
struct MetadataElements {
  private let bytes: [UInt8]
  /// One for each package, from its `<` to behind its `>`.
  private let ranges: [Range<Int>]

  init(_ bytes: [UInt8]) {
    var ranges: [Range<Int>] = []
    let (start, end) = (Array("<package ".utf8), Array("</package>".utf8))
    bytes.withUnsafeBytes { all in
      var place = 0
      while let first = Self.find(start, in: all, place..<all.count),
        let last = Self.find(end, in: all, first..<all.count)
      {
        place = last + end.count
        ranges.append(first..<place)
      }
    }
    (self.bytes, self.ranges) = (bytes, ranges)
  }

  private static func find(_ text: [UInt8], in all: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
    guard let base = all.baseAddress, let first = text.first else { return nil }
    var place = range.lowerBound
    while place + text.count <= range.upperBound {
      guard let found = memchr(base + place, Int32(first), range.upperBound - place) else { return nil }
      place = base.distance(to: UnsafeRawPointer(found))
      if place + text.count > range.upperBound { return nil }
      if memcmp(found, text, text.count) == 0 { return place }
      place += 1
    }
    return nil
  }

  /// The elements that hold a text, such as `<name>bash</name>`.
  func holding(_ text: String) -> [String] {
    let wanted = Array(text.utf8)
    return bytes.withUnsafeBytes { all in
      ranges.filter { Self.find(wanted, in: all, $0) != nil }.map { String(decoding: all[$0], as: UTF8.self) }
    }
  }

  /// The whole file with more elements behind the others.
  func appending(_ elements: [String]) -> [UInt8] {
    let end = ranges.last?.upperBound ?? bytes.endIndex
    return bytes[..<end] + Array(elements.joined(separator: "\n").utf8) + bytes[end...]
  }
}
