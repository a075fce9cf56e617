import Formats
import GraphCore
import Resolve

/// The metadata files of a repository that solving reads.
struct RepositoryMetadata {
  private let files: [String: (digest: Digest, file: RepodataFile)]
  private let store: any BlobStore

  /// - Parameter tree: a tree that has `repodata/repomd.xml` and the files it names.
  /// - Throws: `ActionFailed` where it lacks what solving needs; `GraphError` for what is damaged; what the store throws.
  init(tree: Layer, store: any BlobStore) throws {
    var digests: [String: Digest] = [:]
    for entry in tree.entries {
      if case .file(let digest) = entry.content { digests[entry.path] = digest }
    }
    guard let repomd = digests["repodata/repomd.xml"] else {
      throw ActionFailed(.deterministic, "the repository has no repodata/repomd.xml")
    }
    var files: [String: (digest: Digest, file: RepodataFile)] = [:]
    for (type, file) in try Repodata(repomd: try store.read(repomd)).files {
      if let digest = digests[file.location] { files[type] = (digest, file) }
    }
    guard files["primary"] != nil else {
      throw ActionFailed(.deterministic, "the repository lacks the file 'primary' that its repomd.xml names")
    }
    self.files = files
    self.store = store
  }

  /// - Parameter pin: of a repository whose metadata may be in the store.
  init(pin: Snapshot.RepositoryPin, store: any BlobStore) {
    files = Dictionary(
      pin.files.compactMap { file in
        guard let digest = Digest(hex: file.sha256, size: file.size) else { return nil }
        let described = RepodataFile(
          location: file.location, checksumType: "sha256", checksum: file.sha256, size: file.size,
          openSize: file.openSize)
        return (file.type, (digest, described))
      }, uniquingKeysWith: { first, _ in first })
    self.store = store
  }

  /// A file of metadata, decompressed; `nil` where there is none of the type.
  func content(_ type: String) throws -> [UInt8]? {
    guard let (digest, file) = files[type] else { return nil }
    return try file.decompressed(try store.read(digest))
  }

  /// What repomd.xml says of each file that is there, by type.
  var described: [String: RepodataFile] { files.mapValues(\.file) }

  func location(_ type: String) -> String? { files[type]?.file.location }

  /// Packages and their files, as the solver reads them: from the cache where they are there.
  ///
  /// - Parameter repository: what messages call it.
  func loaded(_ cache: MetadataCache?, repository: String) throws -> LoadedMetadata {
    guard let primary = files["primary"]?.digest else {
      throw GraphError(.bug, "a repository without 'primary'")
    }
    let name = MetadataCache.name(primary: primary, filelists: files["filelists"]?.digest)
    if let kept = cache?.load(name) { return kept }
    let made = try LoadedMetadata(
      primary: try content("primary") ?? [], filelists: try content("filelists"),
      repository: repository)
    cache?.keep(made, name)
    return made
  }

  /// Groups: comps.xml.
  func groups() throws -> [UInt8]? {
    // Metadata names the file twice, as it is and compressed.
    let compressed = files.keys.filter { $0.hasPrefix("group_") }.sorted { $0.precedesInBytes($1) }
    return try (["group"] + compressed).lazy.compactMap { try content($0) }.first
  }
}
