import Formats
import Glibc
import GraphCore
import Store

/// A store in a folder of its own for one test, removed with it.
final class TemporaryStore: Sendable {
  let folder: String
  let store: Store
  var path: String { "\(folder)/store" }

  init() throws {
    var template = Array("/tmp/graph-store-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw OpenFile.failure("cannot create", "/tmp") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    store = try Store.open(at: "\(folder)/store", mode: .readWrite)
  }

  deinit { _ = try? shell("rm -rf '\(folder)'") }

  /// Another process's view, as far as one process can have it: connections, locks and memory of its own.
  func another(_ mode: Store.Mode = .readWrite) throws -> Store { try Store.open(at: path, mode: mode) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = try OpenFile(creating: "\(folder)/\(name)")
    try file.write(bytes)
    return "\(folder)/\(name)"
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

func contents(_ path: String) throws -> [UInt8] { try OpenFile(reading: path).readAll(atMost: 1 << 30) }

/// Bytes that do not compress, the same for the same seed.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt8(truncatingIfNeeded: state >> 24)
  }
}

/// Bytes that compress well.
func text(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 / 97) &+ seed }
}

func makeTrace(_ name: String, outputs: [String: Artifact], deep: String? = nil) -> Trace {
  let preimage = Preimage(text: "graph-key 1\nrule \(name)@1\n")
  return Trace(
    key: preimage.key, deepKey: Key(digest: Digest(ofText: deep ?? "deep \(name)")), preimage: preimage,
    result: ActionResult(
      outputs: outputs, provenance: .init(durationSeconds: 1.5, finished: 1000, emulator: "qemu 7", log: nil))
  )
}
