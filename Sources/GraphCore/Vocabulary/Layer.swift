/// An ordered recipe of file-system entries with full metadata, whose file contents are blobs of the store.
///
/// Tar archives (plain, gzip, zstd), OCI layers, checkouts and, later, ostree trees and file systems are all written
/// from it. As an artifact of kind `layer` it is a difference over the layers below, with whiteouts; as one of kind
/// `tree` it stands alone and carries no owners or times.
public struct Layer: Hashable, Sendable {
  /// One path of a recipe, with its metadata.
  public struct Entry: Hashable, Sendable {
    /// What is at the path.
    public enum Content: Hashable, Sendable {
      case file(Digest)
      case directory
      case symlink(target: String)
      /// Another name of the file at `target`, a path of this layer that sorts before this one.
      case hardlink(target: String)
      case characterDevice(major: UInt32, minor: UInt32)
      case blockDevice(major: UInt32, minor: UInt32)
      case fifo
      /// The path of a lower layer is gone.
      case whiteout
      /// A folder whose lower contents are gone.
      case opaqueDirectory
    }

    /// An extended attribute, such as `security.capability`.
    public struct Attribute: Hashable, Sendable {
      public var name: String
      public var value: [UInt8]
      public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
      }
    }

    /// Relative, normalised, no leading slash, no `.` or `..`; the root itself is never an entry.
    public var path: String
    public var content: Content
    /// Permission bits, set-id and sticky included (0 to 0o7777).
    public var mode: UInt16
    public var owner: UInt32
    public var group: UInt32
    /// Seconds since 1970, UTC.
    public var modified: Int64
    /// Sorted by name.
    public var attributes: [Attribute]

    public init(
      path: String, content: Content, mode: UInt16, owner: UInt32 = 0, group: UInt32 = 0, modified: Int64 = 0,
      attributes: [Attribute] = []
    ) {
      self.path = path
      self.content = content
      self.mode = mode
      self.owner = owner
      self.group = group
      self.modified = modified
      self.attributes = attributes
    }
  }

  /// Sorted by path bytes; each path once.
  public let entries: [Entry]

  public init(entries: [Entry]) {
    self.entries = entries.sorted { $0.path.precedesInBytes($1.path) }
  }

  /// The newest modification time of an entry, which is the SOURCE_DATE_EPOCH of what is built on this layer.
  public var epoch: Int64 { entries.reduce(0) { max($0, $1.modified) } }

  /// The blobs that the entries point to.
  public var fileDigests: [Digest] {
    entries.compactMap { if case .file(let digest) = $0.content { digest } else { nil } }
  }

  /// Whether all metadata is the canonical one of an artifact of kind `tree`.
  public var isTree: Bool { entries.allSatisfy { $0 == $0.asTreeEntry } }

  /// The same entries as a tree: no owner, no time, no attributes, mode 0755 for folders and executables, 0644 else.
  public var asTree: Layer { Layer(entries: entries.compactMap(\.asTreeEntry)) }
}

extension Layer.Entry {
  /// This entry as part of a tree; `nil` for what a tree cannot hold (devices, whiteouts).
  var asTreeEntry: Layer.Entry? {
    switch content {
    case .file:
      Layer.Entry(path: path, content: content, mode: mode & 0o111 != 0 ? 0o755 : 0o644)
    case .directory, .opaqueDirectory:
      Layer.Entry(path: path, content: .directory, mode: 0o755)
    case .symlink:
      Layer.Entry(path: path, content: content, mode: 0o777)
    case .hardlink, .characterDevice, .blockDevice, .fifo, .whiteout:
      nil
    }
  }
}
