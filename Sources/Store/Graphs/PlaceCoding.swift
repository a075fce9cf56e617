import Glibc
import GraphCore

/// Places as bytes, in parts that can be looked at side by side: how many parts there are, and the length and bytes of each.
///
/// A part holds places until its end: how many bytes of the path are shared with the place before in the part, how many
/// follow, those, what role it has (0 structure without digest, 1 structure with it, 2 source, 3 presence; plus 4 where its
/// stamp is trusted, 8 where it is a link), the stamp, and a source's number or a structure's digest. Numbers are in the
/// machine's byte order.
enum PlaceCoding {
  static let placesInPart = 2048

  static func encode(_ places: [Place]) -> [UInt8] {
    var bytes: [UInt8] = []
    let starts = Array(stride(from: 0, to: places.count, by: placesInPart))
    append(UInt64(starts.count), to: &bytes)
    for start in starts {
      let part = part(places[start..<min(start + placesInPart, places.count)])
      append(UInt64(part.count), to: &bytes)
      bytes += part
    }
    return bytes
  }

  private static func part(_ places: ArraySlice<Place>) -> [UInt8] {
    var bytes: [UInt8] = []
    var before: [UInt8] = []
    for place in places {
      let path = Array(place.path.utf8)
      let shared = zip(before, path).prefix { $0 == $1 }.count
      append(UInt16(truncatingIfNeeded: shared), to: &bytes)
      append(UInt16(truncatingIfNeeded: path.count - shared), to: &bytes)
      bytes += path[shared...]
      bytes.append(tag(place))
      append(place.stamp.entry, to: &bytes)
      if place.stamp.isLink { append(place.stamp.target, to: &bytes) }
      switch place.role {
      case .structure(let digest?):
        bytes += digest.bytes
        append(digest.size, to: &bytes)
      case .source(let number): append(UInt64(number), to: &bytes)
      case .structure(nil), .presence: break
      }
      before = path
    }
    return bytes
  }

  private static func tag(_ place: Place) -> UInt8 {
    let role: UInt8 =
      switch place.role {
      case .structure(nil): 0
      case .structure: 1
      case .source: 2
      case .presence: 3
      }
    return role | (place.isTrusted ? 4 : 0) | (place.stamp.isLink ? 8 : 0)
  }

  private static func append<Value: BitwiseCopyable>(_ value: Value, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value) { bytes += $0 }
  }

  /// The parts of encoded places; `nil` where the bytes are none.
  static func parts(_ bytes: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer]? {
    var reader = PlaceReader(bytes)
    guard let count = reader.value(UInt64.self) else { return nil }
    var parts: [UnsafeRawBufferPointer] = []
    for _ in 0..<count {
      guard let length = reader.value(UInt64.self), let part = reader.take(length) else { return nil }
      parts.append(part)
    }
    return parts
  }
}

/// Reads the places of a part, one after the other. Whatever is not as it should be ends the reading.
struct PlaceReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// The path of the place that was read last, with a zero behind it.
  private(set) var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
  private(set) var role = Place.Role.presence
  private(set) var stamp = FileStamp()
  private(set) var isTrusted = false

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  fileprivate mutating func value<Value: BitwiseCopyable>(_: Value.Type) -> Value? {
    guard bytes.count - position >= MemoryLayout<Value>.size else { return nil }
    defer { position += MemoryLayout<Value>.size }
    return bytes.loadUnaligned(fromByteOffset: position, as: Value.self)
  }

  fileprivate mutating func take(_ count: UInt64) -> UnsafeRawBufferPointer? {
    guard count <= UInt64(bytes.count - position) else { return nil }
    defer { position += Int(count) }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(count)])
  }

  /// Reads the next place into this; `false` where there is none.
  mutating func next() -> Bool {
    guard let shared = value(UInt16.self), let rest = value(UInt16.self), let name = take(UInt64(rest)),
      Int(shared) + Int(rest) < path.count - 1, let tag = value(UInt8.self),
      let entry = value(FileStamp.Facts.self)
    else { return false }
    for (index, byte) in name.enumerated() { path[Int(shared) + index] = CChar(bitPattern: byte) }
    path[Int(shared) + Int(rest)] = 0
    stamp = FileStamp()
    stamp.entry = entry
    isTrusted = tag & 4 != 0
    if tag & 8 != 0 {
      guard let target = value(FileStamp.Facts.self) else { return false }
      stamp.target = target
    }
    switch tag & 3 {
    case 0: role = .structure(nil)
    case 1:
      guard let hash = take(32), let size = value(Int64.self) else { return false }
      role = .structure(Digest(sha256: hash, size: size))
    case 2:
      guard let number = value(UInt64.self), number < UInt64(Int32.max) else { return false }
      role = .source(Int(number))
    default: role = .presence
    }
    return true
  }

  /// The place that was read last.
  var place: Place {
    let text = path.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { String(cString: $0) } ?? "" }
    return Place(path: text, role: role, stamp: stamp, isTrusted: isTrusted)
  }
}
