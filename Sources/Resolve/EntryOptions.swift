import GraphCore
import Manifests

/// What the items of `images:` say of one index entry, together: of one argument, context or key, the last item counts.
public struct EntryOptions: Sendable {
  /// Build arguments, by name.
  public private(set) var arguments: [String: Located<String>] = [:]
  /// The stage that is the image; the last one where `nil`.
  public private(set) var stage: Located<String>?
  private var contexts: [String: ImageOptions.Context] = [:]

  /// - Parameters:
  ///   - items: all items, in the order of files and lines.
  ///   - label: of the entry, without an architecture.
  public init(_ items: [ImageOptions] = [], for label: Label) {
    for item in items where item.pattern.value.matches(label) {
      for argument in item.buildArguments { arguments[argument.name.value] = argument.value }
      for context in item.contexts { contexts[context.name.value] = context }
      stage = item.stage ?? stage
    }
  }

  /// The values of arguments, by name.
  public var argumentValues: [String: String] { arguments.mapValues(\.value) }

  /// The context of a name as FROM or `--from` has it; an image's name without a tag means `latest`.
  func context(named name: String) -> ImageOptions.Context? {
    if let exact = contexts[name] { return exact }
    guard let reference = try? ImageReference(name), reference.digest == nil else { return nil }
    if reference.tag == nil { return contexts[name + ":latest"] }
    return reference.tag == "latest" ? contexts[String(name.dropLast(":latest".count))] : nil
  }
}

extension Resolver {
  /// Warns of items of `images:` that have no effect: a label without an entry, an argument that nothing declares.
  static func check(
    _ items: [ImageOptions], _ workspace: Workspace, _ images: [ResolvedImage],
    _ diagnostics: inout Diagnostics
  ) {
    for item in items {
      let labels = workspace.images.map(\.label).filter { item.pattern.value.matches($0) }
      if labels.isEmpty, item.pattern.value.exactLabel != nil {
        let near = Nearest.match(
          for: item.pattern.value.description, among: workspace.images.map(\.label.description))
        diagnostics.add(
          .warning(
            "'\(item.pattern.value)' is no image of the index", at: item.pattern.location,
            hint: near.map { "did you mean '\($0)'?" }
              ?? "name an entry without an architecture, or several as in '//app/...'"))
      }
      let known = images.filter { labels.contains($0.entry.label) }
      // Of a Dockerfile that could not be read nobody knows what it declares.
      guard !labels.isEmpty, known.count == labels.count else { continue }
      let declared = known.reduce(into: Set<String>()) { $0.formUnion($1.dockerfile.declaredArguments) }
      for argument in item.buildArguments {
        let name = argument.name.value
        if declared.contains(name) || BuildArguments.predefined.contains(name)
          || BuildArguments.platformNames.contains(name)
        {
          continue
        }
        let near = Nearest.match(for: name, among: declared.sorted { $0.precedesInBytes($1) })
        diagnostics.add(
          .warning(
            "no Dockerfile of '\(item.pattern.value)' declares the build argument '\(name)'",
            at: argument.name.location,
            hint: near.map { "did you mean '\($0)'?" }
              ?? "write 'ARG \(name)' into it, or remove the argument"))
      }
    }
  }
}

extension Dockerfile {
  /// The names that ARG instructions declare, in any stage.
  var declaredArguments: Set<String> {
    Set(instructions.compactMap { if case .argument(let name, _) = $0.kind { name } else { nil } })
  }
}
