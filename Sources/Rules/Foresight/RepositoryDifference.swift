import CSolv
import GraphCore
import Resolve

/// A package as repositories and locks tell it from others.
struct PackageFile: Hashable {
  let name: String
  let arch: String
  /// `epoch:version-release`, without an epoch of 0.
  let evr: String
  /// SHA-256, 64 hexadecimal digits.
  let checksum: String

  /// What moves from one set to another, by name and architecture. Where several versions of a package are there, each that
  /// is new comes in and each that is not there any more goes; the same version with other bytes is a move.
  static func moves(from old: [PackageFile], to new: [PackageFile]) -> [PackageMove] {
    struct Name: Hashable { let name, arch: String }
    let known = Set(old).intersection(new)
    func rest(_ files: [PackageFile]) -> [Name: [PackageFile]] {
      Dictionary(grouping: files.filter { !known.contains($0) }) { Name(name: $0.name, arch: $0.arch) }
    }
    let (before, after) = (rest(old), rest(new))
    var moves: [PackageMove] = []
    for name in Set(before.keys).union(after.keys) {
      var gone = (before[name] ?? [])[...]
      var came = (after[name] ?? [])[...]
      while !gone.isEmpty || !came.isEmpty {
        moves.append(
          PackageMove(name: name.name, arch: name.arch, old: gone.popFirst()?.evr, new: came.popFirst()?.evr))
      }
    }
    return moves.sorted { left, right in
      left.name == right.name ? left.line.precedesInBytes(right.line) : left.name.precedesInBytes(right.name)
    }
  }
}

/// What moved in upstream repositories between two snapshots.
public struct RepositoryDifference: Sendable {
  public struct Repository: Sendable {
    /// With its architecture.
    public let label: String
    /// `nil` where the store lacks the metadata of one of the two.
    public let moves: [PackageMove]?
  }

  /// Those that moved, by label.
  public let repositories: [Repository]

  /// - Parameter cache: of metadata.
  /// - Throws: what the store throws.
  public init(from old: Snapshot, to new: Snapshot, store: any BlobStore, cache: MetadataCache) throws {
    func pins(_ snapshot: Snapshot) -> [String: Snapshot.RepositoryPin] {
      Dictionary((snapshot.repositories ?? []).map { ("\($0.label):\($0.architecture)", $0) }) { first, _ in
        first
      }
    }
    let (before, after) = (pins(old), pins(new))
    repositories = try after.keys.sorted { $0.precedesInBytes($1) }.compactMap { label in
      guard let now = after[label], let then = before[label], now.repomd != then.repomd else { return nil }
      let files = try (Self.packages(of: then, store, cache), Self.packages(of: now, store, cache))
      guard let old = files.0, let new = files.1 else { return Repository(label: label, moves: nil) }
      return Repository(label: label, moves: PackageFile.moves(from: old, to: new))
    }
  }

  private static func packages(
    of pin: Snapshot.RepositoryPin, _ store: any BlobStore, _ cache: MetadataCache
  ) throws -> [PackageFile]? {
    do {
      return try RepositoryMetadata(pin: pin, store: store).loaded(cache, repository: pin.label).packages()
    } catch is MissingBlob {
      return nil
    } catch is SolverError {
      return nil
    }
  }
}

extension LoadedMetadata {
  /// Every package, in the order of the metadata.
  func packages() throws(SolverError) -> [PackageFile] {
    let pool = PackagePool(architecture: .host)
    guard let repository = repo_create(pool.pointer, "listed") else {
      throw .metadata(repository: "listed", message: "no memory")
    }
    try add(to: repository, pool)
    return pool.packages.map { package in
      let solvable = pool.solvable(package)
      var type: Id = 0
      let checksum = solvable_lookup_checksum(solvable, Id(SOLVABLE_CHECKSUM), &type)
      return PackageFile(
        name: pool.name(package), arch: pool.text(solvable.pointee.arch),
        evr: pool.text(solvable.pointee.evr),
        checksum: checksum.map { String(cString: $0) } ?? "")
    }
  }
}
