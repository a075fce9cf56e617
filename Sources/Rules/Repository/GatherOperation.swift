import GraphCore

/// Puts several trees into one: `gather` takes the RPM files out of them, by their own names, and the groups that one
/// of them declares (`comps.xml`); `merge` takes all as it is.
public struct GatherOperation: Operation {
  static let rule = Action.Rule("gather", version: 2)
  static let mergeRule = Action.Rule("merge", version: 1)
  public let rule: Action.Rule

  public static let all: [any Operation] = [GatherOperation(rule: rule), GatherOperation(rule: mergeRule)]

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    var entries: [String: (entry: Layer.Entry, member: String)] = [:]
    for (member, artifact) in task.inputs(under: "member") {
      for var entry in try store.readLayer(artifact).entries {
        if rule == Self.rule {
          let name = String(entry.path.split(separator: "/").last ?? "")
          guard case .file = entry.content, name.hasSuffix(".rpm") || name == "comps.xml" else { continue }
          entry.path = name
        }
        if let other = entries[entry.path], other.entry != entry {
          throw GraphError(
            .user, "'\(other.member)' and '\(member)' both make '\(entry.path)', and not the same one",
            hint: "leave one of them out of the repository's members")
        }
        entries[entry.path] = (entry, member)
      }
    }
    return ["packages": try store.write(Layer(entries: entries.values.map(\.entry)), as: .tree)]
  }
}
