import GraphCore

/// Makes sure that an opaque RUN left the package database alone, before something is solved on top of it: locks know
/// what is installed from the locks below, and could not know what a RUN installed by itself.
///
/// Its output is always the same, so a RUN that changes in other ways disturbs no lock.
public struct PackageDatabaseOperation: Operation {
  static let rule = Action.Rule("package-database", version: 1)
  public var rule: Action.Rule { Self.rule }

  static let folders = ["var/lib/rpm/", "usr/lib/sysimage/rpm/"]

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    guard let artifact = task.input("layer") else { throw GraphError(.bug, "a check without a layer") }
    let changed = try store.readLayer(artifact).entries.first { entry in
      Self.folders.contains { entry.path.hasPrefix($0) }
    }
    if let changed {
      throw ActionFailed(
        .deterministic,
        "a RUN below changed the package database ('/\(changed.path)'), so a later installation cannot be solved: "
          + "install packages with 'RUN dnf install -y …' alone, which graph sees")
    }
    return ["unchanged": Artifact(.blob, try store.write(Array("unchanged\n".utf8)))]
  }
}
