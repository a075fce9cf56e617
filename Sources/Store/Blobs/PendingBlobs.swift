import GraphCore

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
