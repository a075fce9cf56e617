import Formats
import Glibc
import GraphCore

extension Store {
  /// Where a large blob is.
  func filePath(_ digest: Digest, _ encoding: BlobEncoding) -> String {
    let hex = digest.hex
    return "\(path)/blobs/\(hex.prefix(2))/\(hex)" + (encoding == .fileZstd ? ".zst" : "")
  }

  /// Hands the content of a blob's file to `sink`, and checks it while it passes.
  func streamFile(
    _ digest: Digest, _ encoding: BlobEncoding, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let path = filePath(digest, encoding)
    guard FileSystem.exists(path) else { throw try damaged(digest) }
    let file = try OpenFile(reading: path)
    var hasher = DigestHasher()
    do {
      try withoutActuallyEscaping(sink) { sink in
        if encoding == .fileRaw {
          try file.forEachChunk { chunk in
            hasher.update(chunk)
            try sink(chunk)
          }
        } else {
          var decompressor = try ZstdDecompressor(limit: digest.size)
          try file.forEachChunk { chunk in
            try decompressor.update(chunk) { bytes in
              hasher.update(bytes)
              try sink(bytes)
            }
          }
          try decompressor.finish()
        }
      }
    } catch is FormatError {
      throw try damaged(digest)
    }
    if hasher.finish() != digest { throw try damaged(digest) }
  }

  @discardableResult
  public func importFile(at source: String, expected: Digest?) throws -> Digest {
    try requireWriting()
    let file = try OpenFile(reading: source)
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFREG else { throw GraphError(.user, "'\(source)' is not a file") }
    if let expected, Int64(status.st_size) != expected.size { throw ChangedSource(path: source) }
    if Int64(status.st_size) <= StoredBlob.packedSizeBytes {
      let bytes = try file.readAll(atMost: 1 << 20)
      if let expected, Digest(of: bytes) != expected { throw ChangedSource(path: source) }
      return try write(bytes)
    }
    let isKnown = if let expected { try contains(expected) } else { false }
    if isKnown, let expected {
      var hasher = DigestHasher()
      try file.forEachChunk { hasher.update($0) }
      guard hasher.finish() == expected else { throw ChangedSource(path: source) }
      return expected
    }
    return try importLarge(file, expected)
  }

  private func importLarge(_ file: borrowing OpenFile, _ expected: Digest?) throws -> Digest {
    var hasher = DigestHasher()
    var sample = [UInt8](repeating: 0, count: Int(StoredBlob.packedSizeBytes))
    let count = try sample.withUnsafeMutableBytes { try file.read(into: $0) }
    sample.removeLast(sample.count - count)
    let writer = try BlobFileWriter(in: scratch, isCompressed: try BlobFileWriter.shrinks(sample))
    hasher.update(sample)
    try sample.withUnsafeBytes { try writer.update($0) }
    try file.forEachChunk { chunk in
      hasher.update(chunk)
      try writer.update(chunk)
    }
    let digest = hasher.finish()
    if let expected, digest != expected { throw ChangedSource(path: file.path) }
    if try contains(digest) { return digest }
    if digest.size <= StoredBlob.packedSizeBytes {
      // The file shrank while it was read. What was read is what is stored.
      throw ChangedSource(path: file.path)
    }
    try add(digest, StoredBlob(encoding: try writer.finish(as: digest, in: self), data: []))
    return digest
  }

  public func exportFile(_ digest: Digest, to path: String, mode: UInt16) throws {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let file = try OpenFile(temporaryIn: folder)
    do {
      try stream(digest) { try file.write($0) }
      try file.setMode(mode)
      try FileSystem.rename(file.path, to: path)
    } catch {
      unlink(file.path)
      throw error
    }
  }
}
