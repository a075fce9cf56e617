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
  /// What a `container.yaml` beside the Dockerfile says of platforms; `nil` where there is none.
  public var platformLimits: PlatformLimits?
}

extension ResolvedImage {
  /// The place of the image that FROM names; the entry's where there is none.
  public var fromLocation: SourceLocation {
    for instruction in dockerfile.instructions {
      if case .from(let from) = instruction.kind { return from.image.location }
    }
    return entry.location
  }
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

  public init(entry: ImageEntry, reason: String, location: SourceLocation) {
    self.entry = entry
    self.reason = reason
    self.location = location
  }
}
