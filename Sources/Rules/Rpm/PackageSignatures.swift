import Formats
import GraphCore
import Resolve

/// The signatures in RPM files, checked by rpm with a keyring of its own.
struct PackageSignatures: Sendable {
  let programs: any HostPrograms
  let scratch: String

  /// - Throws: `ActionFailed` with what rpm says of each package that has no good signature by one of the keys.
  func check(_ packages: [LockedPackage], keys: [[UInt8]], in store: any BlobStore) async throws {
    if packages.isEmpty { return }
    guard let rpmkeys = programs.find("rpmkeys") else {
      throw GraphError(
        .unavailable, "signatures cannot be checked without 'rpmkeys'", hint: "apt-get install rpm")
    }
    let folder = try Folders.makeTemporary(in: scratch)
    defer { try? Folders.remove(folder) }
    let database = ["--dbpath", "\(folder)/database"]
    for (index, key) in keys.enumerated() {
      let path = "\(folder)/key-\(index)"
      let file = try OpenFile(creating: path, mode: 0o600)
      try key.withUnsafeBytes { try file.write($0) }
      do {
        _ = try await programs.output(
          of: rpmkeys, arguments: database + ["--import", path], environment: [:])
      } catch let error as GraphError where error.kind == .user || error.kind == .environment {
        throw ActionFailed(
          .deterministic, "rpm cannot read key \(index + 1) of 'gpgkey'",
          log: Array("\(error.message)\n".utf8))
      }
    }
    for package in packages {
      let path = "\(folder)/\(package.nevra).rpm"
      try store.exportFile(package.digest, to: path, mode: 0o600)
      defer { removeFile(path) }
      do {
        _ = try await programs.output(
          of: rpmkeys,
          arguments: database + ["--define", "_pkgverify_level signature", "--checksig", "--verbose", path],
          environment: [:])
      } catch let error as GraphError where error.kind == .user || error.kind == .environment {
        throw ActionFailed(
          .deterministic, "\(package.nevra) is not signed with a declared key",
          log: Array("\(error.message)\n".utf8))
      }
    }
  }
}
