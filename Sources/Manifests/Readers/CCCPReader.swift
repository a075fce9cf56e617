import GraphCore

/// Reads `cccp.yml`, which stands beside a Dockerfile of the index. Its keys are in
/// BUILDGRAPH.md, section 3.6.
public enum CCCPReader {
  /// The names it may have; the first that exists is the one.
  public static let fileNames = ["cccp.yml", ".cccp.yml", "cccp.yaml", ".cccp.yaml"]

  private static let keys = ["job-id", "test-skip", "test-script", "build-script", "delivery-script"]
  // Documented once and never acted on by any service; files in the field still have them.
  private static let ignored = [
    "docker-index", "custom-delivery", "local-delivery", "Upstreams", "upstreams", "nulecule-file",
    "desired-tag",
  ]

  /// - Parameter file: its name in messages.
  /// - Returns: `nil`, with errors, where it has no usable `job-id`.
  public static func read(_ bytes: [UInt8], file: String) -> (PipelineFile?, Diagnostics) {
    let opened = ManifestFile.open(bytes, file: file)
    guard let findings = opened.findings else { return (nil, opened.diagnostics) }
    guard let document = opened.document else { return (nil, findings.diagnostics) }
    guard let root = document.root else {
      findings.error(
        "the file is empty", at: findings.source.location(line: 1, column: 1),
        hint: "write, for example, 'job-id: httpd'")
      return (nil, findings.diagnostics)
    }
    guard let reader = FieldReader(root, "a cccp file", keys: keys, ignored: ignored, findings: findings)
    else {
      return (nil, findings.diagnostics)
    }
    let job = reader.requiredText("job-id", example: "httpd")
    let testSkip = reader.bool("test-skip", default: true)
    let (test, build, delivery) = (
      script(reader, "test"), script(reader, "build"), script(reader, "delivery")
    )
    guard let job else { return (nil, findings.diagnostics) }
    let file = PipelineFile(
      jobID: job, testSkip: testSkip, testScript: test, buildScript: build, deliveryScript: delivery,
      location: root.location)
    return (file, findings.diagnostics)
  }

  private static func script(_ reader: FieldReader, _ name: String) -> Located<String>? {
    reader.text("\(name)-script").flatMap { $0.value.isEmpty ? nil : $0 }
  }
}
