import CSolv
import Glibc
import Formats
import GraphCore

extension RepodataFile {
  /// The bytes of a metadata file, decompressed as the end of its name says (`.gz`, `.zst`, `.xz`, `.bz2`).
  ///
  /// - Parameters:
  ///   - bytes: the file as it was fetched.
  ///   - limit: how many bytes may come out at most, because a small file can hold very many.
  /// - Throws: `GraphError(.user)` where the bytes are not what `repomd.xml` promised, are damaged or too
  ///   many.
  public func decompressed(_ bytes: [UInt8], limit: Int = 4 << 30) throws(GraphError) -> [UInt8] {
    if let size, size != Int64(bytes.count) {
      throw GraphError(.user, "'\(location)' has \(bytes.count) bytes instead of \(size)")
    }
    if checksumType == "sha256", Digest(of: bytes).hex != checksum {
      throw GraphError(.user, "'\(location)' has not the checksum that repomd.xml says")
    }
    guard solv_xfopen_iscompressed(location) != 0 else { return bytes }
    guard solv_xfopen_iscompressed(location) > 0 else {
      throw GraphError(.user, "'\(location)' is compressed in a way that is not supported")
    }
    let output = try Self.read(bytes, named: location, limit: limit)
    if let openSize, openSize != Int64(output.count) {
      throw GraphError(
        .user, "'\(location)' is damaged: \(output.count) bytes come out instead of \(openSize)")
    }
    return output
  }

  /// By a file without a name, because the library's decompressors read descriptors.
  private static func read(_ bytes: [UInt8], named name: String, limit: Int) throws(GraphError) -> [UInt8] {
    guard let file = tmpfile() else {
      throw GraphError(.environment, "no temporary file: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fflush(file) == 0 else {
      throw GraphError(.environment, "cannot write a temporary file: \(String(cString: strerror(errno)))")
    }
    rewind(file)
    let descriptor = dup(fileno(file))
    guard descriptor >= 0 else {
      throw GraphError(.environment, "no file descriptor: \(String(cString: strerror(errno)))")
    }
    guard let stream = solv_xfopen_fd(name, descriptor, "r") else {
      close(descriptor)
      throw GraphError(.user, "'\(name)' cannot be decompressed")
    }
    defer { fclose(stream) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, stream)
      if count == 0 { break }
      if output.count + count > limit { throw GraphError(.user, "'\(name)' is more than \(limit) bytes") }
      output += buffer[..<count]
    }
    guard ferror(stream) == 0 else { throw GraphError(.user, "'\(name)' is damaged") }
    return output
  }
}
