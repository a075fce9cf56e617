import GraphCore
import Manifests

/// A package target with what rpm read in its spec, and its sources.
public struct ResolvedRpm: Sendable {
  public let target: RpmTarget
  public let spec: Leaf
  public internal(set) var sources: [Source] = []
  /// The architecture whose packages without architecture serve all, and whose facts speak for the source package: the first
  /// that the target is made for.
  public let home: Architecture
  /// By architecture: of all that are resolved, and of `home`.
  public internal(set) var facts: [Architecture: SpecFacts]
  /// What the spec itself leaves out, the tag that does, and where.
  public internal(set) var exclusions: [Architecture: (tag: String, location: SourceLocation)] = [:]

  public struct Source: Sendable {
    /// As the spec calls it.
    public let name: String
    public let content: Content
    public enum Content: Sendable {
      case file(Leaf)
      case download(RpmTarget.Download)
    }
  }

  /// Whether one action makes all packages for every architecture.
  public var isNoarch: Bool { facts[home]?.isNoarch ?? false }
  /// Whether packages without architecture are made beside others.
  public var isMixed: Bool { !isNoarch && (facts[home]?.hasNoarch ?? false) }

  /// Those it is made for, in the workspace's order; none where one action serves all.
  public var architectures: [Architecture] {
    isNoarch ? [] : target.architectures.map(\.value).filter { exclusions[$0] == nil }
  }

  /// The architecture whose packages without architecture all others take, where such are made beside others.
  public var sharedFrom: Architecture? { isMixed ? architectures.first : nil }

  /// What has to be resolved, too, whatever is asked for; `nil` for nothing.
  var neededHome: Architecture? {
    if let sharedFrom { return sharedFrom }
    if case .base(let base) = target.buildRoot, base.value.architecture == nil { return home }
    return nil
  }

  /// The architecture of what rpmbuild runs in.
  public func rootArchitecture(for architecture: Architecture?) -> Architecture {
    switch target.buildRoot {
    case .host: .host
    case .base(let base): base.value.architecture ?? architecture ?? home
    }
  }
}
