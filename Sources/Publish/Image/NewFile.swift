import Formats
import Glibc
import GraphCore

/// A file that appears under its name when it is whole.
enum NewFile {
  typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  /// - Parameter write: hands the content to its sink.
  static func write(to path: String, _ write: (Sink) throws -> Void) throws {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let file = try OpenFile(temporaryIn: folder)
    do {
      try write { try file.write($0) }
      try file.setMode(0o644)
      guard rename(file.path, path) == 0 else { throw OpenFile.failure("cannot write", path) }
    } catch {
      unlink(file.path)
      throw error
    }
  }

  /// Writes where something may be that is no file, such as a pipe or `/dev/stdout`: that gets the bytes as they come.
  ///
  /// - Throws: `GraphError(.usage)` where a file or folder is there already.
  static func write(toFileOrPipe path: String, _ write: (Sink) throws -> Void) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return try self.write(to: path, write) }
    guard ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) || isStandardOutput(path) else {
      throw GraphError(.usage, "'\(path)' is there already", hint: "name a file that does not exist")
    }
    let pipe = try OpenFile(appendingTo: path)
    try write { try pipe.write($0) }
  }

  /// Whether a path means the standard output, which the shell may have made a file of.
  static func isStandardOutput(_ path: String) -> Bool {
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(path)
  }
}

/// Removes a file that is scratch.
func removeFile(_ path: String) { unlink(path) }
