import GraphCore
import Manifests
import Synchronization

/// What image references mean in a workspace: one of its targets, an image of a declared registry, or nothing.
///
/// In this order: an alias of `graph.yml`; an entry of the index or a base, by published name and tag, where the
/// reference names no registry or one of the workspace's own; an image of a registry that `graph.yml` declares, or of
/// any registry where the reference pins its digest.
public struct ImageNames: Sendable {
  public enum Meaning: Hashable, Sendable {
    case target(Label)
    case external(reference: String, isInsecure: Bool)
    /// Nothing; the hint says what is near or what to declare.
    case unknown(hint: String)
  }

  private var targets: [String: Label] = [:]
  /// For hints: all names, sorted, and those of each path.
  private var sortedNames: [String] = []
  private var namesByPath: [Substring: [String]] = [:]
  private var aliases: [String: String] = [:]
  private var registries: [String: Settings.Registry] = [:]
  /// What texts were found to mean; every image is asked for several times.
  private let meanings = Meanings()
  let plans = StagePlans()

  private final class Meanings: Sendable {
    let known = Mutex<[String: Meaning]>([:])
  }

  public init(_ workspace: Workspace) {
    for entry in workspace.images {
      let tag = entry.label.tag ?? "latest"
      targets["\(entry.publishedName):\(tag)"] = entry.label
      targets["\(entry.appID.value)/\(entry.jobID.value):\(tag)"] = entry.label
    }
    for base in workspace.bases {
      targets["\(base.label.value.package)/\(base.label.value.name):latest"] = base.label.value
    }
    for alias in workspace.settings.aliases { aliases[alias.reference.value] = alias.target.value }
    for registry in workspace.settings.registries { registries[registry.name.value] = registry }
    sortedNames = targets.keys.sorted { $0.precedesInBytes($1) }
    namesByPath = Dictionary(grouping: sortedNames) { $0.prefix { $0 != ":" } }
  }

  /// What `text`, as a FROM line or a `depends-on` item has it, means.
  ///
  /// - Parameter hinting: whether to look for what is near a name that means nothing.
  public func meaning(of text: String, hinting: Bool = true) -> Meaning {
    if let known = meanings.known.withLock({ $0[text] }) { return known }
    let meaning = found(text, hinting: hinting)
    if case .unknown = meaning { return meaning }
    meanings.known.withLock { $0[text] = meaning }
    return meaning
  }

  private func found(_ text: String, hinting: Bool) -> Meaning {
    if text == "scratch" { return .unknown(hint: "'scratch' is the empty image, and nothing to name") }
    var current = text
    var seen: Set<String> = []
    while !aliases.isEmpty, let next = aliases[current] ?? aliases[Self.withTag(current)] {
      if next.hasPrefix("//") {
        guard let label = try? Label(next) else {
          return .unknown(hint: "the alias '\(current)' names no label")
        }
        return .target(label)
      }
      guard seen.insert(current).inserted else {
        return .unknown(hint: "the aliases of graph.yml lead from '\(current)' back to itself")
      }
      current = next
    }
    guard let reference = try? ImageReference(current) else {
      return .unknown(hint: "an image is named [registry/]path[:tag][@sha256:digest]")
    }
    let registry = reference.registry.flatMap { registries[$0] }
    if reference.registry == nil || registry?.isOwn == true {
      if reference.digest == nil, let label = targets["\(reference.path):\(reference.tag ?? "latest")"] {
        return .target(label)
      }
      if reference.digest == nil || reference.registry == nil {
        return .unknown(hint: hinting ? hint(for: reference) : "")
      }
    }
    if registry != nil || reference.digest != nil {
      return .external(reference: current, isInsecure: registry?.isInsecure ?? false)
    }
    return .unknown(
      hint:
        "declare the registry '\(reference.registry ?? "")' under 'registries:' of graph.yml, or pin a digest"
    )
  }

  // Ten times the largest index there was; comparing each unknown name with all of a larger one takes minutes.
  private static let comparedMax = 3000

  private func hint(for reference: ImageReference) -> String {
    let name = "\(reference.path):\(reference.tag ?? "latest")"
    if sortedNames.count <= Self.comparedMax, let near = Nearest.match(for: name, among: sortedNames) {
      return "did you mean '\(near)'?"
    }
    if let tags = namesByPath[reference.path[...]] {
      return "there is \(tags.prefix(20).joined(separator: ", "))"
    }
    return "'graph ls' lists what there is; an alias in graph.yml can give it a meaning"
  }

  private static func withTag(_ text: String) -> String {
    guard let reference = try? ImageReference(text), reference.tag == nil, reference.digest == nil else {
      return text
    }
    return text + ":latest"
  }
}
