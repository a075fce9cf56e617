import GraphCore

extension ContainerReader {
  /// The reader's table as one of keys, for editors.
  static let mapping = ManifestMapping(
    "a container file",
    keys.map { ManifestKey($0.key, $0.shape.manifestShape, "as the OSBS build system has it") })
}

extension ContainerReader.Shape {
  fileprivate var manifestShape: ManifestShape {
    switch self {
    case .text, .matching: .text
    case .boolean: .flag
    case .number(let range): .number(range)
    case .anything: .anything
    case .choice(let words): .choice(words)
    case .list(let element): .listOf(element.manifestShape)
    case .table(let value): .map(value.manifestShape)
    case .either(let one, let other): .either([one.manifestShape, other.manifestShape])
    case .mapping(let members, let required):
      .mapping(
        ManifestMapping(
          "a mapping",
          members.sorted { $0.key.precedesInBytes($1.key) }.map {
            ManifestKey($0.key, $0.value.manifestShape, required: required.contains($0.key), "")
          }))
    }
  }
}
