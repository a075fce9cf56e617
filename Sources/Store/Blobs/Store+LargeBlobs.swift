import Formats
import Glibc
import GraphCore

/// Large content that may be read more than once, as far as anything may.
private enum LargeContent {
  case bytes([UInt8])
  case file(OpenFileReference)

  /// An open file as a value of an enumeration.
  final class OpenFileReference {
    let file: OpenFile
    init(_ file: consuming OpenFile) { self.file = file }
  }

  func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    switch self {
    case .bytes(let bytes):
      let part = bytes[min(Int(offset), bytes.count)...].prefix(buffer.count)
      buffer.copyBytes(from: part)
      return part.count
    case .file(let reference): return try reference.file.read(at: offset, into: buffer)
    }
  }

  /// Hands on all of it.
  func forEachChunk(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: OpenFile.chunkSizeBytes, alignment: 16)
    defer { buffer.deallocate() }
    var position: Int64 = 0
    while true {
      let count = try read(at: position, into: buffer)
      if count == 0 { return }
      try sink(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      position += Int64(count)
    }
  }

  func digest() throws -> Digest {
    var hasher = DigestHasher()
    try forEachChunk { hasher.update($0) }
    return hasher.finish()
  }
}

extension Store {
  func writeLarge(_ bytes: [UInt8], _ digest: Digest) throws {
    _ = try store(.bytes(bytes), size: digest.size, path: "", expected: digest)
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
    let content = LargeContent.file(.init(file))
    if let expected, try keep(expected) {
      guard try content.digest() == expected else { throw ChangedSource(path: source) }
      return expected
    }
    return try store(content, size: Int64(status.st_size), path: source, expected: expected)
  }

  /// Stores content in the form that is smallest for it.
  private func store(_ content: LargeContent, size: Int64, path: String, expected: Digest?) throws -> Digest {
    let sample = try ContentSample(size: size, read: content.read)
    let relative = try relative(of: sample)
    if expected == nil, relative?.isSame(sample, size: size) == true {
      // Mostly it is the very same, and hashing is much cheaper than writing.
      let digest = try content.digest()
      if try keep(digest) { return digest }
    }
    if let relative, let digest = try storeDelta(content, sample, relative, path, expected) { return digest }
    var (writer, digest) = try write(content, as: sample.shrinks ? ZstdBlobEncoder() : RawBlobEncoder())
    if sample.shrinks, !StoredBlob.isWorthwhile(compressed: Int(writer.storedBytes), of: Int(digest.size)) {
      // The sample promised more than the whole kept.
      (writer, digest) = try write(content, as: RawBlobEncoder())
    }
    let facts = StoredBlob.FileFacts(storedBytes: writer.storedBytes, features: sample.features)
    try place(writer, digest, facts, path: path, expected: expected)
    return digest
  }

  private func write(_ content: LargeContent, as encoder: any BlobEncoder) throws -> (BlobFileWriter, Digest)
  {
    let writer = try BlobFileWriter(in: scratch, as: encoder)
    var hasher = DigestHasher()
    try content.forEachChunk { chunk in
      hasher.update(chunk)
      try writer.update(chunk)
    }
    try writer.finish()
    return (writer, hasher.finish())
  }

  /// Stores content as a delta.
  ///
  /// - Returns: `nil` where that is not worth it, or what it would stand on cannot be read.
  private func storeDelta(
    _ content: LargeContent, _ sample: ContentSample, _ relative: Relative, _ path: String,
    _ expected: Digest?
  ) throws -> Digest? {
    do {
      let base = try frames(relative.digest, relative.encoding, keptBytes: Self.comparingKeptBytes)
      let encoder = try DeltaBlobEncoder(base: base)
      let writer = try BlobFileWriter(in: scratch, as: encoder)
      var hasher = DigestHasher()
      try content.forEachChunk { chunk in
        hasher.update(chunk)
        try writer.update(chunk)
        if !encoder.isPromising { throw NotWorthwhile() }
      }
      try writer.finish()
      let digest = hasher.finish()
      if writer.storedBytes > relative.storedBytes(forContent: digest.size) / Self.deltaShare { return nil }
      let facts = StoredBlob.FileFacts(
        storedBytes: writer.storedBytes, base: relative.digest, depth: relative.depth + 1,
        features: sample.features)
      try place(writer, digest, facts, path: path, expected: expected)
      return digest
    } catch is NotWorthwhile {
      return nil
    } catch is BlobFrames.NotSeekable {
      return nil
    } catch let error as BlobFrames.Damaged {
      _ = try damaged(error.digest)
      return nil
    }
  }

  private struct NotWorthwhile: Error {}

  /// How much of a base is kept in memory while content is compared with it.
  private static let comparingKeptBytes = 64 << 20

  /// A delta that is not a third of the whole is not worth what reading it costs.
  private static let deltaShare: Int64 = 3

  /// Gives what was written its name and, with the next batch, its row.
  private func place(
    _ writer: BlobFileWriter, _ digest: Digest, _ facts: StoredBlob.FileFacts, path: String,
    expected: Digest?
  ) throws {
    if let expected, digest != expected { throw ChangedSource(path: path) }
    if try keep(digest) { return }
    // The file shrank while it was read. What was read is what would be stored.
    if digest.size <= StoredBlob.packedSizeBytes { throw ChangedSource(path: path) }
    var facts = facts
    if let raw = writer.encoder as? RawBlobEncoder { facts.checksums = raw.checksums }
    try writer.place(as: digest, in: self)
    try add(digest, StoredBlob(encoding: writer.encoder.encoding, data: [], file: facts))
  }
}
