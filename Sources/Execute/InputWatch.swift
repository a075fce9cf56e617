import GraphCore

/// Notices files of the workspace and tools of the host that change while an action runs: what was made then belongs to
/// neither the old content nor the new one for certain, so it must not be recorded.
///
/// A file is known by device, inode, size, and the times of content and inode, so that one that was changed and put back is
/// noticed as well.
struct InputWatch: Sendable {
  private struct Watched: Sendable {
    let path: String
    let origin: String
    let isTool: Bool
    let identity: [Int]
  }

  private var watched: [Watched] = []

  /// - Parameter leaves: as they are before the action begins. What is gone already is noticed by whoever reads it.
  init(_ leaves: [Leaf]) {
    for leaf in leaves { add(leaf.content, leaf.origin) }
  }

  private mutating func add(_ content: Leaf.Content, _ origin: String) {
    switch content {
    case .file(let path): add(path, origin, isTool: false)
    case .tool(let path): add(path, origin, isTool: true)
    case .tree(_, let files):
      for file in files.values { add(file, origin) }
    case .bytes, .gitBlob, .stored: break
    }
  }

  private mutating func add(_ path: String, _ origin: String, isTool: Bool) {
    guard let identity = try? FileSystem.identity(path) else { return }
    watched.append(Watched(path: path, origin: origin, isTool: isTool, identity: identity))
  }

  /// - Throws: `ChangedSource` for a file, `GraphError(.environment)` for a tool.
  func requireUnchanged() throws {
    for input in watched where (try? FileSystem.identity(input.path)) != input.identity {
      if input.isTool {
        throw GraphError(
          .environment, "the host's '\(input.origin)' (\(input.path)) changed while it was being used",
          hint: "run the command again, with `--refresh` where the tool was replaced")
      }
      // In a folder, which of its files it was.
      let name = input.path.split(separator: "/").last.map(String.init) ?? input.path
      throw ChangedSource(path: input.origin.hasSuffix(name) ? input.origin : input.path)
    }
  }
}
