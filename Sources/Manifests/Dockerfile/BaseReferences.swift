import GraphCore

extension Dockerfile {
  /// The images that FROM lines name, with the variables that are in scope there replaced: the defaults of ARG lines
  /// before the first FROM, and the platform's own. Source: Dockerfile reference, "Understand how ARG and FROM interact".
  ///
  /// What cannot be expanded is left out; reading the instructions reports it.
  public func baseReferences(for architecture: Architecture) -> [Located<String>] {
    var arguments = PlatformArguments.values(for: architecture)
    var references: [Located<String>] = []
    for instruction in instructions {
      switch instruction.kind {
      case .argument(let name, let value?) where references.isEmpty:
        arguments[name] = try? Variables.expand(value, escape: escape) { arguments[$0] }
      case .from(let image, _, _):
        if let name = try? Variables.expand(image.value, escape: escape, { arguments[$0] }) {
          references.append(Located(name, at: image.location))
        }
      default: continue
      }
    }
    return references
  }
}

/// The platform arguments that are there without a value being given. Source: Dockerfile reference, "Automatic platform
/// ARGs in the global scope".
public enum PlatformArguments {
  public static func values(for architecture: Architecture) -> [String: String] {
    let names = architecture.names
    return [
      "TARGETARCH": names.oci, "TARGETOS": "linux", "TARGETVARIANT": names.ociVariant ?? "",
      "TARGETPLATFORM": "linux/\(names.oci)" + (names.ociVariant.map { "/\($0)" } ?? ""),
    ]
  }
}
