import GraphCore
import Resolve

/// Brings a file whose digest the snapshot pins: the only operation besides `pull` that may use the network.
///
/// Argument `digest`, or `sha256` where the size is not known. Where the file is said to be is a hint and no part of the key,
/// so a mirror can move: one address, or several with a space between, tried in their order.
public struct FetchOperation: Operation {
  static let rule = Action.Rule("fetch", version: 1)
  public var rule: Action.Rule { Self.rule }

  private let programs: any HostPrograms
  private let scratch: String
  private let isOffline: Bool

  /// - Parameter scratch: a folder for files that are being downloaded.
  public init(programs: any HostPrograms, scratch: String, isOffline: Bool) {
    self.programs = programs
    self.scratch = scratch
    self.isOffline = isOffline
  }

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    // A checksum in a Dockerfile says nothing of the size, without which content has no digest here.
    let digest = task.action.value("digest").flatMap { Digest($0) }
    let urls = task.action.hints["url"]?.split(separator: " ").map(String.init) ?? []
    guard let hex = digest?.hex ?? task.action.value("sha256"), let last = urls.last else {
      throw GraphError(.bug, "a fetch without digest or URL")
    }
    if let digest, try store.contains(digest) { return ["file": Artifact(.blob, digest)] }
    if isOffline {
      throw GraphError(
        .unavailable, "\(GitURL.shown(last)) has to be fetched, and --offline forbids it",
        hint: "run without --offline")
    }
    for url in urls.dropLast() {
      do {
        return ["file": Artifact(.blob, try await fetch(url, digest, hex, store))]
      } catch let error as GraphError where [.user, .environment].contains(error.kind) {}
    }
    return ["file": Artifact(.blob, try await fetch(last, digest, hex, store))]
  }

  private func fetch(
    _ url: String, _ digest: Digest?, _ hex: String, _ store: any BlobStore
  ) async throws -> Digest {
    guard let curl = programs.find("curl") else {
      throw GraphError(.unavailable, "fetching needs the program 'curl'", hint: "apt-get install curl")
    }
    let file = "\(scratch)/fetch-\(hex)"
    defer { removeFile(file) }
    _ = try await programs.output(
      of: curl, arguments: Download.arguments + ["--output", file, "--url", url], environment: [:])
    do {
      let found = try store.importFile(at: file, expected: digest)
      if found.hex == hex { return found }
    } catch is ChangedSource {}
    throw GraphError(
      .environment,
      "\(GitURL.shown(url)) holds other bytes than \(digest == nil ? "the checksum says" : "the snapshot pins") (sha256 \(hex))",
      hint: "a mirror may be out of date or the file replaced: try again, or "
        + (digest == nil ? "correct the checksum" : "'graph snapshot refresh'"))
  }
}
