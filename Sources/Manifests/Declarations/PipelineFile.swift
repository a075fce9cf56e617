import GraphCore

/// `cccp.yml` beside a Dockerfile. Its keys are in BUILDGRAPH.md, section 3.6.
public struct PipelineFile: Sendable, Hashable {
  public var jobID: Located<String>
  public var testSkip: Bool
  public var testScript: Located<String>?
  public var buildScript: Located<String>?
  public var deliveryScript: Located<String>?
  /// `docker-index`: whether the image is meant for the public registry, too.
  public var goesToDockerIndex = true
  /// `custom-delivery`: whether `delivery-script` delivers, or a script of its own.
  public var customDelivery: CustomDelivery = .no
  /// `local-delivery`: whether the image is delivered to the workspace's own registry.
  public var isDeliveredLocally = true
  /// `upstreams`: what the image follows beside its own source.
  public var upstreams: [Upstream] = []
  /// `nulecule-file`, relative to the Dockerfile's folder; `nil` where nothing is said.
  public var nuleculeFile: Located<String>?
  public var location: SourceLocation

  public enum CustomDelivery: Sendable, Hashable {
    case no, yes
    case script(Located<String>)
  }

  /// A branch of a git repository.
  public struct Upstream: Sendable, Hashable {
    public var reference: Located<String>
    public var url: Located<String>
    public init(reference: Located<String>, url: Located<String>) {
      self.reference = reference
      self.url = url
    }
  }

  public init(
    jobID: Located<String>, testSkip: Bool, testScript: Located<String>?, buildScript: Located<String>?,
    deliveryScript: Located<String>?, location: SourceLocation
  ) {
    self.jobID = jobID
    self.testSkip = testSkip
    self.testScript = testScript
    self.buildScript = buildScript
    self.deliveryScript = deliveryScript
    self.location = location
  }

  /// The files that it names, by key: they stand beside it, or below its folder.
  public var namedFiles: [(key: String, path: Located<String>)] {
    var files: [(String, Located<String>?)] = [
      ("test-script", testScript), ("build-script", buildScript), ("delivery-script", deliveryScript),
      ("nulecule-file", nuleculeFile),
    ]
    if case .script(let script) = customDelivery { files.append(("custom-delivery", script)) }
    return files.compactMap { key, path in path.map { (key, $0) } }
  }
}
