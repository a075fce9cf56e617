import GraphCore

/// Checks the paths that manifests name: relative to the workspace, inside it, and there.
struct WorkspacePaths {
  /// Absolute.
  let root: String
  let files: FileSystem

  enum Wanted {
    case any, file, folder
  }

  /// The path without empty parts and `.`; the workspace itself is `.`.
  static func normalised(_ path: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return parts.isEmpty ? "." : parts.joined(separator: "/")
  }

  /// Reports what is wrong with a path.
  func check(_ path: Located<String>, _ wanted: Wanted, _ findings: Findings) {
    let text = path.value
    let shown = text.shortened
    guard !text.isEmpty else {
      return findings.error(
        "the path is empty", at: path, hint: "write a path relative to the folder of graph.yml")
    }
    guard !text.hasPrefix("/") else {
      return findings.error(
        "'\(shown)' is an absolute path", at: path, hint: "write a path relative to the folder of graph.yml")
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: true)
    guard !parts.contains("..") else {
      return findings.error(
        "'\(shown)' must not contain '..'", at: path,
        hint: "write a path relative to the folder of graph.yml, and keep what it names inside")
    }
    let full = root + "/" + Self.normalised(text)
    guard let kind = files.kind(full), let resolved = files.resolved(full) else {
      let folder = ([root] + parts.dropLast().map(String.init)).joined(separator: "/")
      let names = (files.names(folder) ?? []).sorted { $0.precedesInBytes($1) }
      let near = parts.last.flatMap { Nearest.match(for: String($0), among: names) }
      return findings.error(
        "'\(shown)' does not exist in the workspace", at: path,
        hint: near.map {
          "did you mean '\((parts.dropLast().map(String.init) + [$0]).joined(separator: "/"))'?"
        }
          ?? "paths are relative to the folder of graph.yml")
    }
    let top = files.resolved(root) ?? root
    guard resolved == top || resolved.hasPrefix(top == "/" ? "/" : top + "/") else {
      return findings.error(
        "'\(shown)' leads out of the workspace through a symbolic link", at: path,
        hint: "copy what it names into the workspace, or declare it as a source of its own")
    }
    let isWanted =
      wanted == .any ? kind == .file || kind == .folder : kind == (wanted == .file ? .file : .folder)
    guard isWanted else {
      let needed = wanted == .file ? "a file" : wanted == .folder ? "a folder" : "a file or a folder"
      return findings.error("'\(shown)' is not \(needed)", at: path)
    }
  }
}
