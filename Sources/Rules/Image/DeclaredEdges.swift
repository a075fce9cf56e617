import GraphCore
import Manifests
import Resolve

/// Differences between the declared edges of an entry (`depends-on`) and what its Dockerfile names.
extension Compilation {
  func checkDeclaredEdges(of image: ResolvedImage) {
    var discovered: Set<Label> = []
    for architecture in architectures {
      for reference in resolved.stages(of: image, for: architecture).references {
        guard case .target(let named) = reference.source else { continue }
        let label = known(named).withoutArchitecture
        discovered.insert(label)
        checkIsDeclared(label, by: reference.name, image.entry)
      }
    }
    checkDeclaredEdges(of: image.entry, discovered: discovered)
  }

  /// Warns of an entry that is used and not declared. What is no entry cannot be declared.
  private func checkIsDeclared(_ label: Label, by name: Located<String>, _ entry: ImageEntry) {
    let isDeclared = entry.dependsOn.contains { item in
      if case .target(let declared) = resolved.names.meaning(of: item.value) {
        return known(declared).withoutArchitecture == label
      }
      return false
    }
    guard isEntry(label), label != entry.label, !isDeclared else { return }
    diagnostics.add(
      .warning(
        "depends-on of the entry does not name '\(label.package)/\(label.name):\(label.tag ?? "latest")', which is "
          + "used here", at: name.location, hint: "add it to the entry at \(entry.location)",
        code: "undeclared-edge"))
  }

  /// - Parameter discovered: what the Dockerfile names; `nil` where it could not be read.
  func checkDeclaredEdges(of entry: ImageEntry, discovered: Set<Label>?) {
    func warn(_ message: String, at item: Located<String>, hint: String, code: String) {
      var diagnostic = resolved.workspace.diagnostic(.warning, message, at: item, hint: hint)
      diagnostic.code = code
      diagnostics.add(diagnostic)
    }
    for item in entry.dependsOn {
      switch resolved.names.meaning(of: item.value) {
      case .target(let label) where known(label).withoutArchitecture == entry.label:
        warn(
          "'\(item.value)' depends on itself", at: item, hint: "the edge is dropped; remove it",
          code: "self-edge")
      case .target(let label) where discovered?.contains(known(label).withoutArchitecture) == false:
        warn(
          "depends-on names '\(item.value)', which the Dockerfile does not use", at: item,
          hint: "a declared edge alone rebuilds nothing: remove it, or use the image", code: "unused-edge")
      case .unknown(let hint):
        warn(
          "depends-on names '\(item.value)', which no entry declares: it is kept as a parent outside the index",
          at: item, hint: hint, code: "dangling-edge")
      case .target, .external: continue
      }
    }
  }
}
