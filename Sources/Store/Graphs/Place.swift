import Formats
import Glibc
import GraphCore

/// A place of the file system that a graph depends on.
struct Place: Equatable, Sendable {
  /// What of the place matters.
  enum Role: Equatable, Sendable {
    /// Everything: names in a folder, the text of a manifest, that nothing is there. With the digest of a file's content or
    /// a folder's names, so that one that was only touched is known to be the same.
    case structure(Digest?)
    /// The content of a regular file, which is the graph's source file of that number.
    case source(Int)
    /// That something of its kind is there.
    case presence
  }

  var path: String
  var role: Role
  var stamp: FileStamp
  /// Whether the stamp alone says that nothing changed.
  var isTrusted: Bool

  /// What has become of it.
  enum Finding: Equatable, Sendable {
    case same
    /// The same content, with another stamp.
    case touched(FileStamp, isTrusted: Bool)
    /// Another content of a source file.
    case edited(Digest, FileStamp, isTrusted: Bool)
    /// Something that the graph itself depends on, or that cannot be told.
    case moved
  }

  /// Looks at the place by its content, because its stamp does not say enough.
  ///
  /// - Parameter known: the digest of a source file.
  func look(known: (Int) -> Digest) -> Finding {
    let started = Int64(time(nil))
    let now = FileStamp(path)
    if case .presence = role { return now.exists && now.isSameKind(as: stamp) ? .same : .moved }
    // Another kind, or other rights: what depends on that depends on more than the content.
    guard now.exists, stamp.exists, now.entry.mode == stamp.entry.mode, !now.isLink else {
      return !now.exists && !stamp.exists ? .same : .moved
    }
    guard let digest = Self.digest(of: path, now), FileStamp(path) == now else { return .moved }
    let isTrusted = !now.isRacy(at: started)
    switch role {
    case .structure(let old): return old == digest ? .touched(now, isTrusted: isTrusted) : .moved
    case .source(let number):
      return known(number) == digest
        ? .touched(now, isTrusted: isTrusted) : .edited(digest, now, isTrusted: isTrusted)
    case .presence: return .same
    }
  }

  /// The digest of a file's content, or of the names in a folder and what kind each is; `nil` for anything else, and for
  /// what cannot be read.
  static func digest(of path: String, _ stamp: FileStamp) -> Digest? {
    if stamp.isFolder { return names(in: path) }
    guard stamp.isFile, let file = try? OpenFile(reading: path) else { return nil }
    var hasher = DigestHasher()
    guard (try? file.forEachChunk({ hasher.update($0) })) != nil else { return nil }
    return hasher.finish()
  }

  private static func names(in folder: String) -> Digest? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      names.append(name + [0, entry.pointee.d_type])
    }
    return Digest(of: names.sorted { $0.lexicographicallyPrecedes($1) }.joined())
  }
}
