import GraphCore

/// Reads the keys that say for which architectures a target is made.
struct ArchitectureChoiceReader {
  static let keys = ["arches", "only", "not", "failable"]

  let settings: Settings
  let reader: FieldReader

  /// - Parameter isForMany: whether the keys are of a pattern, so that none of what it matches may be left over.
  func read(isForMany: Bool = false) -> ArchitectureChoice {
    var choice = ArchitectureChoice()
    choice.arches = list("arches").map {
      .init(items: settings.known($0.items, reader), location: $0.location)
    }
    // Architectures that the workspace does not have may be named here: the same lines serve several workspaces.
    choice.only = list("only")
    choice.not = list("not")
    choice.failable = list("failable").map {
      .init(items: settings.known($0.items, reader), location: $0.location)
    }
    if let arches = reader.node("arches"), arches.kind == .list, arches.elements.isEmpty {
      reader.findings.error(
        "'arches' lists no architecture", at: arches,
        hint: "leave it out for all of the workspace's, or list some")
    } else if !isForMany, let node = reader.node("only") ?? reader.node("not"),
      choice.arches?.items.isEmpty != true, choice.architectures(of: settings.architectures).isEmpty
    {
      reader.findings.error(
        "no architecture is left of those that \(reader.what) is for", at: node,
        hint: "the workspace has \(settings.architectures.map(\.value.name).joined(separator: ", "))")
    }
    return choice
  }

  private func list(_ key: String) -> ArchitectureChoice.List? {
    reader.node(key).map { node in
      .init(items: reader.architectures(reader.texts(of: node, "'\(key)'")), location: node.location)
    }
  }
}
