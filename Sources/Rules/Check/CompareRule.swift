import GraphCore
import Manifests
import Resolve

/// The check that an image has the same package versions on every architecture: a node `compare` beside the image's
/// index, over the locks of its architectures. Nothing depends on it; a build of the index brings it up to date.
extension Compilation {
  /// - Returns: `nil` where fewer than two architectures have packages of this workspace's making.
  func addComparison(of label: Label, at location: SourceLocation) -> NodeID? {
    var inputs: [Input] = []
    var places: [String: String] = [:]
    var compared = 0
    for architecture in architectures {
      guard let locks = finishedState(label.on(architecture))?.locks, !locks.isEmpty,
        // Where a failure is allowed, so is another version.
        let target = builder.target(label.on(architecture)), !builder.isFailable(target.node)
      else { continue }
      compared += 1
      for (index, lock) in locks.enumerated() {
        let role = "lock/\(architecture)/\(ImageState.number(index))"
        inputs.append(Input(role, lock.source))
        places[role] = builder[lock.node].location.map { "\($0)" }
      }
    }
    guard compared > 1 else { return nil }
    let exceptions = resolved.workspace.settings.packageComparisonExceptions.map(\.value)
    return builder.add(
      Node(
        label: label, step: "compare",
        action: Action(
          rule: CompareOperation.rule,
          arguments: [.init("exceptions", exceptions.sorted { $0.precedesInBytes($1) })], inputs: inputs,
          outputs: [.init("verdict", .blob)], limits: .init(memoryMegabytes: 64), hints: places),
        location: location))
  }
}

/// Compares locks of several architectures: a package that has the same name on two of them has the same version and
/// release, unless it is an exception. Packages that only some architectures have are no difference.
public struct CompareOperation: Operation {
  static let rule = Action.Rule("compare", version: 2)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  private struct Found {
    let package: LockedPackage
    let architecture: String
    let place: String
  }

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    var packages: [String: [Found]] = [:]
    var architectures: [String] = []
    for (name, artifact) in task.inputs(under: "lock") {
      let architecture = String(name.prefix { $0 != "/" })
      if architectures.last != architecture { architectures.append(architecture) }
      let place = task.action.hints["lock/\(name)"] ?? ""
      let lock = try Self.lock(artifact, store)
      // Locks of an architecture come one after the other, and a later one may take away what an earlier one brought.
      let gone = Set(lock.erased.map(\.nevra))
      for name in gone.isEmpty ? [] : Array(packages.keys) {
        packages[name]?.removeAll { $0.architecture == architecture && gone.contains($0.package.nevra) }
      }
      for package in lock.packages {
        packages[package.name, default: []].append(
          Found(package: package, architecture: architecture, place: place))
      }
    }
    packages = packages.filter { !$0.value.isEmpty }
    let exceptions = Set(task.action.values("exceptions"))
    let different = packages.filter { name, found in
      !exceptions.contains(name) && Self.versions(found).count > 1
    }
    guard different.isEmpty else { throw Self.failure(different) }
    let text = "the same versions of \(packages.count) packages on \(architectures.joined(separator: ", "))\n"
    return ["verdict": Artifact(.blob, try store.write(Array(text.utf8)))]
  }

  private static func lock(_ artifact: Artifact, _ store: any BlobStore) throws -> Lock {
    do {
      return try Lock(encoded: try store.read(artifact.digest))
    } catch is CorruptLock {
      throw MissingBlob(artifact.digest)
    }
  }

  /// What architectures have, each as its set of versions.
  private static func versions(_ found: [Found]) -> Set<Set<String>> {
    Set(Dictionary(grouping: found, by: \.architecture).values.map { Set($0.map(\.package.evr)) })
  }

  private static func failure(_ different: [String: [Found]]) -> ActionFailed {
    var lines: [String] = []
    for (name, found) in different.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      lines.append("\(name):")
      lines += found.map { "  \($0.package.nevra) on \($0.architecture), installed at \($0.place)" }
    }
    lines.append("'package-comparison-exceptions' of graph.yml lists packages that may differ")
    let names = different.keys.sorted { $0.precedesInBytes($1) }
    return ActionFailed(
      .deterministic,
      "architectures have other versions of \(names.prefix(5).joined(separator: ", "))"
        + (names.count > 5 ? " and \(names.count - 5) more" : ""),
      log: Array(lines.map { $0 + "\n" }.joined().utf8))
  }
}
