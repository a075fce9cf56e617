import GraphCore
import Manifests

/// The snapshot in the making: answers from the facts it started with, resolves what is missing, remembers all it gave.
struct Pins {
  private(set) var snapshot: Snapshot
  /// Whether anything had to be resolved.
  private(set) var isNew = false
  private var policy: Resolver.Policy
  private let inputs: InputPolicy
  private var fetched: [String: Result<Void, GraphError>] = [:]
  private var toolsByName: [String: Snapshot.ToolPin]
  private var fetchesByLabel: [FetchKey: Snapshot.FetchPin]

  struct FetchKey: Hashable {
    let label: String
    let architecture: String
  }

  init(policy: Resolver.Policy, inputs: InputPolicy) {
    self.policy = policy
    // What could not be read forbids everything without a word more: it has been reported.
    self.inputs = inputs.isBroken ? InputPolicy() : inputs
    if inputs.isBroken { self.policy.isListing = true }
    snapshot = policy.snapshot ?? Snapshot(date: policy.today)
    toolsByName = Dictionary(snapshot.tools.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    fetchesByLabel = Dictionary(
      snapshot.fetches.map { (FetchKey(label: $0.label, architecture: $0.architecture), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// - Throws: `GraphError(.user)` where the policy of graph.yml does not allow the address.
  mutating func git(_ url: String, branch: String, using git: any GitRepositories) throws -> Snapshot.GitPin {
    let address = try GitURL(url)
    guard inputs.allowsGit(address) else {
      let host = address.host ?? ""
      throw InputPolicy.refusal(
        "git host '\(host)'", "git-hosts", allowed: inputs.gitHosts.map { $0.map(\.description) })
    }
    if let pin = snapshot.git.first(where: { $0.url == url && $0.branch == branch }) {
      if !git.has(url, commit: pin.commit) {
        try offlineCheck("commit \(pin.commit.prefix(12)) of \(url)")
        try fetch(url, git)
      }
      return pin
    }
    try offlineCheck("branch '\(branch)' of \(url)")
    try fetch(url, git)
    let commit = try git.resolve(url, branch: branch)
    let pin = Snapshot.GitPin(
      url: url, branch: branch, commit: commit.commit, tree: commit.tree, time: commit.time)
    add { $0.git.append(pin) }
    return pin
  }

  /// - Throws: `GraphError(.user)` where the policy of graph.yml does not allow the registry.
  mutating func image(
    _ reference: String, architecture: Architecture, isInsecure: Bool, using registries: any ImageRegistries
  ) async throws {
    if let name = try? ImageReference(reference), !inputs.allowsImage(name) {
      throw InputPolicy.refusal(
        "registry '\(name.registry ?? "docker.io")'", "registries",
        allowed: inputs.registries.map { $0.map(\.description) })
    }
    if snapshot.images.contains(where: { $0.reference == reference && $0.architecture == architecture.name })
    {
      return
    }
    let absent = Snapshot.AbsentImage(reference: reference, architecture: architecture.name)
    if snapshot.absentImages?.contains(absent) == true { return }
    try offlineCheck("image '\(reference)' for \(architecture)")
    let image: RemoteImage
    do {
      image = try await registries.resolve(reference, architecture: architecture, insecure: isInsecure)
    } catch is NoSuchPlatform {
      add { $0.absentImages = ($0.absentImages ?? []) + [absent] }
      return
    }
    add {
      $0.images.append(
        Snapshot.ImagePin(
          reference: reference, architecture: architecture.name, manifest: image.manifest,
          layerCount: image.layerCount, configuration: image.configuration, size: image.size))
    }
  }

  /// The pin of a host tool; `nil` where the host has none.
  mutating func tool(
    _ name: String, programs: any HostPrograms, digests: any FileDigests
  ) throws -> Snapshot.ToolPin? {
    if let pin = toolsByName[name] { return pin }
    guard let path = programs.find(name) else { return nil }
    let digest = try digests.digest(ofFileAt: path)
    let pin = Snapshot.ToolPin(name: name, path: path, sha256: digest.hex, size: digest.size)
    toolsByName[name] = pin
    add { $0.tools.append(pin) }
    return pin
  }

  func fetch(_ key: FetchKey) -> Snapshot.FetchPin? { fetchesByLabel[key] }

  /// - Throws: `GraphError(.user)` where the policy of graph.yml does not allow one of the addresses.
  func checkFetches(_ files: [Snapshot.FetchPin.File]) throws(GraphError) {
    guard let refused = files.first(where: { !inputs.allowsFetch($0.url) }) else { return }
    throw InputPolicy.refusal("'\(GitURL.shown(refused.url))'", "repositories", allowed: nil)
  }

  mutating func add(_ pin: Snapshot.FetchPin) {
    fetchesByLabel[FetchKey(label: pin.label, architecture: pin.architecture)] = pin
    add { $0.fetches.append(pin) }
  }

  func repository(_ label: String, _ architecture: String) -> Snapshot.RepositoryPin? {
    snapshot.repositories?.first { $0.label == label && $0.architecture == architecture }
  }

  /// Adds a pin, or puts it in the place of the one for the same repository and architecture.
  mutating func add(_ pin: Snapshot.RepositoryPin) {
    add { snapshot in
      let others = (snapshot.repositories ?? []).filter {
        $0.label != pin.label || $0.architecture != pin.architecture
      }
      snapshot.repositories = others + [pin]
    }
  }

  /// - Throws: `GraphError(.user)` where the policy of graph.yml does not allow an address of a repository.
  func checkRepository(_ url: String) throws(GraphError) {
    if inputs.allowsFetch(url) { return }
    throw InputPolicy.refusal("'\(GitURL.shown(url))'", "repositories", allowed: nil)
  }

  /// Whether facts that are not pinned are left out instead of resolved.
  var isListing: Bool { policy.isListing }

  /// - Throws: where the network may not be asked.
  func offlineCheck(_ what: String) throws {
    if policy.isOffline || policy.isListing {
      throw GraphError(
        .unavailable, "\(what) is not in the snapshot, and --offline forbids to ask for it",
        hint: "run once without --offline")
    }
  }

  /// Fetches a URL once, however many entries are in it, and fails as often.
  private mutating func fetch(_ url: String, _ git: any GitRepositories) throws {
    if let known = fetched[url] { return try known.get() }
    do {
      try git.fetch(url)
      fetched[url] = .success(())
    } catch let error as GraphError {
      fetched[url] = .failure(error)
      throw error
    }
  }

  private mutating func add(_ change: (inout Snapshot) -> Void) {
    change(&snapshot)
    snapshot.date = policy.today
    isNew = true
  }
}

extension InputPolicy {
  /// What the policy does not allow, said where it is named.
  static func refusal(_ what: String, _ key: String, allowed: [String]?) -> GraphError {
    let list =
      allowed.map { $0.isEmpty ? ", which allows none" : ", which allows \($0.joined(separator: ", "))" }
      ?? ""
    return GraphError(
      .user, "\(what) is not allowed by 'policy' of graph.yml",
      hint: "name another source, or add it to '\(key)'\(list)", code: "policy")
  }
}
