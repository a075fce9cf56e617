import Formats
import GraphCore

/// A layer recipe as the compressed tar that registries and engines take, and the facts an image needs of it.
public struct PackOperation: Operation {
  static let rule = Action.Rule("pack", version: 1)
  public var rule: Action.Rule { Self.rule }

  private let scratch: String

  /// - Parameter scratch: a folder for the archive while it is written.
  public init(scratch: String) { self.scratch = scratch }

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    guard let recipe = task.input("layer") else { throw GraphError(.bug, "pack without a layer") }
    let layer = try store.readLayer(recipe)
    let path = "\(scratch)/pack-\(task.key)"
    defer { removeFile(path) }
    let isGzip = task.action.value("compression") == "gzip"
    let diffID = try isGzip ? Self.writeGzip(layer, store, to: path) : Self.writeZstd(layer, store, to: path)
    let facts = LayerFacts(
      diffID: diffID, mediaType: isGzip ? MediaType.layerGzip : MediaType.layerZstd, epoch: layer.epoch,
      isEmpty: layer.entries.isEmpty)
    return [
      "blob": Artifact(.blob, try store.importFile(at: path, expected: nil)),
      "facts": Artifact(.blob, try store.write(Array(facts.text.utf8))),
    ]
  }

  private static func writeZstd(_ layer: Layer, _ store: any BlobStore, to path: String) throws -> Digest {
    let file = try OpenFile(creating: path)
    let compressor = try ZstdCompressor()
    var hasher = DigestHasher()
    try TarWriter.write(layer, stream: { try store.stream($0, to: $1) }) { bytes in
      hasher.update(bytes)
      try compressor.update(bytes) { try file.write($0) }
    }
    try compressor.finish { try file.write($0) }
    return hasher.finish()
  }

  private static func writeGzip(_ layer: Layer, _ store: any BlobStore, to path: String) throws -> Digest {
    let file = try OpenFile(creating: path)
    var compressor = try GzipCompressor()
    var hasher = DigestHasher()
    try TarWriter.write(layer, stream: { try store.stream($0, to: $1) }) { bytes in
      hasher.update(bytes)
      try compressor.update(bytes) { try file.write($0) }
    }
    try compressor.finish { try file.write($0) }
    return hasher.finish()
  }
}

/// What an image has to know of a packed layer, as a small text of `name value` lines.
struct LayerFacts {
  /// The digest of the uncompressed tar.
  var diffID: Digest
  var mediaType: String
  /// The newest time in the layer, seconds since 1970.
  var epoch: Int64
  /// Whether the layer changes nothing; such a layer is left out of the image.
  var isEmpty: Bool

  var text: String {
    "diff-id \(diffID)\nmedia-type \(mediaType)\nepoch \(epoch)\nempty \(isEmpty ? "yes" : "no")\n"
  }

  init(diffID: Digest, mediaType: String, epoch: Int64, isEmpty: Bool) {
    (self.diffID, self.mediaType, self.epoch, self.isEmpty) = (diffID, mediaType, epoch, isEmpty)
  }

  init(text: String) throws {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      if words.count == 2 { values[words[0]] = words[1] }
    }
    guard let diffID = values["diff-id"].flatMap({ Digest($0) }), let mediaType = values["media-type"],
      let epoch = values["epoch"].flatMap({ Int64($0) }), let empty = values["empty"]
    else { throw GraphError(.bug, "the facts of a packed layer cannot be read") }
    self.init(diffID: diffID, mediaType: mediaType, epoch: epoch, isEmpty: empty == "yes")
  }
}
