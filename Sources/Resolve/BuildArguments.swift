import GraphCore
import Manifests

/// The values of ARG while a Dockerfile is read for one architecture.
///
/// Before the first FROM they are global and serve FROM lines alone, together with the platform's own; a stage sees
/// what it declares itself, and takes the global or the platform's value where it gives none. Source: the Dockerfile
/// reference, "Understand how ARG and FROM interact" and "Automatic platform ARGs in the global scope".
public struct BuildArguments: Sendable {
  private var global: [String: String]
  private var stage: [String: String]?

  public init(_ architecture: Architecture) {
    let names = architecture.names
    global = [
      "TARGETARCH": names.oci, "TARGETOS": "linux", "TARGETVARIANT": names.ociVariant ?? "",
      "TARGETPLATFORM": "linux/\(names.oci)" + (names.ociVariant.map { "/\($0)" } ?? ""),
    ]
  }

  /// An ARG instruction.
  ///
  /// - Parameter value: its default, expanded; `nil` where it has none.
  public mutating func declare(_ name: String, _ value: String?) {
    if var known = stage {
      known[name] = value ?? known[name] ?? global[name]
      stage = known
    } else if let value {
      global[name] = value
    }
  }

  /// A FROM instruction.
  public mutating func beginStage() { stage = [:] }

  /// What is in scope, by name.
  public var values: [String: String] { stage ?? global }
}

extension Dockerfile {
  /// The images that the FROM lines name for an architecture, as references with their variables replaced. A line
  /// whose variables cannot be replaced is left out; compiling reports it.
  public func bases(for architecture: Architecture) -> [Located<String>] {
    var arguments = BuildArguments(architecture)
    var bases: [Located<String>] = []
    for instruction in instructions {
      // Only global values serve FROM, so that no stage is ever begun here.
      let known = arguments.values
      func expanded(_ text: String) -> String? { try? Variables.expand(text, escape: escape) { known[$0] } }
      switch instruction.kind {
      case .argument(let name, let value?) where bases.isEmpty: arguments.declare(name, expanded(value))
      case .from(let from):
        if let name = expanded(from.image.value) { bases.append(Located(name, at: from.image.location)) }
      default: continue
      }
    }
    return bases
  }
}
