import Formats
import GraphCore

/// How a blob is kept. The numbers are in the database.
enum BlobEncoding: Int64, Sendable {
  case packedRaw = 0
  case packedZstd = 1
  case fileRaw = 2
  case fileZstd = 3
  case fileDelta = 4

  static let files = [fileRaw, fileZstd, fileDelta]

  var isFile: Bool { Self.files.contains(self) }

  /// How the name of a file ends.
  var suffix: String {
    switch self {
    case .packedRaw, .packedZstd, .fileRaw: ""
    case .fileZstd: ".zst"
    case .fileDelta: ".delta"
    }
  }
}

/// A blob as its row has it.
struct StoredBlob: Sendable {
  var encoding: BlobEncoding
  /// Empty where the content is a file.
  var data: [UInt8]
  /// What is known of a file that was just written; its row is written once and mostly not read.
  var file: FileFacts?

  /// What the table `large` has of a blob.
  struct FileFacts: Sendable {
    /// The size of the file.
    var storedBytes: Int64
    /// What a delta stands on.
    var base: Digest?
    /// How many deltas have to be undone to read it.
    var depth = 0
    /// The CRC-32 of each frame, where the file itself has none.
    var checksums: [UInt8] = []
    /// What it is found by when something like it is stored.
    var features: [UInt64] = []
  }

  /// What a packed blob may hold: below it a row is faster than a file (SQLite's own measurements with 8 KiB pages).
  static let packedSizeBytes: Int64 = 64 * 1024

  /// Content that does not shrink to nine tenths costs more to decompress than it saves.
  static func isWorthwhile(compressed: Int, of size: Int) -> Bool { compressed < size - size / 10 }

  /// The packed form of small content.
  static func packing(_ bytes: [UInt8]) throws -> StoredBlob {
    let compressed = bytes.count < 64 ? bytes : try Zstd.compress(bytes)
    return isWorthwhile(compressed: compressed.count, of: bytes.count)
      ? StoredBlob(encoding: .packedZstd, data: compressed) : StoredBlob(encoding: .packedRaw, data: bytes)
  }

  /// The content of a packed blob; `nil` where it is not what `digest` names.
  func unpacked(_ digest: Digest) -> [UInt8]? {
    let bytes: [UInt8]
    switch encoding {
    case .packedRaw: bytes = data
    // A damaged frame and a wrong content are the same to the caller.
    case .packedZstd: bytes = (try? Zstd.decompress(data, size: Int(digest.size))) ?? []
    case .fileRaw, .fileZstd, .fileDelta: return nil
    }
    return Digest(of: bytes) == digest ? bytes : nil
  }
}
