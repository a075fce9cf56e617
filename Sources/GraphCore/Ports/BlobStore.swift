/// Content by digest. Implementations are safe to use from any number of tasks and processes.
public protocol BlobStore: Sendable {
  func contains(_ digest: Digest) throws -> Bool

  /// The bytes of `digest`, verified.
  ///
  /// - Throws: `MissingBlob` where the store has none, or has a damaged one, which it drops first.
  func read(_ digest: Digest) throws -> [UInt8]

  /// Hands the bytes of `digest` on in pieces, verified at the end: what was handed on counts only when this returns.
  func stream(_ digest: Digest, to sink: (UnsafeRawBufferPointer) throws -> Void) throws

  /// The bytes of a part of `digest`, as far as it has that many. The whole cannot be verified without reading it: what
  /// is verified are the pieces that the part lies in.
  ///
  /// - Throws: `MissingBlob`.
  func read(_ digest: Digest, _ range: Range<Int64>) throws -> [UInt8]

  /// Stores `bytes`; durable when `sync()` has returned.
  @discardableResult
  func write(_ bytes: [UInt8]) throws -> Digest

  /// Stores a file's content.
  ///
  /// - Parameter expected: what the content has to be; a difference is a `ChangedSource`.
  @discardableResult
  func importFile(at path: String, expected: Digest?) throws -> Digest

  /// Writes the bytes of `digest` as a new file, verified.
  func exportFile(_ digest: Digest, to path: String, mode: UInt16) throws

  /// Makes everything written so far durable. Rows that name blobs are committed only after it.
  func sync() throws
}

/// A blob that is needed is not there: whoever made it has to make it again.
public struct MissingBlob: Error, Hashable, CustomStringConvertible {
  public let digest: Digest
  public init(_ digest: Digest) { self.digest = digest }
  public var description: String { "the store has no blob \(digest)" }
}

/// A source changed between the plan and the moment its bytes were read: the result would be of neither.
public struct ChangedSource: Error, CustomStringConvertible {
  public let path: String
  public init(path: String) { self.path = path }
  public var description: String { "'\(path)' changed while it was being used" }
}

extension BlobStore {
  public func stream(_ digest: Digest, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try read(digest).withUnsafeBytes { try sink($0) }
  }

  public func read(_ digest: Digest, _ range: Range<Int64>) throws -> [UInt8] {
    let range = range.clamped(to: 0..<digest.size)
    return Array(try read(digest)[Int(range.lowerBound)..<Int(range.upperBound)])
  }

  /// Stores a recipe and returns the artifact it is.
  public func write(_ layer: Layer, as kind: Artifact.Kind) throws -> Artifact {
    Artifact(kind, try write(layer.encoded()))
  }

  /// The recipe of a tree or layer.
  public func readLayer(_ artifact: Artifact) throws -> Layer {
    do {
      return try Layer(encoded: try read(artifact.digest))
    } catch is CorruptLayer {
      throw MissingBlob(artifact.digest)
    }
  }

  /// The bytes of a blob as text; what is no UTF-8 becomes U+FFFD.
  public func readText(_ digest: Digest) throws -> String {
    String(decoding: try read(digest), as: UTF8.self)
  }
}
