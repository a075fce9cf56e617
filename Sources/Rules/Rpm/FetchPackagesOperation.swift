import GraphCore
import Resolve

/// Brings the packages of a lock that the store lacks, from the mirrors of their repositories.
///
/// Inputs: `packages` (the tree of the lock as a blob), `lock`, and for each repository whose packages have to be signed
/// `key/NN/…`, the public keys. Output `packages`: the same tree, of which all files are there now. Mirrors are hints
/// (`repository/NN`, addresses with a space between) and no part of the key: a package is named by its digest.
public struct FetchPackagesOperation: Operation {
  static let rule = Action.Rule("fetch-packages", version: 1)
  public var rule: Action.Rule { Self.rule }

  private let download: PackageDownload
  private let signatures: PackageSignatures
  private let isOffline: Bool

  /// - Parameter scratch: a folder for files that are being downloaded.
  public init(programs: any HostPrograms, scratch: String, isOffline: Bool) {
    download = PackageDownload(programs: programs, scratch: scratch)
    signatures = PackageSignatures(programs: programs, scratch: scratch)
    self.isOffline = isOffline
  }

  private static let downloadsMax = 4

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    guard let tree = task.input("packages"), let lock = task.input("lock") else {
      throw GraphError(.bug, "packages are to be fetched of no lock")
    }
    let packages: [LockedPackage]
    do {
      packages = try Lock(encoded: try store.read(lock.digest)).packages
    } catch is CorruptLock {
      throw MissingBlob(lock.digest)
    }
    let missing = try packages.filter { try !store.contains($0.digest) }
    if isOffline, let first = missing.first {
      throw GraphError(
        .unavailable,
        "\(first.nevra)\(missing.count > 1 ? " and \(missing.count - 1) more packages have" : " has") to be fetched, and --offline forbids it",
        hint: "run without --offline")
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, package) in missing.enumerated() {
        if index >= Self.downloadsMax { try await group.next() }
        let mirrors = task.action.hints["repository/\(package.repository)"]?.split(separator: " ").map(
          String.init)
        group.addTask { try await download.bring(package, from: mirrors ?? [], into: store) }
      }
      try await group.waitForAll()
    }
    for repository in task.action.values("signed") {
      let keys = try task.inputs(under: "key/\(repository)").map { try store.read($0.artifact.digest) }
      try await signatures.check(packages.filter { $0.repository == repository }, keys: keys, in: store)
    }
    return ["packages": Artifact(.tree, tree.digest)]
  }
}
