import GraphCore
import Manifests

/// A workspace with all that it names pinned: from here on everything is a pure function.
public struct ResolvedWorkspace: Sendable {
  public let workspace: Workspace
  public let snapshot: Snapshot
  /// Whether the snapshot holds a fact that the one it started from did not.
  public let isSnapshotNew: Bool
  public let images: [ResolvedImage]
  /// Entries whose source could not be brought. They are part of the graph, by name and declared edges, and fail when
  /// they are built.
  public let unresolved: [UnresolvedImage]
  /// Packages whose specs rpm could read.
  public let rpms: [ResolvedRpm]
  /// Those that everything is resolved for, in the workspace's order: all of its own, or those that were asked for.
  public let architectures: [Architecture]
  public let names: ImageNames
  /// The tools of the host that commands and rules use, by name.
  public let tools: [String: Snapshot.ToolPin]
  public let digests: any FileDigests
  public let observer: (any FileObserver)?
}

/// An index entry with its source.
public struct ResolvedImage: Sendable {
  public let entry: ImageEntry
  public let dockerfile: Dockerfile
  public let pipeline: PipelineFile?
  public let source: any SourceTree
  /// The build context, relative to the source's root.
  public let contextFolder: String
  /// The commit that the source is, where it comes from git.
  public let revision: Snapshot.GitPin?
  /// What `images:` of `graph.d` says of the entry.
  public let options: EntryOptions
  /// Whether COPY and ADD do not see a path of the build context, relative to it; `nil` where they see all.
  public var isIgnored: (@Sendable (String) -> Bool)?
  /// What `container.yaml` beside the Dockerfile says of architectures; `nil` where it says nothing.
  public var platformLimits: PlatformLimits?
  /// The repositories that ADD names, by the text that names them, variables replaced.
  public internal(set) var repositories: [String: AddedRepository] = [:]
}

extension ResolvedWorkspace {
  /// The stages of an image for an architecture.
  public func stages(of image: ResolvedImage, for architecture: Architecture) -> StagePlan {
    names.stages(of: image, for: architecture, in: workspace)
  }
}

extension Workspace {
  /// What `BUILDPLATFORM` means: the first architecture of `graph.yml`, and not the machine's own, so that a key is
  /// the same wherever it is computed.
  var buildArchitecture: Architecture { settings.architectures.first?.value ?? .host }
}

/// An index entry whose source, or the image it stands on, could not be brought.
public struct UnresolvedImage: Sendable {
  public let entry: ImageEntry
  /// Why, in a reader's words, without a full stop.
  public let reason: String
  /// What could not be brought is named here.
  public let location: SourceLocation
  /// What would bring it; `nil` where that is to try again.
  public let hint: String?

  public init(entry: ImageEntry, reason: String, location: SourceLocation, hint: String? = nil) {
    self.entry = entry
    self.reason = reason
    self.location = location
    self.hint = hint
  }
}
