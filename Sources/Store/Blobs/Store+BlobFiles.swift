import Formats
import Glibc
import GraphCore
import Synchronization

extension Store {
  /// Where a large blob is.
  func filePath(_ digest: Digest, _ encoding: BlobEncoding) -> String {
    let hex = digest.hex
    return "\(path)/blobs/\(hex.prefix(2))/\(hex)\(encoding.suffix)"
  }

  /// How much of a delta's base is kept in memory while the delta is read in order.
  private static let readingKeptBytes = 16 << 20

  /// The frames of a large blob.
  ///
  /// - Throws: `BlobFrames.Damaged` where it, or what it stands on, is missing or damaged; `BlobFrames.NotSeekable`.
  func frames(_ digest: Digest, _ encoding: BlobEncoding, keptBytes: Int = readingKeptBytes) throws
    -> BlobFrames
  {
    try BlobFrames(
      digest, encoding, at: filePath(digest, encoding),
      checksums: encoding == .fileRaw ? try checksums(of: digest) : [], keptBytes: keptBytes
    ) { base in
      guard let encoding = try stored(base)?.encoding, encoding.isFile else {
        throw BlobFrames.Damaged(digest: base)
      }
      do {
        return try frames(base, encoding, keptBytes: keptBytes)
      } catch is BlobFrames.NotSeekable {
        throw BlobFrames.Damaged(digest: base)
      }
    }
  }

  private func checksums(of digest: Digest) throws -> [UInt8] {
    if let blob = pending.withLock({ $0[digest] }) { return blob.file?.checksums ?? [] }
    guard let content else { return [] }
    return try content.read { connection in
      try connection.use("SELECT checksums FROM large WHERE digest = ?") { statement in
        try statement.bind(digest)
        return try statement.step() ? statement.blob(0) : []
      }
    }
  }

  /// Hands the content of a blob's file to `sink`, and checks it while it passes.
  func streamFile(
    _ digest: Digest, _ encoding: BlobEncoding, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    do {
      try streamUndamaged(digest, encoding, to: sink)
    } catch let error as BlobFrames.Damaged {
      // Of a delta it may be the base that is damaged; then the delta is lost with it.
      let missing = try damaged(error.digest)
      if error.digest != digest, mode == .readWrite, try stored(digest) != nil { try drop(digest) }
      throw error.digest == digest ? missing : MissingBlob(digest)
    }
  }

  /// As `streamFile`, and drops nothing.
  ///
  /// - Throws: `BlobFrames.Damaged`.
  func streamUndamaged(
    _ digest: Digest, _ encoding: BlobEncoding, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let hasher = ConcurrentHasher()
    if encoding == .fileDelta {
      // More than one frame is kept: one is hashed while the next is put together.
      let frames = try frames(digest, encoding)
      try withExtendedLifetime(frames) {
        defer { hasher.wait() }
        for index in 0..<frames.frameCount {
          let bytes = try frames.bytes(at: Int64(index) * Int64(frames.frameBytes))
          hasher.begin(bytes)
          try sink(bytes)
        }
      }
    } else {
      let path = filePath(digest, encoding)
      guard FileSystem.exists(path) else { throw BlobFrames.Damaged(digest: digest) }
      let file = try OpenFile(reading: path)
      do {
        try withoutActuallyEscaping(sink) { sink in
          if encoding == .fileRaw {
            try file.forEachChunk { chunk in
              try hasher.hash(chunk) { try sink(chunk) }
            }
          } else {
            var decompressor = try ZstdDecompressor(limit: digest.size)
            try file.forEachChunk { chunk in
              try decompressor.update(chunk) { bytes in
                try hasher.hash(bytes) { try sink(bytes) }
              }
            }
            try decompressor.finish()
          }
        }
      } catch is FormatError {
        throw BlobFrames.Damaged(digest: digest)
      }
    }
    if hasher.finish() != digest { throw BlobFrames.Damaged(digest: digest) }
  }

  public func read(_ digest: Digest, _ range: Range<Int64>) throws -> [UInt8] {
    let range = range.clamped(to: 0..<digest.size)
    guard let blob = try stored(digest) else { throw MissingBlob(digest) }
    guard blob.encoding.isFile else {
      return Array(try read(digest)[Int(range.lowerBound)..<Int(range.upperBound)])
    }
    do {
      let frames = try frames(digest, blob.encoding, keptBytes: 0)
      // Nobody wrote down the checksums of parts (a store of an older version): then all of it is verified.
      if !frames.verifiesParts { try streamFile(digest, blob.encoding) { _ in } }
      return try frames.gather([range])
    } catch is BlobFrames.NotSeekable {
      return try readFromStart(digest, blob.encoding, range)
    } catch let error as BlobFrames.Damaged {
      _ = try damaged(error.digest)
      throw MissingBlob(digest)
    }
  }

  /// A part of a file of an older version, which is one frame.
  private func readFromStart(
    _ digest: Digest, _ encoding: BlobEncoding, _ range: Range<Int64>
  ) throws -> [UInt8] {
    var part: [UInt8] = []
    var position: Int64 = 0
    try streamFile(digest, encoding) { bytes in
      let here = (position..<position + Int64(bytes.count)).clamped(to: range)
      if !here.isEmpty {
        part.append(contentsOf: bytes[Int(here.lowerBound - position)..<Int(here.upperBound - position)])
      }
      position += Int64(bytes.count)
    }
    return part
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
