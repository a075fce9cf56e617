import Formats
import GraphCore

/// The metadata files of a repository that solving reads, decompressed.
struct RepositoryMetadata {
  let primary: [UInt8]
  let filelists: [UInt8]?
  /// Groups: comps.xml.
  let groups: [UInt8]?

  /// - Parameter tree: a tree that has `repodata/repomd.xml` and the files it names.
  init(tree: Layer, store: any BlobStore) throws {
    func bytes(_ path: String) throws -> [UInt8]? {
      for entry in tree.entries where entry.path == path {
        if case .file(let digest) = entry.content { return try store.read(digest) }
      }
      return nil
    }
    guard let repomd = try bytes("repodata/repomd.xml") else {
      throw ActionFailed(.deterministic, "the repository has no repodata/repomd.xml")
    }
    let repodata = try Repodata(repomd: repomd)
    func decompressed(_ type: String) throws -> [UInt8]? {
      guard let file = repodata.files[type], let content = try bytes(file.location) else { return nil }
      return try file.decompressed(content)
    }
    guard let primary = try decompressed("primary") else {
      throw ActionFailed(.deterministic, "the repository lacks the file 'primary' that its repomd.xml names")
    }
    self.primary = primary
    filelists = try decompressed("filelists")
    // Metadata names the file twice, as it is and compressed.
    let compressed = repodata.files.keys.filter { $0.hasPrefix("group_") }.sorted()
    groups = try (["group"] + compressed).lazy.compactMap { try decompressed($0) }.first
  }
}
