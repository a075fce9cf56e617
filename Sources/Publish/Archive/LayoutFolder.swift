import FoundationEssentials
import Formats
import Glibc
import GraphCore

/// An OCI layout that images are added to, as skopeo's transport `oci:` does. Source: OCI image specification 1.1,
/// image-layout.md.
///
/// Blobs come first and `index.json` last, by a rename, so that a reader never sees a name without its blobs. Two
/// writers at once wait for each other.
struct LayoutFolder {
  private let path: String

  /// - Parameter path: a layout, an empty folder, or nothing yet.
  init(_ path: String) { self.path = path }

  /// Adds an image; another one of the same name is no longer named.
  ///
  /// - Throws: `GraphError(.usage)` where something else is at the path.
  func add(_ contents: ImageContents, name: String) throws {
    let blobs = "\(path)/blobs/sha256"
    try checkPlace()
    for folder in [path, "\(path)/blobs", blobs] {
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
        throw OpenFile.failure("cannot make", folder)
      }
    }
    for digest in contents.digests {
      let file = "\(blobs)/\(digest.hex)"
      var status = stat()
      if stat(file, &status) != 0 || Int64(status.st_size) != digest.size {
        try contents.export(digest, to: file)
      }
    }
    let folder = try OpenFile(reading: path)
    while flock(folder.descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw OpenFile.failure("cannot lock", path) }
    }
    var index = try self.index() ?? ImageIndex(manifests: [])
    let key = "org.opencontainers.image.ref.name"
    index.manifests.removeAll { $0.annotations[key] == name }
    var top = contents.top
    top.annotations[key] = name
    index.manifests.append(top)
    index.manifests.sort { left, right in
      (left.annotations[key] ?? "").precedesInBytes(right.annotations[key] ?? "")
    }
    let files = ImageLayout.files(top: top, name: name)
    try write(files.layout, to: "oci-layout")
    try write(index.encoded(), to: "index.json")
  }

  private func checkPlace() throws {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path), !names.isEmpty,
      !names.contains("oci-layout")
    else {
      var status = stat()
      let isOther = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
      if !isOther { return }
      throw GraphError(.usage, "'\(path)' is no folder", hint: "name an OCI layout, or what does not exist")
    }
    throw GraphError(
      .usage, "'\(path)' is there already, and no OCI layout",
      hint: "name a layout, an empty folder, or a path that does not exist")
  }

  private func index() throws -> ImageIndex? {
    let file = "\(path)/index.json"
    if access(file, F_OK) != 0 { return nil }
    do {
      return try ImageIndex(decoding: try OpenFile(reading: file).readAll(atMost: 64 << 20))
    } catch let error as FormatError {
      throw GraphError(
        .user, "'\(file)' cannot be read: \(error)", hint: "remove the layout, or write to another folder")
    }
  }

  private func write(_ bytes: [UInt8], to name: String) throws {
    try NewFile.write(to: "\(path)/\(name)") { sink in try bytes.withUnsafeBytes { try sink($0) } }
  }
}
