import GraphCore
import Manifests

/// What a RUN runs. A here-document that is a program (`RUN <<EOF` with `#!` at its beginning) is a file that is run;
/// everything else is in the form. Source: the Dockerfile reference, Here-Documents.
struct RunScript {
  let argv: [String]
  /// The folder with the file that is run; `nil` where there is none.
  let folder: Leaf?

  static let role = "script"
  static let path = "/dev/pipes"

  /// - Parameters:
  ///   - argv: the words that run a form.
  ///   - origin: where it is written.
  init(_ run: Dockerfile.Run, argv: (Dockerfile.Form) -> [String], origin: String) {
    guard let program = run.hereDocuments.first else {
      self.argv = argv(run.form)
      folder = nil
      return
    }
    // A name of several parts, or of a folder, would be no file.
    let name = program.name.contains("/") || program.name.hasPrefix(".") ? "script" : program.name
    let bytes = Array(program.content.utf8)
    let digest = Digest(of: bytes)
    let tree = Layer(entries: [Layer.Entry(path: name, content: .file(digest), mode: 0o755)]).asTree
    folder = Leaf(
      Artifact(.tree, tree.digest), .tree(tree, files: [digest: .bytes(bytes)]), origin: origin)
    self.argv = ["\(Self.path)/\(name)"]
  }
}
