import GraphCore

/// What the published index's own checks asked of the values of an entry. What would make a wrong graph or a dangerous
/// command is an error; what only other services stumbled over is a warning.
extension IndexReader {
  static func checkNumber(_ id: Located<String>, _ findings: Findings) {
    let digits = id.value.utf8
    if digits.allSatisfy({ (0x30...0x39).contains($0) }), digits.contains(where: { $0 != 0x30 }) { return }
    findings.error(
      "'id' must be a whole number above 0, not '\(id.value.shortened)'", at: id,
      hint: "take the next one that is free in this file; gaps are fine")
  }

  /// Names that registries refuse, or that rules for names have forbidden.
  static func checkPublishedName(_ name: Located<String>?, _ key: String, _ findings: Findings) {
    guard let name, isLabelPart(name.value) else { return }
    if !ImageReference.isPathComponent(Substring(name.value)) {
      findings.warning(
        "\(key) '\(name.value.shortened)' cannot be part of a published image's name", at: name,
        hint: "use lower-case letters and digits, with '.', '_', '__' or '-' between them")
    } else if let sign = name.value.first(where: { $0 == "_" || $0 == "." }) {
      findings.warning(
        "\(key) '\(name.value.shortened)' contains '\(sign)', which the rules of the container index forbid",
        at: name, hint: "use '-' in its place")
    } else if key == "job-id", name.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      findings.warning(
        "\(key) '\(name.value.shortened)' is a number, which the rules of the container index forbid",
        at: name,
        hint: "give the image a name, and write the number as 'desired-tag'")
    }
  }

  static func checkSource(_ url: Located<String>, branch: Located<String>?, _ findings: Findings) {
    if GitURL.isWorkspacePath(url.value) {
      if url.value.hasPrefix("-") {
        findings.error(
          "git-url '\(url.value.shortened)' begins with '-'", at: url,
          hint: "a folder of the workspace can be written './\(url.value.shortened)'")
      } else if hasControl(url.value) {
        reportControl("git-url", url, findings)
      } else if RepositoryPath.join("", url.value) == nil {
        findings.error(
          "git-url '\(url.value.shortened)' leaves the workspace", at: url, hint: "name a folder inside it")
      }
    } else {
      do throws(GraphError) {
        if let host = try GitURL(url.value).host, host == "gitlab.com", !url.value.hasSuffix(".git") {
          findings.warning(
            "the address of a repository on GitLab ends in '.git'", at: url, hint: "write '\(url.value).git'")
        }
      } catch {
        findings.error(error.message, at: url, hint: error.hint)
      }
    }
    if let branch, !isBranch(branch.value) {
      findings.error(
        "'\(branch.value.shortened)' cannot be the name of a branch", at: branch,
        hint: "write a branch of the repository, such as 'master'")
    }
  }

  /// Source: git-check-ref-format(1).
  private static func isBranch(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return !hasControl(name) && !name.hasPrefix("-") && name != "@" && !name.hasSuffix(".")
      && !name.contains("..") && !name.contains("@{")
      && !name.unicodeScalars.contains { " ~^:?*[\\".unicodeScalars.contains($0) }
      && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }
  }

  static func checkMail(_ mail: Located<String>, _ findings: Findings) {
    // A line feed in it would let an entry write headers of the mails that are sent.
    if hasControl(mail.value) { return reportControl("notify-email", mail, findings) }
    let isMail = mail.value.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
      let sides = part.split(separator: "@", omittingEmptySubsequences: false)
      return sides.count == 2 && sides.allSatisfy { side in side.contains { $0 != " " } }
    }
    if !isMail {
      findings.warning(
        "'\(mail.value.shortened)' is no mail address", at: mail, hint: "write 'someone@example.org'")
    }
  }

  /// Reports paths that leave the repository by what is written; links are looked at when the source is there.
  static func checkPaths(
    path: Located<String>?, file: Located<String>?, context: Located<String>?, script: Located<String>?,
    folder: Located<String>?, _ findings: Findings
  ) {
    let gitPath = path.flatMap { RepositoryPath.join("", $0.value) }
    let prebuildFolder = folder.flatMap { RepositoryPath.join("", $0.value) }
    let paths: [(String, Located<String>?, base: String?)] = [
      ("git-path", path, ""), ("target-file", file, gitPath), ("build-context", context, gitPath),
      ("prebuild-context", folder, ""), ("prebuild-script", script, prebuildFolder),
    ]
    for (key, value, base) in paths {
      guard let value else { continue }
      if hasControl(value.value) {
        reportControl(key, value, findings)
      } else if let base, RepositoryPath.join(base, value.value) == nil {
        findings.error(
          "\(key) '\(value.value.shortened)' leaves the repository", at: value,
          hint: base.isEmpty
            ? "write a path below its root" : "it is relative to '\(base)', and '/' is the root")
      }
    }
  }

  private static func hasControl(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }

  private static func reportControl(_ key: String, _ value: Located<String>, _ findings: Findings) {
    findings.error("\(key) has a control character in it", at: value, hint: "remove it")
  }
}
