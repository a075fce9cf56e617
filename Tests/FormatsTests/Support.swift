import Formats
import Glibc
import GraphCore
import Synchronization

/// A folder of its own for one test, removed with it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/graph-formats-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw OpenFile.failure("cannot create", "/tmp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { _ = try? shell("rm -rf '\(path)'") }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = try OpenFile(creating: "\(path)/\(name)")
    try file.write(bytes)
    return "\(path)/\(name)"
  }
}

/// What a shell command prints.
@discardableResult
func shell(_ command: String) throws -> String {
  guard let stream = popen("exec 2>&1; " + command, "r") else { throw GraphError(.environment, "no shell") }
  var output: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = fread(&buffer, 1, buffer.count, stream)
    if count == 0 { break }
    output += buffer[..<count]
  }
  let text = String(decoding: output, as: UTF8.self)
  guard pclose(stream) == 0 else { throw GraphError(.user, "'\(command)' failed: \(text)") }
  return text
}

/// Blobs in memory: the smallest complete store.
final class MemoryStore: BlobStore {
  private let blobs = Mutex<[Digest: [UInt8]]>([:])

  func contains(_ digest: Digest) -> Bool { blobs.withLock { $0[digest] != nil } }

  func read(_ digest: Digest) throws -> [UInt8] {
    guard let bytes = blobs.withLock({ $0[digest] }) else { throw MissingBlob(digest) }
    return bytes
  }

  func write(_ bytes: [UInt8]) -> Digest {
    let digest = Digest(of: bytes)
    blobs.withLock { $0[digest] = bytes }
    return digest
  }

  func importFile(at path: String, expected: Digest?) throws -> Digest {
    let digest = write(try OpenFile(reading: path).readAll(atMost: 1 << 30))
    if let expected, digest != expected { throw ChangedSource(path: path) }
    return digest
  }

  func exportFile(_ digest: Digest, to path: String, mode: UInt16) throws {
    try OpenFile(creating: path, mode: mode).write(try read(digest))
  }

  func sync() {}
}
