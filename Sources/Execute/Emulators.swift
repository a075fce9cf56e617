import GraphCore
import Subprocess
import SystemPackage

/// The user-mode emulators of the host, found when they are first needed.
public actor Emulators {
  /// An emulator that the sandbox registers for itself.
  public struct Emulator: Sendable, Hashable {
    public let path: String
    /// As results record it: `qemu-aarch64 7.2.22`.
    public let version: String
    /// What `graph-sandbox --emulator` takes.
    let option: String
  }

  private let directories: [String]
  private var found: [Architecture: Emulator] = [:]
  private var native: [Architecture: Bool] = [:]

  /// - Parameter directories: where `qemu-*-static` is looked for, best first.
  public init(directories: [String] = ["/usr/local/bin", "/usr/bin"]) {
    self.directories = directories
  }

  /// The emulator that programs of `architecture` need here; `nil` where they run natively.
  ///
  /// - Throws: `GraphError(.unavailable)` where the host has none.
  public func emulator(for architecture: Architecture) async throws -> Emulator? {
    if await runsNatively(architecture) { return nil }
    if let emulator = found[architecture] { return emulator }
    let names = architecture.names
    let program = "qemu-\(names.qemu)-static"
    guard let path = directories.map({ "\($0)/\(program)" }).first(where: FileSystem.isExecutable) else {
      throw GraphError(
        .unavailable, "programs for \(architecture) cannot run here: there is no '\(program)'",
        hint: "install the package qemu-user-static")
    }
    let option = "\(names.qemu):\(Hex.encode(names.elfMagic)):\(Hex.encode(names.elfMask)):\(path)"
    let emulator = Emulator(path: path, version: try await Self.version(of: path), option: option)
    found[architecture] = emulator
    return emulator
  }

  /// Whether this machine runs programs of an architecture itself.
  public func runsNatively(_ architecture: Architecture) async -> Bool {
    if let known = native[architecture] { return known }
    let isNative = await NativeTry.succeeds(for: architecture)
    native[architecture] = isNative
    return isNative
  }

  /// `qemu-aarch64 version 7.2.22 (Debian 1:7.2+…)` as `qemu-aarch64 7.2.22`.
  private static func version(of path: String) async throws -> String {
    let output = try await Subprocess.run(
      .path(FilePath(path)), arguments: ["--version"], output: .string(limit: 4096), error: .discarded)
    let words = output.standardOutput.split(whereSeparator: \.isWhitespace)
    guard words.count >= 3, words[1] == "version" else {
      throw GraphError(.environment, "'\(path) --version' says nothing that can be understood")
    }
    return "\(words[0]) \(words[2])"
  }
}
