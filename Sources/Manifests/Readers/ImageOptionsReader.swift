import GraphCore

/// Reads the items of `images:` in a file of `graph.d`.
struct ImageOptionsReader {
  static let keys = ["name", "build-args", "contexts", "target"] + ArchitectureChoiceReader.keys

  let settings: Settings
  let paths: WorkspacePaths
  let findings: Findings

  func read(_ node: YAMLNode) -> ImageOptions? {
    guard let reader = FieldReader(node, "an item of 'images'", keys: Self.keys, findings: findings),
      let name = reader.requiredText("name", example: "//app/httpd")
    else { return nil }
    let pattern: LabelPattern
    do throws(LabelError) {
      pattern = try LabelPattern(name.value)
    } catch {
      findings.error(error.description, at: name, hint: "write a label, or a pattern such as //app/...")
      return nil
    }
    var options = ImageOptions(pattern: Located(pattern, at: name.location), location: name.location)
    options.buildArguments = reader.pairs("build-args").compactMap { key, value in
      reader.text(of: value, "build argument '\(key.value.shortened)'").map { .init(name: key, value: $0) }
    }
    options.contexts = reader.pairs("contexts").compactMap { key, value in
      reader.text(of: value, "context '\(key.value.shortened)'").flatMap { source($0, reader) }.map {
        .init(name: key, source: $0)
      }
    }
    options.stage = reader.text("target")
    options.architectures = ArchitectureChoiceReader(settings: settings, reader: reader).read(isForMany: true)
    return options
  }

  private func source(_ text: Located<String>, _ reader: FieldReader) -> ImageOptions.Context.Source? {
    if text.value.hasPrefix("//") { return reader.label(of: text).map { .label($0) } }
    let scheme = "docker-image://"
    if text.value.hasPrefix(scheme) {
      return .image(Located(String(text.value.dropFirst(scheme.count)), at: text.location))
    }
    paths.check(text, .folder, findings)
    return .folder(Located(WorkspacePaths.normalised(text.value), at: text.location))
  }
}
