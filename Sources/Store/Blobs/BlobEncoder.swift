import Formats
import GraphCore

/// One of the forms in which a large blob is kept as a file, while it is written. For one thread.
protocol BlobEncoder: AnyObject {
  var encoding: BlobEncoding { get }

  /// Takes more content and hands on what is finished.
  func update(_ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void) throws

  /// Ends the file.
  func finish(to sink: (UnsafeRawBufferPointer) throws -> Void) throws
}

/// The content as it is. A CRC-32 of each frame goes into the row, so that a part can be verified, too.
final class RawBlobEncoder: BlobEncoder {
  let encoding = BlobEncoding.fileRaw
  private var frame = CRC32()
  private var frameBytes = 0
  private var finished: [UInt32] = []

  /// Of all frames, in order.
  var checksums: [UInt8] { CRC32.encode(frameBytes > 0 ? finished + [frame.value] : finished) }

  func update(_ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    var rest = bytes
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(SeekTable.frameContentBytes - frameBytes))
      frame.update(part)
      frameBytes += part.count
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
      if frameBytes == SeekTable.frameContentBytes {
        finished.append(frame.value)
        (frame, frameBytes) = (CRC32(), 0)
      }
    }
    try sink(bytes)
  }

  func finish(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {}
}

/// Seekable zstd, each frame of which has a checksum.
final class ZstdBlobEncoder: BlobEncoder {
  let encoding = BlobEncoding.fileZstd
  private var compressor: SeekableZstdCompressor

  init() throws { compressor = try SeekableZstdCompressor() }

  func update(_ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try compressor.update(bytes, to: sink)
  }

  func finish(to sink: (UnsafeRawBufferPointer) throws -> Void) throws { try compressor.finish(to: sink) }
}
