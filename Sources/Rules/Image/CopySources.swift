import GraphCore
import Manifests
import Resolve

/// The files that a COPY or ADD takes, as inputs, and how they are laid out; those of another root excepted.
///
/// Only files that a source names are inputs, so an edit of any other file of the context changes nothing.
struct CopySources {
  /// One text for each file system entry, `source kind place`: the number of the source, a kind, and where it goes
  /// (`CopyPlace`). Kinds: `folder`, `link`, `file` (0644), `program` (0755), `private` (0600), and the last three with
  /// a question mark for what is unpacked where it is an archive.
  private(set) var entries: [String] = []
  private(set) var inputs: [Input] = []
  private var places: [String: (entry: Int, input: Int)] = [:]

  /// Files of a context.
  mutating func add(_ selection: FileSelection, of context: ContextFiles, unpacks: Bool) throws {
    for item in selection.items {
      // Only the top of the context has no entry of its own.
      guard let file = context[item.found.path] else {
        entries.append("\(item.source) folder \(item.place.text)")
        continue
      }
      switch file.kind {
      case .folder: entries.append("\(item.source) folder \(item.place.text)")
      case .symlink(let target):
        add(
          item.source, "link", item.place,
          .leaf(.text(target, origin: "\(context.tree.origin)/\(file.path)")))
      case .file(let isExecutable):
        let kind = (isExecutable ? "program" : "file") + (unpacks && item.isNamed ? "?" : "")
        add(item.source, kind, item.place, .leaf(try context.tree.leaf(file, in: context.folder)))
      }
    }
  }

  /// Of two files that a wildcard finds under one name, the later one stays.
  mutating func add(_ number: Int, _ kind: String, _ place: CopyPlace, _ source: Input.Source) {
    let entry = "\(number) \(kind) \(place.text)"
    let role = "source/\(number)/\(place.path)"
    if let earlier = places[role] {
      entries[earlier.entry] = entry
      inputs[earlier.input] = Input(role, source)
      return
    }
    places[role] = (entries.count, inputs.count)
    entries.append(entry)
    inputs.append(Input(role, source))
  }
}
