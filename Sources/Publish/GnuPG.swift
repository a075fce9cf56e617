import Formats
import GraphCore

/// Signatures by GnuPG: gpgv, with a keyring of its own for each question, so that no keyring of a user plays a part.
public struct GnuPG: SignatureChecker {
  private let programs: any HostPrograms
  private let scratch: String

  /// - Parameter scratch: a folder for files while a question is answered.
  public init(programs: any HostPrograms, scratch: String) {
    (self.programs, self.scratch) = (programs, scratch)
  }

  public func check(_ signature: [UInt8], of content: [UInt8], keys: [[UInt8]]) async throws {
    guard let gpg = programs.find("gpg"), let gpgv = programs.find("gpgv") else {
      throw GraphError(
        .unavailable, "a signature cannot be checked without 'gpg' and 'gpgv'",
        hint: "apt-get install gnupg gpgv")
    }
    let folder = try Folders.makeTemporary(in: scratch)
    defer { try? Folders.remove(folder) }
    func write(_ bytes: [UInt8], _ name: String) throws -> String {
      let path = "\(folder)/\(name)"
      let file = try OpenFile(creating: path, mode: 0o600)
      try bytes.withUnsafeBytes { try file.write($0) }
      return path
    }
    var arguments: [String] = []
    for (index, key) in keys.enumerated() {
      let armoured = try write(key, "key-\(index)")
      var ring = armoured + ".gpg"
      do {
        _ = try await programs.output(
          of: gpg,
          arguments: ["--homedir", folder, "--batch", "--yes", "--output", ring, "--dearmor", armoured],
          environment: [:])
      } catch let error as GraphError where error.message.contains("no valid OpenPGP data") {
        // It is not armoured.
        ring = armoured
      }
      arguments += ["--keyring", ring]
    }
    let files = try [write(signature, "signature"), write(content, "content")]
    do {
      _ = try await programs.output(
        of: gpgv, arguments: ["--homedir", folder] + arguments + files, environment: [:])
    } catch let error as GraphError where [.user, .environment].contains(error.kind) {
      throw GraphError(
        .user, "its signature is not by a declared key, or not good: \(Self.reason(error.message))",
        hint: "compare 'gpgkey' with the key that its publisher names")
    }
  }

  /// The last thing that gpgv says, which is the verdict.
  private static func reason(_ message: String) -> String {
    let lines = message.split(separator: "\n").map { $0.drop { $0 == " " } }
    let verdict = lines.last { $0.hasPrefix("gpgv:") } ?? lines.last ?? ""
    return String(verdict.replacing("gpgv: ", with: ""))
  }
}
