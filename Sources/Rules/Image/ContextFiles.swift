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

  /// - Parameter files: what is in the folder and not ignored, folders before their contents.
  init(_ tree: any SourceTree, _ folder: String, listing files: [SourceFile]) {
    (self.tree, self.folder) = (tree, folder)
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
  /// The build context of an image without what is ignored, walked once however many instructions and architectures read
  /// it. Folders stay where something in them does.
  func listing(of image: ResolvedImage) throws -> [SourceFile] {
    let place = image.contextPlace
    if let known = listings[place] { return known }
    var files = try image.source.list(image.contextFolder) ?? []
    if let isIgnored = image.isIgnored {
      var kept: Set<String> = []
      for file in files where !isIgnored(file.path) {
        var parts = file.path.split(separator: "/")
        while !parts.isEmpty, kept.insert(parts.joined(separator: "/")).inserted { parts.removeLast() }
      }
      files = files.filter { kept.contains($0.path) }
    }
    listings[place] = files
    return files
  }

  /// What COPY sees of the build context.
  func contextFiles(of image: ResolvedImage) throws -> ContextFiles {
    if let known = contexts[image.contextPlace] { return known }
    let files = ContextFiles(image.source, image.contextFolder, listing: try listing(of: image))
    contexts[image.contextPlace] = files
    return files
  }

  /// What COPY sees of a folder of another source: a named context, a repository that ADD names.
  func files(of tree: any SourceTree, _ folder: String) throws -> ContextFiles {
    let place = "files of \(tree.origin)\0\(folder)"
    if let known = contexts[place] { return known }
    let files = ContextFiles(tree, folder, listing: try tree.list(folder) ?? [])
    contexts[place] = files
    return files
  }

  /// A folder of the workspace, as a named context is one.
  func files(ofFolder folder: String) throws -> ContextFiles {
    try files(
      of: LocalSourceTree(
        root: resolved.workspace.root, origin: "", digests: resolved.digests, observer: resolved.observer),
      folder)
  }
}

extension ResolvedImage {
  /// The same for images that see the same files. Which are ignored may depend on the entry's Dockerfile.
  fileprivate var contextPlace: String {
    "\(source.origin)\0\(contextFolder)" + (isIgnored == nil ? "" : "\0\(entry.label)")
  }
}
