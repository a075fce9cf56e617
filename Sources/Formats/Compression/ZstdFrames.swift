import CZstd
import GraphCore

/// Compresses pieces, each into a frame of its own that has a checksum of its content. A frame may refer to a prefix,
/// which whoever decompresses it has to have: what it shares with that costs next to nothing.
public struct ZstdFrameCompressor: ~Copyable {
  private let context: OpaquePointer

  /// - Parameters:
  ///   - level: of zstd.
  ///   - tableBits: how many positions are remembered of a prefix, as a power of two; `nil` for what the level has,
  ///     which is too few for one of megabytes.
  public init(level: Int32 = Zstd.defaultLevel, tableBits: Int32? = nil) throws {
    context = try Self.context(level, tableBits)
  }

  private static func context(_ level: Int32, _ tableBits: Int32?) throws -> OpaquePointer {
    guard let context = ZSTD_createCCtx() else { throw FormatError("cannot compress zstd: out of memory") }
    var parameters = [(ZSTD_c_compressionLevel, level), (ZSTD_c_checksumFlag, 1)]
    if let tableBits { parameters += [(ZSTD_c_hashLog, tableBits), (ZSTD_c_chainLog, tableBits)] }
    do {
      for (parameter, value) in parameters {
        try Zstd.check(ZSTD_CCtx_setParameter(context, parameter, value), "compress")
      }
    } catch {
      ZSTD_freeCCtx(context)
      throw error
    }
    return context
  }

  deinit { ZSTD_freeCCtx(context) }

  /// One frame that holds `bytes` and their size.
  ///
  /// - Parameter prefix: is only looked at while this runs.
  public func compress(
    _ bytes: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer? = nil
  ) throws -> [UInt8] {
    if let prefix {
      // A window over all of both; zstd's own choice depends on the level alone.
      let total = prefix.count + bytes.count
      let bits = max(10, Int32(truncatingIfNeeded: Int.bitWidth - max(total - 1, 1).leadingZeroBitCount))
      try Zstd.check(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, bits), "compress")
      try Zstd.check(ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count), "compress")
    }
    let bound = ZSTD_compressBound(bytes.count)
    return try [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      let result = ZSTD_compress2(context, buffer.baseAddress, bound, bytes.baseAddress, bytes.count)
      try Zstd.check(result, "compress")
      count = result
    }
  }
}

/// Decompresses single frames, with the prefix that each refers to.
public struct ZstdFrameDecompressor: ~Copyable {
  private let context: OpaquePointer

  public init() throws {
    guard let context = ZSTD_createDCtx() else { throw FormatError("cannot decompress zstd: out of memory") }
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  /// Fills `output` with the content of `frame`.
  ///
  /// - Throws: `FormatError` where the frame is damaged, or its content is longer or shorter than `output`.
  public func decompress(
    _ frame: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer? = nil,
    into output: UnsafeMutableRawBufferPointer
  ) throws {
    if let prefix {
      try Zstd.check(ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count), "decompress")
    }
    let result = ZSTD_decompressDCtx(context, output.baseAddress, output.count, frame.baseAddress, frame.count)
    try Zstd.check(result, "decompress")
    guard result == output.count else {
      throw FormatError("the zstd content is \(result) bytes and not the expected \(output.count)")
    }
  }
}
