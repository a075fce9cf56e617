import Formats
import Glibc
import GraphCore

/// Writes a large blob beside its place. It does not leave the function that made it.
final class BlobFileWriter {
  let encoder: any BlobEncoder
  private let file: OpenFile
  /// How much was written.
  private(set) var storedBytes: Int64 = 0

  init(in scratch: String, as encoder: any BlobEncoder) throws {
    self.encoder = encoder
    file = try OpenFile(temporaryIn: scratch)
  }

  // Where `place` has renamed it, nothing is at that path any more.
  deinit { unlink(file.path) }

  func update(_ bytes: UnsafeRawBufferPointer) throws { try encoder.update(bytes, to: write) }

  /// Ends the file, which stays beside.
  func finish() throws { try encoder.finish(to: write) }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    storedBytes += Int64(bytes.count)
    try file.write(bytes)
  }

  /// Puts the file in its place. It is durable only after a sync.
  func place(as digest: Digest, in store: Store) throws {
    try file.setMode(0o444)
    let path = store.filePath(digest, encoder.encoding)
    if let slash = path.lastIndex(of: "/") { try FileSystem.makeFolders(String(path[..<slash])) }
    try FileSystem.rename(file.path, to: path)
  }
}
