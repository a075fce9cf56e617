import GraphCore
import Manifests

/// What a RUN runs, with its here-documents.
///
/// One here-document alone (`RUN <<EOF`) is the script: text for the shell, or a file that is run where it begins with
/// `#!`. Any other goes to the shell as it is written, which reads it itself. Source: the Dockerfile reference,
/// Here-Documents.
struct RunScript {
  let argv: [String]
  /// The folder with the file that is run; `nil` where there is none.
  private(set) var folder: Leaf?

  static let role = "script"
  static let path = "/dev/pipes"

  /// - Parameters:
  ///   - argv: the words that run a form.
  ///   - origin: where it is written.
  init(_ run: Dockerfile.Run, argv: (Dockerfile.Form) -> [String], origin: String) {
    guard case .shell(let text) = run.form, let first = run.hereDocuments.first else {
      self.argv = argv(run.form)
      return
    }
    guard run.hereDocuments.count == 1, Self.isHereDocumentAlone(text) else {
      let documents = run.hereDocuments.map { "\n\($0.content)\($0.name)" }.joined()
      self.argv = argv(.shell(text + documents))
      return
    }
    guard first.content.hasPrefix("#!") else {
      self.argv = argv(.shell(first.content))
      return
    }
    let name = first.name.contains("/") || first.name.hasPrefix(".") ? "script" : first.name
    let bytes = Array(first.content.utf8)
    let digest = Digest(of: bytes)
    let tree = Layer(entries: [Layer.Entry(path: name, content: .file(digest), mode: 0o755)]).asTree
    folder = Leaf(
      Artifact(.tree, tree.digest), .tree(tree, files: [digest: .bytes(bytes)]), origin: origin)
    self.argv = ["\(Self.path)/\(name)"]
  }

  /// `<<NAME`, `<<-NAME`, with quotes or a descriptor's number, and nothing else.
  private static func isHereDocumentAlone(_ text: String) -> Bool {
    let word = text.drop(while: \.isWhitespace).drop(while: \.isNumber)
    guard word.hasPrefix("<<") else { return false }
    let rest = word.dropFirst(2)
    let name = String(rest.reversed().drop(while: \.isWhitespace).reversed())
    return !name.isEmpty && !name.contains("<") && !name.contains(where: { ";&|>()".contains($0) })
      && (!name.contains(where: \.isWhitespace) || Self.isQuoted(name))
  }

  private static func isQuoted(_ name: String) -> Bool {
    let inner = name.hasPrefix("-") ? name.dropFirst() : name[...]
    guard inner.count > 2, let quote = inner.first, "'\"".contains(quote) else { return false }
    return inner.last == quote && !inner.dropFirst().dropLast().contains(quote)
  }
}
