// Leaves as records. What an edit of a source file changes is not in them: digests of files and of what is made of them
// are columns of their own, so that the record of a leaf holds as long as the structure of the graph does.

/// The content of a leaf, with source files by number.
enum LeafRecord {
  case source(Int32)
  case bytes([UInt8])
  case gitBlob(mirror: String, object: String)
  case tree([TreeEntry])
  case tool(path: String)
  case stored

  /// An entry of a tree; where it is a file, whence its content is.
  struct TreeEntry {
    var entry: Layer.Entry
    var file: File?

    enum File {
      case source(Int32)
      /// Another origin, or none: then the store has to have it.
      case pinned(Leaf.Content?)
    }
  }
}

extension LeafRecord: FlatRecord {
  func write(to writer: inout FlatWriter) {
    switch self {
    case .source(let number):
      writer.write(0)
      writer.write(UInt64(number))
    case .bytes(let bytes):
      writer.write(1)
      writer.write(raw: bytes)
    case .gitBlob(let mirror, let object):
      writer.write(2)
      writer.write(mirror)
      writer.write(object)
    case .tree(let entries):
      writer.write(3)
      writer.write(entries) { $0.write($1) }
    case .tool(let path):
      writer.write(4)
      writer.write(path)
    case .stored: writer.write(5)
    }
  }

  init(from reader: inout FlatReader) {
    switch reader.integer() {
    case 0: self = .source(Int32(reader.unsigned()))
    case 1: self = .bytes(reader.raw())
    case 2:
      let mirror = reader.text()
      self = .gitBlob(mirror: mirror, object: reader.text())
    case 3: self = .tree(reader.records())
    case 4: self = .tool(path: reader.text())
    default: self = .stored
    }
  }
}

extension LeafRecord.TreeEntry: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(entry)
    writer.write(file) { writer, file in
      switch file {
      case .source(let number):
        writer.write(true)
        writer.write(UInt64(number))
      case .pinned(let content):
        writer.write(false)
        // Only what a leaf of one file can be: trees and tools are no files of a tree.
        let record: LeafRecord? =
          switch content {
          case .bytes(let bytes): .bytes(bytes)
          case .gitBlob(let mirror, let object): .gitBlob(mirror: mirror, object: object)
          default: nil
          }
        writer.write(record) { $0.write($1) }
      }
    }
  }

  init(from reader: inout FlatReader) {
    entry = reader.record()
    file = reader.optional { reader in
      if reader.boolean() { return .source(Int32(reader.unsigned())) }
      let record: LeafRecord? = reader.optional { $0.record() }
      return .pinned(record.flatMap(\.content))
    }
  }
}

extension LeafRecord {
  /// The content where it holds no source file.
  var content: Leaf.Content? {
    switch self {
    case .bytes(let bytes): .bytes(bytes)
    case .gitBlob(let mirror, let object): .gitBlob(mirror: mirror, object: object)
    case .tool(let path): .tool(path: path)
    case .stored: .stored
    case .source, .tree: nil
    }
  }
}

extension Layer.Entry: FlatRecord {
  func write(to writer: inout FlatWriter) {
    writer.write(path)
    switch content {
    case .file(let digest):
      writer.write(0)
      writer.write(digest)
    case .directory: writer.write(1)
    case .symlink(let target):
      writer.write(2)
      writer.write(target)
    case .hardlink(let target):
      writer.write(3)
      writer.write(target)
    case .characterDevice(let major, let minor):
      writer.write(4)
      writer.write(UInt64(major))
      writer.write(UInt64(minor))
    case .blockDevice(let major, let minor):
      writer.write(5)
      writer.write(UInt64(major))
      writer.write(UInt64(minor))
    case .fifo: writer.write(6)
    case .whiteout: writer.write(7)
    case .opaqueDirectory: writer.write(8)
    }
    writer.write(UInt64(mode))
    writer.write(UInt64(owner))
    writer.write(UInt64(group))
    writer.write(modified)
    writer.write(attributes) {
      $0.write($1.name)
      $0.write(raw: $1.value)
    }
  }

  init(from reader: inout FlatReader) {
    let path = reader.text()
    func device() -> (UInt32, UInt32) {
      let major = UInt32(truncatingIfNeeded: reader.unsigned())
      return (major, UInt32(truncatingIfNeeded: reader.unsigned()))
    }
    let content: Content
    switch reader.integer() {
    case 0: content = .file(reader.digest())
    case 1: content = .directory
    case 2: content = .symlink(target: reader.text())
    case 3: content = .hardlink(target: reader.text())
    case 4:
      let (major, minor) = device()
      content = .characterDevice(major: major, minor: minor)
    case 5:
      let (major, minor) = device()
      content = .blockDevice(major: major, minor: minor)
    case 6: content = .fifo
    case 7: content = .whiteout
    default: content = .opaqueDirectory
    }
    self.init(
      path: path, content: content, mode: UInt16(truncatingIfNeeded: reader.unsigned()),
      owner: UInt32(truncatingIfNeeded: reader.unsigned()),
      group: UInt32(truncatingIfNeeded: reader.unsigned()), modified: reader.signed(),
      attributes: reader.list { reader in
        let name = reader.text()
        return Attribute(name: name, value: reader.raw())
      })
  }
}
