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
    StagePlan(
      image.dockerfile, for: architecture, build: workspace.buildArchitecture, options: image.options,
      names: names)
  }
}

extension Workspace {
  /// What `BUILDPLATFORM` means: the first architecture of `graph.yml`, and not the machine's own, so that a key is
  /// the same wherever it is computed.
  var buildArchitecture: Architecture { settings.architectures.first?.value ?? .host }
}

extension ResolvedWorkspace {
  /// Whether only some of the workspace's architectures are resolved: then nothing that stands over all can be told.
  public var isPartial: Bool { architectures.count < workspace.settings.architectures.count }
}

extension Workspace {
  /// `asked`, and what declarations name beside it: a label with an architecture stands for that one, whoever reads it,
  /// and an image without one, read by what serves every architecture, for all.
  func architectures(neededFor asked: Set<Architecture>?) -> [Architecture] {
    let all = settings.architectures.map(\.value)
    guard var needed = asked else { return all }
    let images = Set(self.images.map { Label(package: $0.label.package, name: $0.label.name) })
      .union(bases.map(\.label.value))
    for command in commands {
      var read = command.inputs.compactMap { input in
        if case .label(let label) = input.source { label.value } else { nil }
      }
      if case .image(let label) = command.root.value { read.append(label) }
      for label in read {
        if let architecture = label.architecture {
          needed.insert(architecture)
        } else if command.architectures.isEmpty,
          images.contains(Label(package: label.package, name: label.name))
        {
          return all
        }
      }
    }
    for context in imageOptions.flatMap(\.contexts) {
      if case .label(let label) = context.source, let architecture = label.value.architecture {
        needed.insert(architecture)
      }
    }
    return all.filter(needed.contains)
  }

  /// The architectures that an entry is to be made for, as far as declarations say.
  func architectures(of image: ResolvedImage) -> [Architecture] {
    let choice = architectureChoice(of: image.entry)
    return settings.architectures.map(\.value).filter { architecture in
      [choice.verdict(on: architecture), image.platformLimits?.verdict(on: architecture)].allSatisfy {
        if case .excluded = $0 { false } else { true }
      }
    }
  }
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
