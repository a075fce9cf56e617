import Formats
import Glibc
import GraphCore

/// An image as files in a folder, as skopeo's transport `dir:` has them: `manifest.json`, `version`, the manifests of
/// an index as `HEX.manifest.json`, and every other blob under its hexadecimal digest.
///
/// Unlike an OCI layout it takes manifests of any format. Source: containers/image, directory/.
struct ImageFolder {
  private let contents: ImageContents
  /// A folder of blobs that several image folders share by hard links.
  private let pool: String?

  init(_ contents: ImageContents, sharing pool: String? = nil) {
    (self.contents, self.pool) = (contents, pool)
  }

  /// - Parameter folder: is made; nothing of it stays where this fails.
  func write(to folder: String) throws {
    guard mkdir(folder, 0o755) == 0 else { throw OpenFile.failure("cannot make", folder) }
    var isComplete = false
    defer { if !isComplete { try? Folders.remove(folder) } }
    for image in contents.images {
      for digest in image.manifest.layers.map(\.digest) + [image.manifest.configuration.digest] {
        try place(digest, at: "\(folder)/\(digest.hex)")
      }
      if contents.isIndex {
        let digest = image.descriptor.digest
        try place(digest, at: "\(folder)/\(digest.hex).manifest.json")
      }
    }
    try write(Array("Directory Transport Version: 1.1\n".utf8), to: "\(folder)/version")
    try place(contents.top.digest, at: "\(folder)/manifest.json")
    isComplete = true
  }

  private func place(_ digest: Digest, at path: String) throws {
    guard let pool else {
      if access(path, F_OK) != 0 { try contents.export(digest, to: path) }
      return
    }
    let shared = "\(pool)/\(digest.hex)"
    if access(shared, F_OK) != 0 { try contents.export(digest, to: shared) }
    guard link(shared, path) == 0 || errno == EEXIST else { throw OpenFile.failure("cannot link", path) }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    try NewFile.write(to: path) { sink in try bytes.withUnsafeBytes { try sink($0) } }
  }
}
