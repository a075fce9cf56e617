import Formats
import GraphCore
import Manifests
import Resolve

/// `repositories:` of `graph.d` with an address: what somebody else publishes, as the snapshot pins it.
///
/// Nodes: a `fetch` for each metadata file, and `repodata`, a tree of them with a repomd.xml of our own, which names what is
/// read and nothing else: so what others change besides, such as the time, changes nothing here. Packages are fetched when a
/// lock has chosen them (`FetchPackagesOperation`).
extension Compilation {
  /// - Returns: `nil` where it is not pinned, which only happens while targets are listed.
  func compile(
    _ upstream: UpstreamRepository, _ repository: RepositoryTarget, _ label: Label
  ) -> OutputReference? {
    guard let architecture = label.architecture else { return nil }
    let pin = repositoryPin(label.withoutArchitecture, architecture)
    var inputs: [Input] = []
    var files: [String: RepodataFile] = [:]
    for file in pin?.files ?? [] {
      guard let digest = Digest(hex: file.sha256, size: file.size) else { continue }
      let addresses = (pin?.urls ?? []).compactMap { Download.address(of: file.location, below: $0) }
      let fetch = builder.add(
        Node(
          label: label, step: "fetch \(file.type)",
          action: Action(
            rule: FetchOperation.rule, arguments: [.init("digest", digest.description)],
            outputs: [.init("file", .blob)], limits: .init(memoryMegabytes: 32, isWaiting: true),
            hints: ["url": addresses.joined(separator: " "), Action.fetchBytesHint: "\(digest.size)"]),
          location: repository.label.location))
      inputs.append(Input("file/\(file.type)", .output(fetch, "file")))
      files[file.type] = RepodataFile(
        location: file.location, checksumType: "sha256", checksum: file.sha256, size: file.size,
        openSize: file.openSize)
    }
    let repomd = Leaf.text(
      String(decoding: Repodata(revision: "1", files: files).encoded(), as: UTF8.self),
      origin: "what repomd.xml of '\(repository.label.value)' names")
    let repodata = builder.add(
      Node(
        label: label, step: "repodata",
        action: Action(
          rule: RepodataOperation.rule,
          arguments: files.sorted { $0.key.precedesInBytes($1.key) }.map {
            .init("file/\($0.key)", $0.value.location)
          },
          inputs: inputs + [Input("repomd", .leaf(repomd))], outputs: [.init("repodata", .tree)]),
        location: repository.label.location))
    builder.deliver(label, Graph.Target(kind: .repository, node: repodata, output: "repodata"))
    return OutputReference(node: repodata, output: "repodata")
  }

  /// What is known of the repositories that packages are installed from, as far as others publish them.
  ///
  /// - Parameter repositories: by number.
  func upstreams(of repositories: [OutputReference]) -> [Upstream] {
    repositories.enumerated().compactMap { index, output in
      let label = builder[output.node].label
      guard let upstream = upstream(of: label), let architecture = label.architecture else { return nil }
      return Upstream(
        number: ImageState.number(index), repository: upstream,
        mirrors: repositoryPin(label.withoutArchitecture, architecture)?.urls ?? [])
    }
  }

  struct Upstream {
    /// That of its input role in a lock.
    let number: String
    let repository: UpstreamRepository
    /// Best first.
    let mirrors: [String]

    var terms: PackageSolver.RepositoryTerms {
      .init(priority: repository.priority, includes: repository.includes, excludes: repository.excludes)
    }
  }

  /// The node that brings the packages of a lock.
  func addPackageFetch(
    of lock: NodeID, from upstreams: [Upstream], step: String, label: Label, location: SourceLocation
  ) -> NodeID {
    var keys: [Input] = []
    let signed = upstreams.filter(\.repository.checksPackages)
    for upstream in signed {
      for (index, key) in upstream.repository.keys.enumerated() {
        if let leaf = fileLeaf(key.value) {
          keys.append(Input("key/\(upstream.number)/\(ImageState.number(index))", .leaf(leaf)))
        }
      }
    }
    return builder.add(
      Node(
        label: label, step: step + "fetch",
        action: Action(
          rule: FetchPackagesOperation.rule,
          arguments: signed.isEmpty ? [] : [.init("signed", signed.map(\.number))],
          inputs: [Input("packages", .output(lock, "packages")), Input("lock", .output(lock, "lock"))] + keys,
          outputs: [.init("packages", .tree)], limits: .init(memoryMegabytes: 64, isWaiting: true),
          hints: Dictionary(
            upstreams.map { ("repository/\($0.number)", $0.mirrors.joined(separator: " ")) },
            uniquingKeysWith: { first, _ in first })),
        location: location))
  }

  /// A file of the workspace; `nil` where it cannot be read, which its reader has reported.
  private func fileLeaf(_ path: String) -> Leaf? {
    let full = "\(resolved.workspace.root)/\(path)"
    guard let digest = try? resolved.digests.digest(ofFileAt: full) else { return nil }
    return Leaf(Artifact(.blob, digest), .file(path: full), origin: path)
  }
}

/// Puts the metadata files of a repository into one tree, each at its place.
///
/// Inputs: `file/TYPE`, and `repomd`, which names them. Argument `file/TYPE`: where it is, relative to the repository.
public struct RepodataOperation: Operation {
  static let rule = Action.Rule("repodata", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    try Self.outputs(of: task, store)
  }

  static func outputs(of task: ActionTask, _ store: any BlobStore) throws -> [String: Artifact] {
    guard let repomd = task.input("repomd") else { throw GraphError(.bug, "a repository without repomd.xml") }
    var entries = [Layer.Entry(path: "repodata/repomd.xml", content: .file(repomd.digest), mode: 0o644)]
    for (type, artifact) in task.inputs(under: "file") {
      guard let location = task.action.value("file/\(type)") else { continue }
      entries.append(Layer.Entry(path: location, content: .file(artifact.digest), mode: 0o644))
    }
    return ["repodata": try store.write(Layer(entries: entries), as: .tree)]
  }
}
