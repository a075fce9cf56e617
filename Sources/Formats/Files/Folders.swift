import Glibc
import GraphCore

/// What every module does with folders of its own.
public enum Folders {
  /// Removes whatever is at `path`, with what is below it. Nothing there is no error. What can be removed is, also
  /// where something else cannot.
  ///
  /// - Throws: `GraphError(.environment)` for the first thing that stays.
  public static func remove(_ path: String) throws {
    if unlink(path) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw OpenFile.failure("cannot remove", path) }
    if rmdir(path) == 0 || errno == ENOENT { return }
    // A folder that we made without the right to list it is still ours to remove.
    chmod(path, 0o700)
    var first: (any Error)?
    // Closed before descending, so that the depth of a tree costs no descriptors.
    for name in try names(in: path) {
      do { try remove("\(path)/\(name)") } catch { first = first ?? error }
    }
    if let first { throw first }
    guard rmdir(path) == 0 || errno == ENOENT else { throw OpenFile.failure("cannot remove", path) }
  }

  /// What a file, or a folder with all in it, takes on the disk. What cannot be looked at counts nothing.
  public static func diskBytes(of path: String) -> Int64 {
    var status = stat()
    guard lstat(path, &status) == 0 else { return 0 }
    // A file of several names is counted for each, as part of what it is part of.
    let own = Int64(status.st_blocks) * 512
    guard status.st_mode & S_IFMT == S_IFDIR, let names = try? names(in: path) else { return own }
    return names.reduce(own) { $0 + diskBytes(of: "\(path)/\($1)") }
  }

  /// The names in a folder, in no order.
  public static func names(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { throw OpenFile.failure("cannot read", folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// A new folder of its own in `parent`, which is made where it is missing. Nobody else may look into it.
  public static func makeTemporary(in parent: String) throws -> String {
    mkdir(parent, 0o755)
    var template = Array("\(parent)/graph-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw OpenFile.failure("cannot make a folder in", parent) }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
