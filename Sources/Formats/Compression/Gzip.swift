import CZlib
import GraphCore

/// Gzip as RFC 1952 has it, without a name or a time, so that equal input and library give equal bytes.
public enum Gzip {
  public static let defaultLevel: Int32 = 6

  /// The version of the library, which is part of the key of whatever publishes compressed bytes.
  public static var libraryVersion: String { String(cString: zlibVersion()) }

  public static func compress(_ bytes: [UInt8], level: Int32 = defaultLevel) throws -> [UInt8] {
    var output: [UInt8] = []
    var compressor = try GzipCompressor(level: level)
    try bytes.withUnsafeBytes { try compressor.update($0) { output.append(contentsOf: $0) } }
    try compressor.finish { output.append(contentsOf: $0) }
    return output
  }

  /// The content of one or more members.
  ///
  /// - Parameter limit: how many bytes may come out at most.
  /// - Throws: `FormatError` where the input is damaged, cut off or longer than that.
  public static func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
    var output: [UInt8] = []
    var decompressor = try GzipDecompressor(limit: Int64(limit))
    try bytes.withUnsafeBytes { try decompressor.update($0) { output.append(contentsOf: $0) } }
    try decompressor.finish()
    return output
  }

  /// Compresses a file into a new one, in bounded memory.
  public static func compressFile(at source: String, to target: String, level: Int32 = defaultLevel) throws {
    let input = try OpenFile(reading: source)
    let output = try OpenFile(creating: target)
    var compressor = try GzipCompressor(level: level)
    try input.forEachChunk { chunk in try compressor.update(chunk) { try output.write($0) } }
    try compressor.finish { try output.write($0) }
  }

  /// Decompresses a file into a new one, in bounded memory.
  public static func decompressFile(at source: String, to target: String, limit: Int64) throws {
    let input = try OpenFile(reading: source)
    let output = try OpenFile(creating: target)
    var decompressor = try GzipDecompressor(limit: limit)
    try input.forEachChunk { chunk in try decompressor.update(chunk) { try output.write($0) } }
    try decompressor.finish()
  }
}

/// zlib's stream and its output buffer, at addresses that do not move: zlib keeps a pointer back to its stream.
private struct Stream: ~Copyable {
  let stream: UnsafeMutablePointer<z_stream>
  let buffer: UnsafeMutableBufferPointer<UInt8>

  init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    buffer = .allocate(capacity: OpenFile.chunkSizeBytes)
  }

  deinit {
    stream.deallocate()
    buffer.deallocate()
  }

  func setInput(_ bytes: UnsafeRawBufferPointer) {
    // zlib's prototype lacks a const; it only reads the input.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(bytes.count)
  }

  func emptyBuffer() {
    stream.pointee.next_out = buffer.baseAddress
    stream.pointee.avail_out = UInt32(buffer.count)
  }

  var produced: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      UnsafeBufferPointer(rebasing: buffer[..<(buffer.count - Int(stream.pointee.avail_out))]))
  }
}

/// Input is given to zlib in pieces that its 32-bit counters hold.
private func forEachPiece(of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void)
  rethrows
{
  var rest = bytes
  while !rest.isEmpty {
    let count = min(rest.count, 1 << 30)
    try body(UnsafeRawBufferPointer(rebasing: rest[..<count]))
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
  }
}

/// Compresses a stream into one gzip member.
public struct GzipCompressor: ~Copyable {
  private let state = Stream()
  /// The member's header, which zlib only writes with a system byte of its own.
  private var header: [UInt8]
  private var checksum = crc32(0, nil, 0)
  private var size: UInt32 = 0

  public init(level: Int32 = Gzip.defaultLevel) throws {
    // Method deflate, no flags, time 0, then 2 for the best level and 4 for the fastest, system "unknown".
    header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, level == 9 ? 2 : level == 1 ? 4 : 0, 255]
    let code = deflateInit2_(
      state.stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw FormatError("cannot compress gzip: zlib says \(code)") }
  }

  deinit { deflateEnd(state.stream) }

  /// Takes more input and hands on what is finished.
  public mutating func update(
    _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try writeHeader(sink)
    var (checksum, size) = (checksum, size)
    try forEachPiece(of: bytes) { piece in
      checksum = crc32(checksum, piece.assumingMemoryBound(to: UInt8.self).baseAddress, UInt32(piece.count))
      size &+= UInt32(piece.count)
      state.setInput(piece)
      while state.stream.pointee.avail_in > 0 { _ = try step(Z_NO_FLUSH, sink) }
    }
    (self.checksum, self.size) = (checksum, size)
  }

  /// Ends the member.
  public mutating func finish(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try writeHeader(sink)
    state.setInput(UnsafeRawBufferPointer(start: nil, count: 0))
    while try step(Z_FINISH, sink) != Z_STREAM_END {}
    let trailer = [UInt32(truncatingIfNeeded: checksum), size].flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
    }
    try trailer.withUnsafeBytes { try sink($0) }
  }

  private mutating func writeHeader(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    if header.isEmpty { return }
    try header.withUnsafeBytes { try sink($0) }
    header = []
  }

  private func step(_ flush: Int32, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Int32 {
    state.emptyBuffer()
    let code = deflate(state.stream, flush)
    guard code == Z_OK || code == Z_STREAM_END else {
      throw FormatError("cannot compress gzip: zlib says \(code)")
    }
    if !state.produced.isEmpty { try sink(state.produced) }
    return code
  }
}

/// Decompresses a stream of gzip members and checks their checksums.
public struct GzipDecompressor: ~Copyable {
  private let state = Stream()
  private let limit: Int64
  private var produced: Int64 = 0
  private var isBetweenMembers = false

  /// - Parameter limit: how many bytes may come out at most.
  public init(limit: Int64) throws {
    self.limit = limit
    // 16 asks zlib for the gzip header and trailer.
    let code = inflateInit2_(state.stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw FormatError("cannot decompress gzip: zlib says \(code)") }
  }

  deinit { inflateEnd(state.stream) }

  /// Takes more input and hands on what comes out.
  public mutating func update(
    _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = min(rest.count, 1 << 30)
      state.setInput(UnsafeRawBufferPointer(rebasing: rest[..<count]))
      repeat { try step(sink) } while state.stream.pointee.avail_in > 0 || state.stream.pointee.avail_out == 0
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  private mutating func step(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    if isBetweenMembers, state.stream.pointee.avail_in > 0 {
      inflateReset(state.stream)
      isBetweenMembers = false
    }
    state.emptyBuffer()
    let code = inflate(state.stream, Z_NO_FLUSH)
    guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
      throw FormatError("cannot decompress gzip: the data is damaged")
    }
    isBetweenMembers = isBetweenMembers || code == Z_STREAM_END
    let output = state.produced
    guard Int64(output.count) <= limit - produced else {
      throw FormatError("the gzip content is longer than the expected \(limit) bytes")
    }
    produced += Int64(output.count)
    if !output.isEmpty { try sink(output) }
  }

  /// - Throws: `FormatError` where the input ended inside a member.
  public func finish() throws {
    if !isBetweenMembers { throw FormatError("the gzip stream is cut off") }
  }
}
