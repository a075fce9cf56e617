import Glibc
import GraphCore
import Testing

/// A folder of its own with some files; a text that begins with `-> ` is a symbolic link.
struct TestFolder {
  let path: String

  init(_ files: [String: String]) throws {
    var template = Array("/tmp/graph-rules-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    path = try #require(made)
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      let parts = name.split(separator: "/")
      for count in 0..<(parts.count - 1) { mkdir("\(path)/" + parts[...count].joined(separator: "/"), 0o755) }
      if text.hasPrefix("-> ") {
        symlink(String(text.dropFirst(3)), "\(path)/\(name)")
        continue
      }
      let file = try #require(fopen("\(path)/\(name)", "w"), "\(name)")
      fputs(text, file)
      fclose(file)
    }
  }

  func remove() {
    Self.remove(path)
  }

  private static func remove(_ path: String) {
    if Glibc.remove(path) == 0 { return }
    guard let stream = opendir(path) else { return }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { remove("\(path)/\(name)") }
    }
    closedir(stream)
    Glibc.remove(path)
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "w") else { throw GraphError(.environment, "cannot write '\(path)'") }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw GraphError(.environment, "cannot write '\(path)'")
    }
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw GraphError(.environment, "cannot read '\(path)'") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
  }
}
