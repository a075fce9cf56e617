import GraphCore
import Manifests
import Resolve

/// The files of a build context as COPY and ADD see them: a folder of a source, without what is ignored.
struct ContextFiles {
  let tree: any SourceTree
  /// Relative to the source's root.
  let folder: String
  /// As paths and links; contents stay where they are.
  let root: StackedRoot
  private let byPath: [String: SourceFile]

  /// - Parameters:
  ///   - listing: what is in the folder, folders before their contents.
  ///   - isIgnored: whether a path of the listing is not there for COPY; a folder stays where something in it does.
  init(
    _ tree: any SourceTree, _ folder: String, listing: [SourceFile], isIgnored: ((String) -> Bool)? = nil
  ) {
    (self.tree, self.folder) = (tree, folder)
    var files = listing
    if let isIgnored {
      var kept: Set<String> = []
      for file in listing where !isIgnored(file.path) {
        var parts = file.path.split(separator: "/")
        while !parts.isEmpty, kept.insert(parts.joined(separator: "/")).inserted { parts.removeLast() }
      }
      files = listing.filter { kept.contains($0.path) }
    }
    byPath = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    root = StackedRoot([Layer(entries: files.map(\.asEntry))])
  }

  subscript(path: String) -> SourceFile? { byPath[path] }

  /// How messages call it.
  var name: String { "the build context '\(folder.isEmpty ? "." : folder)'" }
}

extension SourceFile {
  /// The entry as far as following links needs it.
  fileprivate var asEntry: Layer.Entry {
    let content: Layer.Entry.Content =
      switch kind {
      case .folder: .directory
      case .symlink(let target): .symlink(target: target)
      case .file: .fifo
      }
    return Layer.Entry(path: path, content: content, mode: 0)
  }
}

extension Compilation {
  /// The build context of an image, walked once however many instructions and architectures read it.
  func listing(of image: ResolvedImage) throws -> [SourceFile] {
    try listing(of: image.source, image.contextFolder)
  }

  private func listing(of tree: any SourceTree, _ folder: String) throws -> [SourceFile] {
    let place = "\(tree.origin)\0\(folder)"
    if let known = listings[place] { return known }
    let files = try tree.list(folder) ?? []
    listings[place] = files
    return files
  }

  /// What COPY sees of the build context.
  func contextFiles(of image: ResolvedImage) throws -> ContextFiles {
    // Which paths are ignored may depend on the entry's Dockerfile.
    let place =
      image.isIgnored == nil ? "\(image.source.origin)\0\(image.contextFolder)" : "\(image.entry.label)"
    if let known = contexts[place] { return known }
    let files = ContextFiles(
      image.source, image.contextFolder, listing: try listing(of: image), isIgnored: image.isIgnored)
    contexts[place] = files
    return files
  }

  /// What COPY sees of a folder of another source: a named context, a repository that ADD names.
  func files(of tree: any SourceTree, _ folder: String) throws -> ContextFiles {
    let place = "files of \(tree.origin)\0\(folder)"
    if let known = contexts[place] { return known }
    let files = ContextFiles(tree, folder, listing: try listing(of: tree, folder))
    contexts[place] = files
    return files
  }

  /// A folder of the workspace, as a named context is one.
  func files(ofFolder folder: String) throws -> ContextFiles {
    try files(
      of: LocalSourceTree(root: resolved.workspace.root, origin: "", digests: resolved.digests), folder)
  }
}
