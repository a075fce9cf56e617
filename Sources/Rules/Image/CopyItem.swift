import Formats
import GraphCore
import Manifests

/// One thing that COPY or ADD puts into an image.
struct CopyItem {
  var place: CopyPlace
  /// What it is; its path counts only in messages.
  var entry: Layer.Entry
  /// The same number for all names of one file.
  var file: Int?
  /// Whether a folder that is there gets the metadata of this one.
  var replacesFolder = false
  /// Whether `--chmod` reaches it.
  var takesMode = true
}

/// The things that the inputs of a copy hold, in the order of the instruction's sources.
struct CopyItems {
  private let task: ActionTask
  private let store: any BlobStore
  private let epoch: Int64
  private let scratch: String
  private(set) var all: [CopyItem] = []
  /// Whether the destination has to be a folder.
  private(set) var needsFolder = false
  private var archives = 0

  /// - Parameters:
  ///   - epoch: the time of what has none of its own.
  ///   - scratch: a folder for archives while they are read.
  /// - Throws: `ActionFailed` for a source that names nothing and an archive that cannot be unpacked.
  init(_ task: ActionTask, store: any BlobStore, epoch: Int64, scratch: String) throws {
    (self.task, self.store, self.epoch, self.scratch) = (task, store, epoch, scratch)
    if !task.action.values("sources").isEmpty { try select() }
    for text in task.action.values("entries") { try add(text) }
  }

  /// What patterns name in the root of another stage or image, or in what a label delivers.
  private mutating func select() throws {
    let action = task.action
    let layers = try task.inputs(under: "from").map { name, artifact in
      switch artifact.kind {
      case .layer: try store.readLayer(artifact)
      // Files of a tree have no time.
      case .tree:
        Layer(
          entries: try store.readLayer(artifact).entries.map { entry in
            var entry = entry
            entry.modified = epoch
            return entry
          })
      case .blob:
        Layer(entries: [
          Layer.Entry(path: name, content: .file(artifact.digest), mode: 0o644, modified: epoch)
        ])
      }
    }
    guard let excluded = try? PathPatterns(action.values("exclude")) else {
      throw GraphError(.bug, "--exclude of '\(task.node.name)'")
    }
    let selection: FileSelection
    do throws(FileSelection.Fault) {
      selection = try FileSelection(
        action.values("sources"), in: StackedRoot(layers), called: "what --from names", isContext: false,
        excluding: excluded, keepsParents: action.value("parents") != nil)
    } catch {
      throw ActionFailed(.deterministic, error.message + (error.hint.map { "; \($0)" } ?? ""))
    }
    needsFolder = selection.needsFolder
    // What two sources name are two files, as buildah and BuildKit have it.
    let count = action.values("sources").count
    all += selection.items.map { item in
      CopyItem(
        place: item.place, entry: item.found.entry, file: item.found.file.map { $0 * count + item.source },
        replacesFolder: true)
    }
  }

  /// One entry of what was known when the graph was made: `number kind place`.
  private mutating func add(_ text: String) throws {
    let fields = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3, let place = CopyPlace(fields[2]) else {
      throw GraphError(.bug, "COPY entry '\(text)'")
    }
    var kind = fields[1]
    if kind == "folder" {
      all.append(CopyItem(place: place, entry: entry(place, .directory, 0o755)))
      return
    }
    guard let artifact = task.input("source/\(fields[0])/\(place.path)") else {
      throw GraphError(.bug, "no input '\(text)'")
    }
    if kind == "link" {
      let target = try store.readText(artifact.digest)
      all.append(CopyItem(place: place, entry: entry(place, .symlink(target: target), 0o777)))
      return
    }
    if kind.hasSuffix("?") {
      kind.removeLast()
      if try addArchive(artifact.digest, named: place.path) { return }
    }
    let mode: UInt16 = kind == "program" ? 0o755 : kind == "private" ? 0o600 : 0o644
    all.append(CopyItem(place: place, entry: entry(place, .file(artifact.digest), mode)))
  }

  private func entry(_ place: CopyPlace, _ content: Layer.Entry.Content, _ mode: UInt16) -> Layer.Entry {
    Layer.Entry(path: place.path, content: content, mode: mode, modified: epoch)
  }

  /// - Returns: whether the file is an archive. Its owners, modes and times are those in it.
  private mutating func addArchive(_ digest: Digest, named name: String) throws -> Bool {
    guard digest.size > 0 else { return false }
    let path = "\(scratch)/add-\(task.key)-\(archives)"
    defer { removeFile(path) }
    try store.exportFile(digest, to: path, mode: 0o600)
    guard try TarReader.isArchive(at: path) else { return false }
    let layer: Layer
    do {
      layer = try TarReader.readArchive(at: path, store: store, scratch: scratch)
    } catch let error as GraphError where error.kind == .user {
      throw ActionFailed(.deterministic, "'\(name)' cannot be unpacked: \(error.message)")
    }
    archives += 1
    // Numbers that no other archive of this copy and no root has.
    var numbers: [String: Int] = [:]
    for case .hardlink(let target) in layer.entries.map(\.content) where numbers[target] == nil {
      numbers[target] = -(all.count + numbers.count + 1)
    }
    let contents = Dictionary(
      layer.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    all.append(CopyItem(place: .below(""), entry: entry(.below(""), .directory, 0o755), takesMode: false))
    for found in layer.entries {
      var item = CopyItem(
        place: .below(found.path), entry: found, file: numbers[found.path], replacesFolder: true,
        takesMode: false)
      if case .hardlink(let target) = found.content, let first = contents[target] {
        item.entry.content = first.content
        item.entry.attributes = first.attributes
        item.file = numbers[target]
      }
      all.append(item)
    }
    return true
  }
}
