import CLinux
import FoundationEssentials
import Glibc
import GraphCore
import Testing

/// Blobs and checkouts as plain files of one folder. Stands in for the Store module, on which nothing here depends.
struct FolderStore: BlobStore, Checkouts {
  let folder: String

  init(folder: String) throws {
    self.folder = folder
    for name in ["blobs", "trees", "layers"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
  }

  private func path(_ digest: Digest) -> String { "\(folder)/blobs/\(digest.hex)" }

  func contains(_ digest: Digest) throws -> Bool { FileManager.default.fileExists(atPath: path(digest)) }

  func read(_ digest: Digest) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path(digest)) else { throw MissingBlob(digest) }
    return Array(data)
  }

  func write(_ bytes: [UInt8]) throws -> Digest {
    let digest = Digest(of: bytes)
    try Data(bytes).write(to: URL(filePath: path(digest)))
    return digest
  }

  func importFile(at path: String, expected: Digest?) throws -> Digest {
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    if let expected, Digest(of: bytes) != expected { throw ChangedSource(path: path) }
    return try write(bytes)
  }

  func exportFile(_ digest: Digest, to path: String, mode: UInt16) throws {
    try Data(try read(digest)).write(to: URL(filePath: path))
    chmod(path, mode_t(mode))
  }

  func sync() throws {}

  func file(_ digest: Digest) throws -> String {
    guard try contains(digest) else { throw MissingBlob(digest) }
    return path(digest)
  }

  func tree(_ artifact: Artifact) throws -> String { try checkOut(artifact, below: "trees") }

  func layer(_ artifact: Artifact) throws -> String { try checkOut(artifact, below: "layers") }

  func damagesSoFar() -> Int { 0 }

  func confirm(_ artifacts: [Artifact], since damages: Int) async throws -> Bool { true }

  func adopt(_ upper: String, as artifact: Artifact) throws {
    let target = "\(folder)/layers/\(artifact.digest.hex)"
    if FileManager.default.fileExists(atPath: target) { return }
    #expect(rename(upper, target) == 0)
  }

  private func checkOut(_ artifact: Artifact, below: String) throws -> String {
    let target = "\(folder)/\(below)/\(artifact.digest.hex)"
    if FileManager.default.fileExists(atPath: target) { return target }
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    let entries = try readLayer(artifact).entries
    for entry in entries { try make(entry, at: "\(target)/\(entry.path)", root: target) }
    for entry in entries where entry.content == .directory || entry.content == .opaqueDirectory {
      var times = [
        timeval(tv_sec: Int(entry.modified), tv_usec: 0), timeval(tv_sec: Int(entry.modified), tv_usec: 0),
      ]
      lutimes("\(target)/\(entry.path)", &times)
    }
    return target
  }

  private func make(_ entry: Layer.Entry, at path: String, root: String) throws {
    switch entry.content {
    case .file(let digest): try exportFile(digest, to: path, mode: 0o600)
    case .directory: mkdir(path, 0o700)
    case .opaqueDirectory:
      mkdir(path, 0o700)
      setxattr(path, "user.overlay.opaque", "y", 1, 0)
    case .symlink(let target): symlink(target, path)
    case .hardlink(let target): link("\(root)/\(target)", path)
    case .whiteout: mknod(path, S_IFCHR, 0)
    case .fifo, .characterDevice, .blockDevice: break
    }
    if case .symlink = entry.content { return }
    if entry.content == .whiteout { return }
    lchown(path, entry.owner, entry.group)
    chmod(path, mode_t(entry.mode))
    for attribute in entry.attributes {
      setxattr(path, attribute.name, attribute.value, attribute.value.count, 0)
    }
    var times = [
      timeval(tv_sec: Int(entry.modified), tv_usec: 0), timeval(tv_sec: Int(entry.modified), tv_usec: 0),
    ]
    lutimes(path, &times)
  }
}
