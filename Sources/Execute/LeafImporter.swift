import GraphCore
import Synchronization

/// Brings leaf inputs into the store when an action that needs them runs, checking that each still is what
/// the plan saw.
public final class LeafImporter: Sendable {
  private let store: any BlobStore
  private let readGitBlob: @Sendable (_ mirror: String, _ object: String) throws -> [UInt8]
  /// Digests of the host's tools by path, valid while the file's identity stays the same.
  private let tools = Mutex<[String: (identity: [Int], digest: Digest)]>([:])

  public init(store: any BlobStore, readGitBlob: @escaping @Sendable (String, String) throws -> [UInt8]) {
    self.store = store
    self.readGitBlob = readGitBlob
  }

  /// Afterwards the store has what `leaf` names; a tool is only compared, because it is run where it is.
  ///
  /// - Throws: `ChangedSource` where a file is no longer what was planned; `GraphError(.environment)` for a tool.
  public func importLeaf(_ leaf: Leaf) throws {
    switch leaf.content {
    case .tool(let path):
      try checkTool(leaf, path: path)
    case .tree(let layer, let files):
      for digest in layer.fileDigests where try !store.contains(digest) {
        // A file without a source has to be in the store already: whoever reads it reports the missing blob.
        guard let content = files[digest] else { throw MissingBlob(digest) }
        try importBlob(content, digest: digest, origin: leaf.origin)
      }
      if try !store.contains(leaf.artifact.digest) {
        try require(try store.write(layer.encoded()), is: leaf.artifact.digest, origin: leaf.origin)
      }
    case .file, .bytes, .gitBlob, .stored:
      if try !store.contains(leaf.artifact.digest) {
        try importBlob(leaf.content, digest: leaf.artifact.digest, origin: leaf.origin)
      }
    }
  }

  private func importBlob(_ content: Leaf.Content, digest: Digest, origin: String) throws {
    switch content {
    case .file(let path):
      try store.importFile(at: path, expected: digest)
    case .bytes(let bytes):
      try require(try store.write(bytes), is: digest, origin: origin)
    case .gitBlob(let mirror, let object):
      try require(try store.write(try readGitBlob(mirror, object)), is: digest, origin: origin)
    case .stored: throw MissingBlob(digest)
    case .tree, .tool:
      throw GraphError(.bug, "'\(origin)' has a file that is no file")
    }
  }

  private func require(_ digest: Digest, is expected: Digest, origin: String) throws {
    if digest != expected { throw ChangedSource(path: origin) }
  }

  private func checkTool(_ leaf: Leaf, path: String) throws {
    let identity = try FileSystem.identity(path)
    let known = tools.withLock { $0[path] }
    let digest = known?.identity == identity ? known?.digest : nil
    let current = try digest ?? FileSystem.digest(of: path)
    tools.withLock { $0[path] = (identity, current) }
    if current != leaf.artifact.digest {
      throw GraphError(
        .environment, "the host's '\(leaf.origin)' (\(path)) is another one than the snapshot names",
        hint: "take the tools of today into a new snapshot with `--refresh`")
    }
  }
}
