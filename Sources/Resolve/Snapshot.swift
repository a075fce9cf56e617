import FoundationEssentials
import GraphCore

/// All moving facts that a workspace depends on, resolved once. A document: the same facts, the same bytes.
///
/// Holds no name and no workspace files: the store names it (`YYYYMMDD_NN`) when it is recorded, and local files are
/// live. What is built from it is a pure function of it, the workspace's own files and the rules.
public struct Snapshot: Codable, Hashable, Sendable {
  /// The version of this document's form.
  public var schema = 1
  /// `YYYY-MM-DD`, UTC: when the newest of the facts was resolved.
  public var date: String
  /// By URL and branch.
  public var git: [GitPin] = []
  /// By reference and architecture.
  public var images: [ImagePin] = []
  /// What registries do not have for an architecture, by reference and architecture; `nil` for nothing.
  public var absentImages: [AbsentImage]?
  /// By label and architecture.
  public var fetches: [FetchPin] = []
  /// By label and architecture; `nil` for none.
  public var repositories: [RepositoryPin]?
  /// By name.
  public var tools: [ToolPin] = []

  public init(date: String) { self.date = date }

  public struct GitPin: Codable, Hashable, Sendable {
    public var url: String
    public var branch: String
    public var commit: String
    public var tree: String
    /// Commit time, seconds since 1970.
    public var time: Int64
  }

  public struct ImagePin: Codable, Hashable, Sendable {
    /// As the Dockerfile has it after aliases.
    public var reference: String
    public var architecture: String
    /// SHA-256 of the architecture's image manifest.
    public var manifest: String
    public var layerCount: Int
    public var configuration: String
    /// Of its layers as they are fetched, in bytes; snapshots of older versions do not say.
    public var size: Int64?
  }

  public struct AbsentImage: Codable, Hashable, Sendable {
    public var reference: String
    public var architecture: String
    public init(reference: String, architecture: String) {
      (self.reference, self.architecture) = (reference, architecture)
    }
  }

  public struct FetchPin: Codable, Hashable, Sendable {
    /// Without architecture.
    public var label: String
    public var architecture: String
    public var files: [File]

    public struct File: Codable, Hashable, Sendable {
      public var name: String
      public var sha256: String
      /// In bytes.
      public var size: Int64
      public var url: String
      public var version: String
    }
  }

  /// What a repository of others held.
  public struct RepositoryPin: Codable, Hashable, Sendable {
    /// Without architecture.
    public var label: String
    public var architecture: String
    /// The addresses that it was declared with, for this architecture.
    public var declared: [String]
    /// SHA-256 of its repomd.xml.
    public var repomd: String
    /// What it calls this state; often a time.
    public var revision: String
    /// Whether repomd.xml had a signature by one of the declared keys; `nil` where nobody asked.
    public var isSigned: Bool?
    /// The addresses at which files are looked for, best first.
    public var urls: [String]
    /// The metadata that solving and updating read, by type.
    public var files: [File]

    public struct File: Codable, Hashable, Sendable {
      /// As repomd.xml has it: `primary`, `filelists`, `group`, `modules`, `updateinfo`.
      public var type: String
      /// Relative to the repository's address.
      public var location: String
      public var sha256: String
      /// In bytes.
      public var size: Int64
      /// After decompression; `nil` where not said.
      public var openSize: Int64?
    }
  }

  public struct ToolPin: Codable, Hashable, Sendable {
    public var name: String
    public var path: String
    public var sha256: String
    public var size: Int64
  }
}

extension Snapshot {
  /// The canonical bytes: JSON with sorted keys, every list sorted.
  public func encoded() throws -> [UInt8] {
    var sorted = self
    sorted.git.sort { ($0.url, $0.branch) < ($1.url, $1.branch) }
    sorted.images.sort { ($0.reference, $0.architecture) < ($1.reference, $1.architecture) }
    sorted.absentImages?.sort { ($0.reference, $0.architecture) < ($1.reference, $1.architecture) }
    sorted.fetches.sort { ($0.label, $0.architecture) < ($1.label, $1.architecture) }
    sorted.repositories?.sort { ($0.label, $0.architecture) < ($1.label, $1.architecture) }
    sorted.tools.sort { $0.name < $1.name }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return Array(try encoder.encode(sorted)) + [0x0a]
  }

  /// Reads what `encoded()` writes.
  public init(encoded bytes: [UInt8]) throws {
    do {
      self = try JSONDecoder().decode(Snapshot.self, from: Data(bytes))
    } catch {
      throw GraphError(
        .environment, "the snapshot cannot be read", hint: "make a new one with 'graph snapshot refresh'")
    }
    guard schema == 1 else {
      throw GraphError(
        .environment, "the snapshot is of version \(schema), and this graph reads version 1",
        hint: "make a new one with 'graph snapshot refresh'")
    }
  }
}
