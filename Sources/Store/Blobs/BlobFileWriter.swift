import Formats
import Glibc
import GraphCore

/// Writes a large blob beside its place, compressed where that is worth it.
///
/// A class because its compressor is optional and cannot be copied; it does not leave the function that made it.
final class BlobFileWriter {
  private let file: OpenFile
  private let compressor: ZstdCompressor
  private let isCompressed: Bool

  init(in scratch: String, isCompressed: Bool) throws {
    self.isCompressed = isCompressed
    compressor = try ZstdCompressor()
    file = try OpenFile(temporaryIn: scratch)
  }

  // Where `finish` has renamed it, nothing is at that path any more.
  deinit { unlink(file.path) }

  /// Whether content that begins so is worth compressing: packages and images mostly are not.
  static func shrinks(_ sample: [UInt8]) throws -> Bool {
    StoredBlob.isWorthwhile(compressed: try Zstd.compress(sample, level: 1).count, of: sample.count)
  }

  func update(_ bytes: UnsafeRawBufferPointer) throws {
    if isCompressed {
      try compressor.update(bytes) { try file.write($0) }
    } else {
      try file.write(bytes)
    }
  }

  /// Puts the file in its place. It is durable only after a sync.
  func finish(as digest: Digest, in store: Store) throws -> BlobEncoding {
    if isCompressed { try compressor.finish { try file.write($0) } }
    try file.setMode(0o444)
    let encoding = isCompressed ? BlobEncoding.fileZstd : .fileRaw
    let path = store.filePath(digest, encoding)
    if let slash = path.lastIndex(of: "/") { try FileSystem.makeFolders(String(path[..<slash])) }
    try FileSystem.rename(file.path, to: path)
    return encoding
  }
}
