import GraphCore

/// Files of the build context, or of a named one, as a tree, for RUN --mount=type=bind. What is named comes as `source`, a file or a folder.
public struct ContextOperation: Operation {
  static let rule = Action.Rule("context", version: 1)
  /// What the content is called in its tree.
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
