/// Digests of files as they are now, remembered by what `stat` says of them.
public protocol FileDigests: Sendable {
  func digest(ofFileAt path: String) throws -> Digest
}

/// Is told of every place of the file system that decides what a workspace means, before it is looked at: a file for its
/// content, a folder for the names in it, also where there is nothing yet.
public protocol FileObserver: Sendable {
  func willLook(at path: String)
  /// Only what is there is asked for, and the digest of its content where that is a file.
  func willIdentify(_ path: String)
}

/// Git repositories by URL, mirrored where the implementation keeps them.
public protocol GitRepositories: Sendable {
  /// Brings the mirror of `url` up to date.
  func fetch(_ url: String) throws
  /// The commit that `branch` is at in the mirror.
  func resolve(_ url: String, branch: String) throws -> GitCommit
  func has(_ url: String, commit: String) -> Bool
  /// The files below `folder` of a commit, by path bytes, relative to `folder`.
  func files(_ url: String, commit: String, folder: String) throws -> [GitFile]
  func blob(_ url: String, object: String) throws -> [UInt8]
  func mirror(_ url: String) -> String
}

/// A commit, named by hexadecimal object ids.
public struct GitCommit: Hashable, Sendable {
  public let commit: String
  public let tree: String
  /// Seconds since 1970.
  public let time: Int64
  public init(commit: String, tree: String, time: Int64) {
    (self.commit, self.tree, self.time) = (commit, tree, time)
  }
}

/// One entry of a commit's tree.
public struct GitFile: Hashable, Sendable {
  public enum Kind: Hashable, Sendable { case file, executable, symlink, submodule }
  public let path: String
  public let kind: Kind
  public let object: String
  /// Bytes of the blob; 0 for a submodule.
  public let size: Int64
  public init(path: String, kind: Kind, object: String, size: Int64 = 0) {
    (self.path, self.kind, self.object, self.size) = (path, kind, object, size)
  }
}

/// Images of registries outside the workspace.
public protocol ImageRegistries: Sendable {
  /// The manifest that `reference` means for `architecture` now.
  ///
  /// - Throws: `NoSuchPlatform` where the image is there for others only; `GraphError`.
  func resolve(_ reference: String, architecture: Architecture, insecure: Bool) async throws -> RemoteImage

  /// Copies an image into a new folder: its manifest as `manifest.json`, every other blob under its hexadecimal digest.
  ///
  /// - Parameter manifest: SHA-256 of the image manifest, 64 hexadecimal digits; whatever tag or digest `reference` has
  ///   beside it plays no part.
  func pull(_ reference: String, manifest: String, insecure: Bool, into folder: String) async throws
}

/// A registry has an image, and not for the architecture that was asked for.
public struct NoSuchPlatform: Error, Hashable {
  public let reference: String
  public let architecture: Architecture
  public init(reference: String, architecture: Architecture) {
    (self.reference, self.architecture) = (reference, architecture)
  }
}

/// What a registry says of an image for one architecture.
public struct RemoteImage: Hashable, Sendable {
  /// SHA-256 of the image manifest of the architecture, 64 hexadecimal digits.
  public let manifest: String
  public let layerCount: Int
  /// The image configuration, as the registry has it.
  public let configuration: String
  /// Of its layers, in bytes; `nil` where the registry does not say.
  public let size: Int64?
  public init(manifest: String, layerCount: Int, configuration: String, size: Int64? = nil) {
    (self.manifest, self.layerCount, self.configuration) = (manifest, layerCount, configuration)
    self.size = size
  }
}

/// Programs run on the host while a snapshot is made, with the network.
public protocol HostPrograms: Sendable {
  /// What the program prints.
  ///
  /// - Throws: `GraphError` with what it wrote to standard error: `.user` where it exits with 1, which programs say
  ///   of a wrong request, `.environment` for any other end and where it cannot be started.
  func output(of program: String, arguments: [String], environment: [String: String]) async throws -> String
  /// The absolute path of a program in the fixed PATH of the sandbox, or `nil`.
  func find(_ program: String) -> String?
}

/// Detached OpenPGP signatures.
public protocol SignatureChecker: Sendable {
  /// Returns where one of `keys` has made `signature` of `content`, and the key is still good.
  ///
  /// - Parameter keys: public keys, ASCII-armoured or not; each may hold several.
  /// - Throws: `GraphError(.user)` where none of them has; `GraphError(.unavailable)` where nothing here can tell.
  func check(_ signature: [UInt8], of content: [UInt8], keys: [[UInt8]]) async throws
}
