import Formats
import GraphCore

/// How a blob is kept. The numbers are in the database.
enum BlobEncoding: Int64, Sendable {
  case packedRaw = 0
  case packedZstd = 1
  case fileRaw = 2
  case fileZstd = 3

  var isFile: Bool { self == .fileRaw || self == .fileZstd }
}

/// A blob as its row has it.
struct StoredBlob: Sendable {
  var encoding: BlobEncoding
  /// Empty where the content is a file.
  var data: [UInt8]

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
    case .fileRaw, .fileZstd: return nil
    }
    return Digest(of: bytes) == digest ? bytes : nil
  }
}

/// Blobs that are written and have no row yet: rows of a whole batch are committed after one sync.
struct PendingBlobs {
  private(set) var blobs: [Digest: StoredBlob] = [:]
  private var sizeBytes = 0

  /// Whether so much has gathered that it should be committed now.
  var isFull: Bool { sizeBytes > 8 << 20 || blobs.count > 4000 }

  subscript(digest: Digest) -> StoredBlob? { blobs[digest] }

  mutating func add(_ digest: Digest, _ blob: StoredBlob) {
    if blobs.updateValue(blob, forKey: digest) == nil { sizeBytes += blob.data.count }
  }

  mutating func remove(_ digests: some Sequence<Digest>) {
    for digest in digests {
      if let blob = blobs.removeValue(forKey: digest) { sizeBytes -= blob.data.count }
    }
  }
}
