import GraphCore
import Manifests

/// The files of a source repository: a folder of the workspace, live, or a pinned commit.
public protocol SourceTree: Sendable {
  /// How a person knows it: a path relative to the workspace, or `URL@commit`.
  var origin: String { get }

  /// The bytes of a file, or `nil` where there is none. The path is relative to the repository's root; links are followed
  /// inside it.
  ///
  /// - Throws: `GraphError(.user)` where it is no file, leads out of the repository or is larger than a manifest may be.
  func read(_ path: String) throws -> [UInt8]?

  /// What is at a path once links are followed inside the repository, or `nil` where nothing is.
  ///
  /// - Throws: `GraphError(.user)` where the path leads out of the repository.
  func kind(_ path: String) throws -> SourceKind?

  /// Everything below `folder`, folders before their contents, sorted by path bytes, paths relative to `folder`.
  /// `nil` where there is no such folder.
  func list(_ folder: String) throws -> [SourceFile]?

  /// A file of a listing as an input.
  func leaf(_ file: SourceFile, in folder: String) throws -> Leaf

  /// The file at a path, behind any links, as an input; `nil` where no file is.
  func leaf(at path: String) throws -> Leaf?
}

/// What a path of a source is.
public enum SourceKind: Hashable, Sendable { case file, folder }

extension SourceTree {
  static func tooLarge(_ path: String) -> GraphError {
    GraphError(
      .user, "'\(path)' is larger than \(SourceText.bytesMax >> 20) MiB",
      hint: "keep data in files of its own, and copy them")
  }
}

/// One entry of a listing.
public struct SourceFile: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case file(isExecutable: Bool)
    case symlink(target: String)
    case folder
  }

  public let path: String
  public let kind: Kind
  /// The git object, where the source is a commit.
  let object: String?

  init(path: String, kind: Kind, object: String? = nil) {
    (self.path, self.kind, self.object) = (path, kind, object)
  }
}

extension SourceTree {
  /// The files of a listing as one input of kind tree.
  public func treeLeaf(_ folder: String, origin: String) throws -> Leaf? {
    guard let files = try list(folder) else { return nil }
    var entries: [Layer.Entry] = []
    var contents: [Digest: Leaf.Content] = [:]
    for file in files {
      switch file.kind {
      case .folder: entries.append(Layer.Entry(path: file.path, content: .directory, mode: 0o755))
      case .symlink(let target):
        entries.append(Layer.Entry(path: file.path, content: .symlink(target: target), mode: 0o777))
      case .file(let isExecutable):
        let leaf = try leaf(file, in: folder)
        contents[leaf.artifact.digest] = leaf.content
        entries.append(
          Layer.Entry(
            path: file.path, content: .file(leaf.artifact.digest), mode: isExecutable ? 0o755 : 0o644))
      }
    }
    let layer = Layer(entries: entries)
    return Leaf(Artifact(.tree, layer.digest), .tree(layer, files: contents), origin: origin)
  }
}
