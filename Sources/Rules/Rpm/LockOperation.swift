import GraphCore

/// Solves a package command against repositories and what is installed below.
///
/// Outputs: `lock` (which packages come in and go, and why), `packages` (the RPM files as a tree, with what is to be done
/// with them: all that an installation depends on; a blob that says the same, where they have to be fetched first) and
/// `epoch` (the newest build time among them, as text).
///
/// A repository is `repository/NN`; argument `repository/NN` says what else is to be known of it, one word for each:
/// `priority=N`, `include=PATTERN`, `exclude=PATTERN`.
public struct LockOperation: Operation {
  static let rule = Action.Rule("lock", version: 3)
  public var rule: Action.Rule { Self.rule }

  private let solvers: SolverPools
  private let decoded: DecodedLocks

  public init(solvers: SolverPools) { self.init(solvers: solvers, decoded: DecodedLocks()) }

  init(solvers: SolverPools, decoded: DecodedLocks) { (self.solvers, self.decoded) = (solvers, decoded) }

  /// What a transaction is to the key of its lock.
  ///
  /// - Parameter numbers: of the repositories that are on; `nil` for all.
  static func arguments(of transaction: PackageTransaction, numbers: [String]?) -> [Action.Argument] {
    func yes(_ truth: Bool) -> String { truth ? "yes" : "no" }
    var arguments: [Action.Argument] = [
      .init(transaction.verb.rawValue, transaction.requests),
      .init("weak-dependencies", yes(transaction.weakDependencies)), .init("best", yes(transaction.best)),
    ]
    if transaction.mayErase { arguments.append(.init("allow-erasing", "yes")) }
    if !transaction.isStrict { arguments.append(.init("strict", "no")) }
    if !transaction.excludes.isEmpty { arguments.append(.init("exclude", transaction.excludes)) }
    if transaction.verb == .remove {
      arguments.append(.init("clean-requirements", yes(transaction.cleansRequirements)))
    }
    if transaction.groupTypes != PackageTransaction.defaultGroupTypes {
      arguments.append(.init("group-types", transaction.groupTypes))
    }
    if let numbers { arguments.append(.init("repositories", numbers)) }
    return arguments
  }

  private static func transaction(of action: Action) throws -> PackageTransaction {
    guard let first = action.arguments.first, let verb = PackageTransaction.Verb(rawValue: first.name) else {
      throw GraphError(.bug, "a lock that asks for nothing")
    }
    var transaction = PackageTransaction(verb, first.values)
    transaction.weakDependencies = action.value("weak-dependencies") == "yes"
    transaction.best = action.value("best") == "yes"
    transaction.mayErase = action.value("allow-erasing") == "yes"
    transaction.isStrict = action.value("strict") != "no"
    transaction.excludes = action.values("exclude")
    transaction.cleansRequirements = action.value("clean-requirements") == "yes"
    if let types = action.arguments.first(where: { $0.name == "group-types" }) {
      transaction.groupTypes = types.values
    }
    transaction.repositories = action.arguments.first { $0.name == "repositories" }?.values
    return transaction
  }

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    try solve(task, store)
  }

  func solve(_ task: ActionTask, _ store: any BlobStore) throws -> [String: Artifact] {
    guard let architecture = task.action.architecture else {
      throw GraphError(.bug, "a lock without architecture")
    }
    let transaction = try Self.transaction(of: task.action)
    let list = try task.input("list").map { try PackageList(try store.readText($0.digest)) }
    let installed = try installed(task, list, store)
    let solution = try Self.translatingProblems {
      try solvers.withSolver(of: Self.repositories(of: task), for: architecture, store) {
        try $0.solve(transaction, installed: installed, listed: list)
      }
    }
    return [
      "lock": Artifact(.blob, try store.write(solution.lock.encoded())),
      "packages": try store.write(
        try Self.tree(of: solution, installed, store),
        as: task.action.outputs.first { $0.name == "packages" }?.kind ?? .tree),
      "epoch": Artifact(.blob, try store.write(Array("\(solution.lock.epoch)\n".utf8))),
    ]
  }

  static func repositories(of task: ActionTask) -> [SolverPools.Repository] {
    task.inputs(under: "repository").enumerated().map { index, input in
      SolverPools.Repository(
        name: input.name, tree: input.artifact, place: index,
        terms: .init(words: task.action.values("repository/\(input.name)")))
    }
  }

  /// What is installed below: what the locks say one after the other, from where the package database was read last.
  private func installed(
    _ task: ActionTask, _ list: PackageList?, _ store: any BlobStore
  ) throws -> [LockedPackage] {
    func locks(_ role: String) throws -> [Lock] {
      try task.inputs(under: role).map { try decoded.lock($0.artifact.digest, store) }
    }
    var installed: [LockedPackage] = try locks("known").reduce([]) { $1.applied(to: $0) }
    if let list {
      // Locks know why something is there; the database knows what is.
      let known = Dictionary(installed.map { ($0.nevra, $0) }) { first, _ in first }
      installed = list.locked.map { known[$0.nevra] ?? $0 }
    }
    return try locks("installed").reduce(installed) { $1.applied(to: $0) }
  }

  /// The RPM files; those beside which another version stays are in `beside/`, and what goes without a successor is named
  /// in `erase`, one to a line.
  private static func tree(
    of solution: Solution, _ installed: [LockedPackage], _ store: any BlobStore
  ) throws -> Layer {
    let gone = Set(solution.removed.map(\.package.nevra))
    let staying = Set(installed.filter { !gone.contains($0.nevra) }.map(\.name))
    var entries = solution.added.asTree.entries
    for (index, package) in solution.added.packages.enumerated() where staying.contains(package.name) {
      if let place = entries.firstIndex(where: { $0.path == "\(package.nevra).rpm" }) {
        entries[place].path = "beside/\(solution.added.packages[index].nevra).rpm"
      }
    }
    let erased = solution.lock.erased.filter { !$0.isReplaced }
    if !erased.isEmpty {
      let text = erased.map { $0.label + "\n" }.joined()
      entries.append(
        Layer.Entry(path: "erase", content: .file(try store.write(Array(text.utf8))), mode: 0o644))
    }
    return Layer(entries: entries)
  }

  private static func translatingProblems<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as SolverError {
      throw ActionFailed(
        .deterministic, "the packages cannot be brought to what is asked", log: Array("\(error)\n".utf8))
    }
  }
}
