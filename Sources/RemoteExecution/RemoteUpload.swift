import Formats
import GraphCore

/// A blob that a server has to have before it can run an action.
public struct RemoteUpload: Sendable {
  public let digest: Digest
  public let content: Content

  /// Where the bytes are.
  public enum Content: Sendable, Hashable {
    /// A message.
    case bytes([UInt8])
    /// A blob of the store under the same digest.
    case stored
    /// The canonical tar archive of this layer, which is written again for each upload: it may be larger than memory.
    case tar(Layer)
  }

  /// Hands the bytes to `sink`, in order.
  ///
  /// - Throws: `MissingBlob`, and what `sink` throws.
  public func write(reading store: any BlobStore, to sink: TarWriter.Sink) throws {
    switch content {
    case .bytes(let bytes): try bytes.withUnsafeBytes { try sink($0) }
    case .stored: try store.read(digest).withUnsafeBytes { try sink($0) }
    case .tar(let layer): try TarWriter.write(layer, read: store.read, to: sink)
    }
  }

  static func message(_ message: some RemoteMessage) -> RemoteUpload {
    let bytes = message.encoded()
    return RemoteUpload(digest: Digest(of: bytes), content: .bytes(bytes))
  }

  static func stored(_ digest: Digest) -> RemoteUpload { RemoteUpload(digest: digest, content: .stored) }

  /// - Cost: reads every file of the layer, to know the digest of the archive.
  static func tar(_ layer: Layer, reading store: any BlobStore) throws -> RemoteUpload {
    var hasher = DigestHasher()
    try TarWriter.write(layer, read: store.read) { hasher.update($0) }
    return RemoteUpload(digest: hasher.finish(), content: .tar(layer))
  }
}
