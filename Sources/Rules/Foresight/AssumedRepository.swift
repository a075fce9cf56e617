import CSolv
import Formats
import GraphCore

/// The metadata of a repository as it would be with packages that are not there: each a copy of the newest one of its name
/// in another version, and with it all that came of the same source, as updates come.
struct AssumedRepository {
  private let metadata: RepositoryMetadata
  private let tree: Layer
  private let store: any BlobStore
  private let pool = PackagePool(architecture: .host)

  init(_ tree: Artifact, store: any BlobStore) throws {
    self.store = store
    self.tree = try store.readLayer(tree)
    metadata = try RepositoryMetadata(tree: self.tree, store: store)
  }

  /// - Returns: `nil` where it has none of the packages.
  /// - Throws: what the store throws.
  func tree(with packages: [AssumedPackage]) throws -> Artifact? {
    let primary = MetadataElements(try metadata.content("primary") ?? [])
    let filelists = MetadataElements(try metadata.content("filelists") ?? [])
    var added: (primary: [String], filelists: [String]) = ([], [])
    for package in packages {
      let named = primary.holding("<name>\(package.name)</name>").compactMap(Element.init)
      guard let newest = named.max(by: { pool_evrcmp_str(pool.pointer, $0.evr.text, $1.evr.text, 0) < 0 })
      else {
        continue
      }
      let version = package.version(after: newest.evr)
      if named.contains(where: { $0.evr == version }) { continue }
      let source = newest.source.map { primary.holding("<rpm:sourcerpm>\($0)</rpm:sourcerpm>") } ?? []
      let siblings = source.compactMap(Element.init).filter {
        $0.evr == newest.evr && $0.name != package.name
      }
      for element in named.filter({ $0.evr == newest.evr }) + siblings {
        let checksum = Digest(ofText: "assumed \(element.name) \(version.text) \(element.arch)").hex
        added.primary.append(element.changed(to: version, checksum: checksum))
        added.filelists += filelists.holding("pkgid=\"\(element.checksum)\"").map {
          element.replacing(in: $0, version, checksum: checksum)
        }
      }
    }
    if added.primary.isEmpty { return nil }
    return try write(primary.appending(added.primary), filelists.appending(added.filelists))
  }

  private func write(_ primary: [UInt8], _ filelists: [UInt8]) throws -> Artifact {
    var entries = tree.entries.filter { entry in
      entry.path != "repodata/repomd.xml"
        && !["primary", "filelists"].contains { metadata.location($0) == entry.path }
    }
    var files = metadata.described
    for (type, content) in [("primary", primary), ("filelists", filelists)] where files[type] != nil {
      let digest = try store.write(content)
      let location = "repodata/assumed-\(type).xml"
      files[type] = RepodataFile(
        location: location, checksumType: "sha256", checksum: digest.hex, size: digest.size, openSize: nil)
      entries.append(Layer.Entry(path: location, content: .file(digest), mode: 0o644))
    }
    let repomd = try store.write(Repodata(revision: "assumed", files: files).encoded())
    entries.append(Layer.Entry(path: "repodata/repomd.xml", content: .file(repomd), mode: 0o644))
    return try store.write(Layer(entries: entries), as: .tree)
  }

  /// A package's element of primary.xml.
  private struct Element {
    let text: String
    let name: String
    let arch: String
    let evr: EVR
    let checksum: String
    let source: String?

    /// `nil` for what lacks something that every package has.
    init?(_ text: String) {
      var scanner = XMLScanner(text)
      var (name, arch, checksum): (String?, String?, String?)
      var evr: EVR?
      var source: String?
      while let element = scanner.next() {
        switch element.name {
        case "name" where name == nil: name = element.text
        case "arch" where arch == nil: arch = element.text
        case "checksum" where checksum == nil: checksum = element.text
        case "sourcerpm": source = element.text.isEmpty ? nil : element.text
        case "version" where evr == nil:
          guard let version = element.attributes["ver"], let release = element.attributes["rel"] else {
            return nil
          }
          evr = EVR(epoch: element.attributes["epoch"] ?? "0", version: version, release: release)
        default: break
        }
      }
      guard let name, let arch, let checksum, let evr, !checksum.isEmpty, arch != "src" else { return nil }
      (self.text, self.name, self.arch, self.checksum) = (text, name, arch, checksum)
      (self.evr, self.source) = (evr, source)
    }

    func changed(to version: EVR, checksum: String) -> String {
      replacing(in: text, version, checksum: checksum)
    }

    /// What it provides in its own version, and requires of its siblings in it, moves with it.
    func replacing(in text: String, _ new: EVR, checksum: String) -> String {
      let old = "epoch=\"\(evr.epoch)\" ver=\"\(evr.version)\" rel=\"\(evr.release)\""
      return text.replacing(old, with: "epoch=\"\(new.epoch)\" ver=\"\(new.version)\" rel=\"\(new.release)\"")
        .replacing(self.checksum, with: checksum)
    }
  }
}
