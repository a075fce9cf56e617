import GraphCore

/// Reads `cccp.yml`, which stands beside a Dockerfile of the index. Its keys are in
/// BUILDGRAPH.md, section 3.6.
public enum CCCPReader {
  /// The names it may have; the first that exists is the one.
  public static let fileNames = ["cccp.yml", ".cccp.yml", "cccp.yaml", ".cccp.yaml"]

  private static let keys = [
    "job-id", "test-skip", "test-script", "build-script", "delivery-script", "docker-index",
    "custom-delivery",
    "local-delivery", "upstreams", "nulecule-file",
  ]
  // The first template of 2016 had the tag here; the README writes the other key without the capital.
  private static let ignored = ["desired-tag", "Upstreams"]

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
      path(reader, "test-script"), path(reader, "build-script"), path(reader, "delivery-script")
    )
    let dockerIndex = reader.bool("docker-index", default: true)
    let localDelivery = reader.bool("local-delivery", default: true)
    let custom = customDelivery(reader)
    if custom == .yes, !reader.has("delivery-script") {
      findings.warning(
        "'custom-delivery' has no 'delivery-script' beside it", at: reader.node("custom-delivery") ?? root,
        hint: "add 'delivery-script: SCRIPT'")
    }
    let upstreams = upstreams(reader)
    let nulecule = path(reader, "nulecule-file")
    guard let job else { return (nil, findings.diagnostics) }
    var file = PipelineFile(
      jobID: job, testSkip: testSkip, testScript: test, buildScript: build, deliveryScript: delivery,
      location: root.location)
    file.goesToDockerIndex = dockerIndex
    file.customDelivery = custom
    file.isDeliveredLocally = localDelivery
    file.upstreams = upstreams
    file.nuleculeFile = nulecule
    return (file, findings.diagnostics)
  }

  /// Names of images whose `job-id` here the published index never compared: one source builds them under two names.
  public static func isExempt(app: String, job: String) -> Bool {
    switch app {
    case "centos", "library": job == "centos" || job == "nginx-110-centos7"
    case "fabric8", "fabric8-ui", "pipeline-images": true
    default: false
    }
  }

  private static func path(_ reader: FieldReader, _ key: String) -> Located<String>? {
    guard let path = reader.text(key), !path.value.isEmpty else { return nil }
    return isPath(path, key, reader) ? path : nil
  }

  private static func isPath(_ path: Located<String>, _ key: String, _ reader: FieldReader) -> Bool {
    if path.value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      reader.findings.error("\(key) has a control character in it", at: path, hint: "remove it")
      return false
    }
    return true
  }

  /// `true`, `false`, or the script that delivers.
  private static func customDelivery(_ reader: FieldReader) -> PipelineFile.CustomDelivery {
    guard let node = reader.node("custom-delivery"), let text = reader.text(of: node, "'custom-delivery'")
    else {
      return .no
    }
    switch text.value.lowercased() {
    case "true", "yes", "on": return .yes
    case "false", "no", "off", "": return .no
    default: return isPath(text, "custom-delivery", reader) ? .script(text) : .no
    }
  }

  private static func upstreams(_ reader: FieldReader) -> [PipelineFile.Upstream] {
    if reader.has("upstreams"), let second = reader.node("Upstreams") {
      reader.findings.error(
        "'Upstreams' and 'upstreams' are both there", at: second, hint: "keep one of them")
    }
    let key = reader.has("upstreams") ? "upstreams" : "Upstreams"
    return reader.list(key).compactMap { node in
      guard
        let item = FieldReader(node, "an item of '\(key)'", keys: ["ref", "url"], findings: reader.findings)
      else { return nil }
      let reference = item.requiredText("ref", example: "master")
      let url = item.requiredText("url", example: "https://git.example.org/upstream.git")
      guard let reference, let url else { return nil }
      do throws(GraphError) {
        _ = try GitURL(url.value)
        return PipelineFile.Upstream(reference: reference, url: url)
      } catch {
        reader.findings.error(error.message, at: url, hint: error.hint)
        return nil
      }
    }
  }
}
