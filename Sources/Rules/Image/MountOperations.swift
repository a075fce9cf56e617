import GraphCore

/// Files of the build context as a tree, for RUN --mount=type=bind. What is named comes as `source`, a file or a folder.
public struct ContextOperation: Operation {
  static let rule = Action.Rule("context", version: 1)
  /// What the content is called in its tree or layer: only the graph's run tells whether it is a file or a folder.
  static let name = "source"
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    var entries: [Layer.Entry] = []
    for text in task.action.values("entries") {
      // As COPY has them (`CopySources.entries`).
      let fields = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 3 else { throw GraphError(.bug, "context entry '\(text)'") }
      let (number, kind, place) = (fields[0], fields[1], fields[2])
      let name = String(place.dropFirst())
      let path = place.hasPrefix("=") || name.isEmpty ? Self.name : "\(Self.name)/\(name)"
      if kind == "folder" {
        entries.append(Layer.Entry(path: path, content: .directory, mode: 0o755))
        continue
      }
      guard let artifact = task.input("source/\(number)/\(name)") else {
        throw GraphError(.bug, "no input '\(text)'")
      }
      let isLink = kind == "link"
      entries.append(
        Layer.Entry(
          path: path,
          content: isLink
            ? .symlink(target: try store.readText(artifact.digest)) : .file(artifact.digest),
          mode: isLink ? 0o777 : kind == "program" ? 0o755 : 0o644))
    }
    return ["content": try store.write(Layer(entries: entries).asTree, as: .tree)]
  }
}

/// One path of stacked layers as a layer of its own, with owners, modes and times, under the name `source`: what a
/// command sees of a stage, so that a change elsewhere in the stage does not run it again.
public struct ExtractOperation: Operation {
  static let rule = Action.Rule("extract", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    let layers = try task.inputs(under: "layer").map { try store.readLayer($0.artifact) }
    let root = StackedRoot(layers)
    let wanted = task.action.value("path") ?? ""
    guard let path = root.resolve(wanted) else {
      throw ActionFailed(.deterministic, "symbolic links on the way to '/\(wanted)' run in a circle")
    }
    guard path.isEmpty || root.entry(path) != nil || root.isFolder(path) else {
      throw ActionFailed(.deterministic, "there is no '/\(wanted)' to mount")
    }
    var entries: [String: Layer.Entry] = [:]
    for layer in layers {
      for known in layer.entries where path.isEmpty || known.path == path || known.path.hasPrefix(path + "/")
      {
        guard entries[known.path] == nil, var entry = root.entry(known.path) else { continue }
        if entry.content == .opaqueDirectory { entry.content = .directory }
        let below = String(known.path.dropFirst(path.count).drop { $0 == "/" })
        entry.path = below.isEmpty ? ContextOperation.name : "\(ContextOperation.name)/\(below)"
        entries[known.path] = entry
      }
    }
    var found = Dictionary(
      entries.values.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    // A layer may leave out the folders on the way to an entry.
    for place in Array(found.keys) + (root.isFolder(path) ? [ContextOperation.name + "/"] : []) {
      var parent = place[..<(place.lastIndex(of: "/") ?? place.startIndex)]
      while !parent.isEmpty, found[String(parent)] == nil {
        found[String(parent)] = Layer.Entry(
          path: String(parent), content: .directory, mode: 0o755, modified: root.newest)
        parent = parent[..<(parent.lastIndex(of: "/") ?? parent.startIndex)]
      }
    }
    return ["content": try store.write(Layer(entries: Array(found.values)), as: .layer)]
  }
}
