import GraphCore

/// Takes the package database out of stacked layers: what a step that graph does not see through may have changed.
///
/// Its output holds the files of the database and nothing else, so a RUN that changes in other ways disturbs no lock.
public struct PackageDatabaseOperation: Operation {
  static let rule = Action.Rule("package-database", version: 2)
  public var rule: Action.Rule { Self.rule }

  /// Where rpm keeps it, the place that counts first: newer systems have a link from the old place to the new one.
  static let folders = ["var/lib/rpm", "usr/lib/sysimage/rpm"]
  /// What a running rpm leaves behind.
  private static let leftovers: Set<String> = [".rpm.lock", "rpmdb.sqlite-shm", "rpmdb.sqlite-wal"]

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let root = StackedRoot(try task.inputs(under: "layer").map { try store.readLayer($0.artifact) })
    var entries: [Layer.Entry] = []
    for folder in Self.folders where entries.isEmpty {
      guard let path = root.resolve(folder) else { continue }
      for name in root.names(in: path) where !Self.leftovers.contains(name) {
        guard case .file(let digest)? = root.entry("\(path)/\(name)")?.content else { continue }
        entries.append(Layer.Entry(path: name, content: .file(digest), mode: 0o644))
      }
    }
    return ["database": try store.write(Layer(entries: entries), as: .tree)]
  }
}

/// Reading what is installed from a package database.
extension Compilation {
  /// Adds the nodes that list the packages of a state, where a step below may have changed them.
  func addPackageList(step: String, to state: inout ImageState, label: Label, location: SourceLocation) {
    guard state.layers.dropFirst(state.listedLayers).contains(where: mayHoldDatabase) else { return }
    state.listedLayers = state.layers.count
    let database = builder.add(
      Node(
        label: label, step: step + "package database",
        action: Action(
          rule: PackageDatabaseOperation.rule, inputs: state.layerInputs,
          outputs: [.init("database", .tree)]),
        location: location))
    let list = builder.add(
      Node(
        label: label, step: step + "package list",
        action: Action(
          rule: .init("package-list", version: 1),
          inputs: [Input("database", .output(database, "database"))] + toolInputs(["cp", "rpm", "sh"]),
          outputs: [.init("list", .blob)], command: Self.listCommand),
        location: location))
    state.packageList = OutputReference(node: list, output: "list")
    state.listedLocks = state.locks.count
  }

  /// Whether a layer may hold a part of the package database that no lock knows of.
  private func mayHoldDatabase(_ layer: ImageState.StackedLayer) -> Bool {
    let action = builder[layer.recipe.node].action
    switch action.rule.name {
    case "install", MakeFolderOperation.rule.name: return false
    case CopyOperation.rule.name: return Self.mayHoldDatabase(at: action.value("destination") ?? "/")
    case RemovePathsOperation.rule.name: return action.values("paths").contains(where: Self.mayHoldDatabase)
    default: return true
    }
  }

  /// Whether a path is one of the database, or of a folder that it is in.
  private static func mayHoldDatabase(at path: String) -> Bool {
    let parts = InstructionReader.join("/", path).split(separator: "/")
    return PackageDatabaseOperation.folders.contains { folder in
      zip(folder.split(separator: "/"), parts).allSatisfy { $0 == $1 || $1 == "*" }
    }
  }

  /// rpm of the host reads a copy, because it cannot open a database that it may not lock; which format it is in shows in
  /// the names of its files.
  private static let listCommand = Command(
    argv: [
      "/bin/sh", "-ec",
      """
      cp -r /build/database /build/copy
      cd /build/copy
      backend=sqlite
      if [ -e Packages.db ]; then backend=ndb; fi
      if [ -e Packages ]; then backend=bdb_ro; fi
      : >/build/out/list
      [ -e rpmdb.sqlite ] || [ -e Packages.db ] || [ -e Packages ] || exit 0
      exec rpm --dbpath /build/copy --define "_db_backend $backend" --define '_rpmlock_path /build/lock' \
        --nosignature --nodigest --query --all --queryformat "$1" >/build/out/list
      """,
      "sh", PackageList.queryFormat,
    ],
    workingDirectory: "/build", root: .host, stages: [.init(role: "database", path: "/build/database")],
    collects: [.init(output: "list", from: .path("/build/out/list"))])
}
