import GraphCore

/// Reads one file of `index.d`. Its keys are in BUILDGRAPH.md, section 3.5.
struct IndexReader {
  static let keys = [
    "id", "app-id", "job-id", "git-url", "git-path", "git-branch", "target-file", "desired-tag",
    "notify-email",
    "build-context", "prebuild-script", "prebuild-context", "depends-on",
  ]
  // One entry of the published index has it beside the right key; every reader ignored it.
  private static let legacyKey = "build_context"

  /// - Parameter namespace: the file's name up to its first dot, which every entry's app-id must equal.
  static func read(_ document: YAMLDocument, namespace: String, _ findings: Findings) -> [ImageEntry] {
    guard let root = document.root else {
      findings.error(
        "the file has no 'Projects'", at: findings.source.location(line: 1, column: 1),
        hint: "start it with 'Projects:' and a list of entries, or remove the file")
      return []
    }
    // Files of the first months of the published index are such lists.
    if root.kind == .list {
      findings.error(
        "the file is a list without 'Projects'", at: root, hint: "put the line 'Projects:' above the list")
      return []
    }
    guard let top = FieldReader(root, "an index file", keys: ["Projects"], findings: findings) else {
      return []
    }
    guard top.required("Projects", example: "[]") != nil else { return [] }
    var ids: [String: SourceLocation] = [:]
    return top.list("Projects").compactMap { node in
      guard let entry = entry(node, namespace: namespace, findings) else { return nil }
      let number = String(entry.id.value.drop { $0 == "0" })
      if let first = ids[number] {
        findings.error(
          "id '\(entry.id.value.shortened)' is used twice in this file", at: entry.id,
          hint: "the first is in line \(first.line): give this entry an id of its own")
      } else {
        ids[number] = entry.id.location
      }
      return entry
    }
  }

  private static func entry(_ node: YAMLNode, namespace: String, _ findings: Findings) -> ImageEntry? {
    guard
      let reader = FieldReader(node, "an index entry", keys: keys, ignored: [legacyKey], findings: findings)
    else { return nil }
    if let legacy = node.pairs.first(where: { $0.key.text == legacyKey }) {
      findings.warning(
        "'build_context' has never had an effect", at: legacy.key,
        hint: reader.has("build-context")
          ? "remove it: 'build-context' is there too" : "write 'build-context'")
    }
    let id = reader.requiredText("id", example: "1")
    let app = reader.requiredText("app-id", example: namespace)
    let job = reader.requiredText("job-id", example: "httpd")
    let url = reader.requiredText("git-url", example: "https://git.example.org/images.git")
    let path = reader.requiredText("git-path", example: "httpd")
    let file = reader.requiredText("target-file", example: "Dockerfile")
    let mail = reader.requiredText("notify-email", example: "someone@example.org")
    let branch = filled(reader, "git-branch", example: "master")
    let context = filled(reader, "build-context", example: "./")
    let tag = desiredTag(reader)
    let script = prebuild(reader, "prebuild-script", with: "prebuild-context", example: "/")
    let folder = prebuild(reader, "prebuild-context", with: "prebuild-script", example: "prebuild.sh")
    let parents = dependencies(reader)
    check(app: app, namespace: namespace, findings)
    checkLabelPart(job, "job-id", findings)
    checkPublishedName(app, "app-id", findings)
    checkPublishedName(job, "job-id", findings)
    if let id { checkNumber(id, findings) }
    if let url { checkSource(url, branch: branch, findings) }
    if let mail { checkMail(mail, findings) }
    checkPaths(path: path, file: file, context: context, script: script, folder: folder, findings)
    guard let id, let app, let job, let url, let path, let file, let mail, let tag else { return nil }
    return ImageEntry(
      id: id, appID: app, jobID: job, desiredTag: tag, gitURL: url, gitPath: path,
      gitBranch: branch ?? Located("master", at: node.location), targetFile: file,
      buildContext: context ?? Located("./", at: node.location), notifyEmail: mail, prebuildScript: script,
      prebuildContext: folder, dependsOn: parents, location: node.location)
  }

  /// The key must be written, its value may be empty: then the tag is `latest`.
  private static func desiredTag(_ reader: FieldReader) -> Located<String>? {
    guard reader.has("desired-tag") else {
      _ = reader.required("desired-tag", example: "latest")
      return nil
    }
    guard let tag = reader.node("desired-tag") else { return Located("", at: reader.location) }
    guard let text = reader.text(of: tag, "'desired-tag'") else { return nil }
    if !text.value.isEmpty {
      checkLabelPart(text, "desired-tag", reader.findings)
      if isLabelPart(text.value), !ImageReference.isTag(Substring(text.value)) {
        reader.findings.error(
          "'\(text.value.shortened)' cannot be the tag of an image", at: text,
          hint: "use up to 128 letters, digits, '_', '.' and '-', and start with none of the last two")
      }
    }
    return text
  }

  /// The text of a key that may be absent and must not be empty.
  private static func filled(_ reader: FieldReader, _ key: String, example: String) -> Located<String>? {
    guard let text = reader.text(key) else { return nil }
    guard text.value.isEmpty else { return text }
    reader.findings.error(
      "'\(key)' of \(reader.what) is empty", at: text,
      hint: "write, for example, '\(key): \(example)', or remove the key")
    return nil
  }

  private static func prebuild(
    _ reader: FieldReader, _ key: String, with other: String, example: String
  ) -> Located<String>? {
    guard let text = filled(reader, key, example: key == "prebuild-context" ? "/" : "prebuild.sh") else {
      return nil
    }
    if reader.node(other) == nil {
      reader.findings.error(
        "'\(key)' needs '\(other)' beside it", at: text, hint: "add, for example, '\(other): \(example)'")
    }
    return text
  }

  private static func check(app: Located<String>?, namespace: String, _ findings: Findings) {
    guard let app else { return }
    if app.value != namespace {
      findings.error(
        "app-id '\(app.value.shortened)' differs from the file's name", at: app,
        hint: "write 'app-id: \(namespace)', or move the entry to \(app.value.shortened).yaml")
    } else if Label.reservedPackages.contains(app.value) {
      findings.error(
        "'\(app.value)' cannot be a namespace: labels //\(app.value)/… name targets of another kind", at: app,
        hint: "rename the file and the app-id; reserved are \(Label.reservedPackages.joined(separator: ", "))"
      )
    }
    checkLabelPart(app, "app-id", findings)
  }

  /// Reports what could not be read back from a label.
  private static func checkLabelPart(_ text: Located<String>?, _ key: String, _ findings: Findings) {
    guard let text else { return }
    if let bad = text.value.unicodeScalars.first(where: breaksLabel) {
      let shown =
        bad.properties.isWhitespace
        ? "white space" : bad.properties.generalCategory == .control ? "a control character" : "'\(bad)'"
      findings.error(
        "\(key) '\(text.value.shortened)' contains \(shown)", at: text,
        hint: "use letters, digits, '-', '_' and '.': it is part of the label //app-id/job-id@tag")
    } else if [".", "..", "..."].contains(text.value) {
      findings.error("\(key) cannot be '\(text.value)'", at: text, hint: "use a name")
    }
  }

  static func isLabelPart(_ text: String) -> Bool {
    !text.unicodeScalars.contains(where: breaksLabel) && ![".", "..", "..."].contains(text)
  }

  private static func breaksLabel(_ scalar: Unicode.Scalar) -> Bool {
    "/@:".unicodeScalars.contains(scalar) || scalar.properties.isWhitespace
      || scalar.properties.generalCategory == .control
  }

  private static let parentsMax = 1000

  private static func dependencies(_ reader: FieldReader) -> [Located<String>] {
    guard let node = reader.node("depends-on") else { return [] }
    var seen: Set<String> = []
    let texts = node.kind == .list ? node.elements.filter { !$0.isNull } : [node]
    guard texts.count <= parentsMax else {
      reader.findings.error(
        "'depends-on' lists more than \(parentsMax) images", at: node,
        hint: "list the images that this one stands on",
        code: "limit")
      return []
    }
    return texts.flatMap { reader.texts(of: $0, "'depends-on'") }.filter { item in
      // Loaders that read every scalar as text saw an unquoted null as this word, so entries came to quote it.
      guard !item.value.isEmpty, item.value != "null" else { return false }
      guard seen.insert(item.value).inserted else {
        reader.findings.warning(
          "'\(item.value.shortened)' is listed twice", at: item, hint: "remove one of them")
        return false
      }
      return isDependency(item, reader.findings)
    }
  }

  private static func isDependency(_ item: Located<String>, _ findings: Findings) -> Bool {
    let hint = "write '[registry/]app-id/job-id:tag', as in 'centos/httpd:latest'"
    do throws(ImageReferenceError) {
      let reference = try ImageReference(item.value)
      if reference.digest != nil {
        findings.error("depends-on names entries of the index, which have no digest", at: item, hint: hint)
        return false
      }
      guard reference.path.split(separator: "/").count == 2 else {
        findings.error("'\(item.value.shortened)' does not name an app-id and a job-id", at: item, hint: hint)
        return false
      }
      return true
    } catch {
      findings.error(error.description, at: item, hint: hint)
      return false
    }
  }
}
