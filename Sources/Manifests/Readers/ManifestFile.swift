import GraphCore

/// A YAML file that has been opened: its text, its document and what there is to say so far.
struct ManifestFile {
  /// `nil` where the bytes are not text; then `diagnostics` says so.
  let findings: Findings?
  let document: YAMLDocument?
  let diagnostics: Diagnostics

  static func open(_ bytes: [UInt8], file: String) -> ManifestFile {
    switch SourceText.decode(bytes, file: file) {
    case .failure(let diagnostic):
      var diagnostics = Diagnostics()
      diagnostics.add(diagnostic)
      return ManifestFile(findings: nil, document: nil, diagnostics: diagnostics)
    case .text(let text):
      let findings = Findings(SourceText(file: file, text: text, lineEnds: .yaml))
      let document = YAMLParser.parse(bytes, findings: findings)
      return ManifestFile(findings: findings, document: document, diagnostics: findings.diagnostics)
    }
  }
}
