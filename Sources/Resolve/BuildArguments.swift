import GraphCore
import Manifests

/// The values of ARG while a Dockerfile is read for one architecture.
///
/// Before the first FROM they are global and serve FROM lines alone, together with the platform's own; a stage sees
/// what it declares itself and what the stage that it starts from declared, and takes the global or the platform's
/// value where it gives none. What is given from outside replaces the defaults of what is declared. Source: the
/// Dockerfile reference, "Understand how ARG and FROM interact" and "Automatic platform ARGs in the global scope".
public struct BuildArguments: Sendable {
  private let given: [String: String]
  private var global: [String: String]
  private var stage: [String: String]?

  /// - Parameters:
  ///   - target: the architecture that the image is for: `TARGETPLATFORM` and its parts.
  ///   - build: what `BUILDPLATFORM` and its parts mean; the same where nothing is said.
  ///   - given: values from outside, by name.
  public init(_ target: Architecture, build: Architecture? = nil, given: [String: String] = [:]) {
    self.given = given
    global = Self.platform("TARGET", target).merging(Self.platform("BUILD", build ?? target)) { $1 }
    global.merge(given.filter { global[$0.key] != nil }) { $1 }
  }

  private static func platform(_ prefix: String, _ architecture: Architecture) -> [String: String] {
    let names = architecture.names
    return [
      prefix + "ARCH": names.oci, prefix + "OS": "linux", prefix + "VARIANT": names.ociVariant ?? "",
      prefix + "PLATFORM": "linux/\(names.oci)" + (names.ociVariant.map { "/\($0)" } ?? ""),
    ]
  }

  /// An ARG instruction.
  ///
  /// - Parameter value: its default, expanded; `nil` where it has none.
  public mutating func declare(_ name: String, _ value: String?) {
    let value = given[name] ?? value
    if var known = stage {
      known[name] = value ?? known[name] ?? global[name]
      stage = known
    } else if let value {
      global[name] = value
    }
  }

  /// A FROM instruction.
  ///
  /// - Parameter parent: what was in scope at the end of the stage that this one starts from.
  public mutating func beginStage(inheriting parent: [String: String] = [:]) { stage = parent }

  /// What is in scope, by name.
  public var values: [String: String] { stage ?? global }

  /// Arguments that may be given without a declaration: what reaches the network, which no image depends on. They are
  /// values only where a Dockerfile declares them. Source: the Dockerfile reference, "Predefined ARGs".
  public static let predefined: Set<String> = [
    "ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "all_proxy", "ftp_proxy",
    "http_proxy", "https_proxy", "no_proxy",
  ]

  /// Arguments of the platform: known before any ARG, and declared without a value.
  static let platformNames: Set<String> = Set(
    ["TARGET", "BUILD"].flatMap { prefix in ["ARCH", "OS", "VARIANT", "PLATFORM"].map { prefix + $0 } })
}
