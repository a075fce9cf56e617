import Formats
import GraphCore

/// Asks registries through skopeo, which knows how people keep credentials, certificates and proxies.
public struct SkopeoRegistries: ImageRegistries {
  private let programs: any HostPrograms

  public init(programs: any HostPrograms) { self.programs = programs }

  public func resolve(
    _ reference: String, architecture: Architecture, insecure: Bool
  ) async throws -> RemoteImage {
    guard let skopeo = programs.find("skopeo") else {
      throw GraphError(
        .unavailable, "asking a registry needs the program 'skopeo'", hint: "apt-get install skopeo")
    }
    func inspect(_ name: String, _ options: [String]) async throws -> [UInt8] {
      let tls = insecure ? ["--tls-verify=false"] : []
      do {
        return Array(
          try await programs.output(
            of: skopeo, arguments: ["inspect"] + options + tls + ["docker://\(name)"], environment: [:]
          ).utf8)
      } catch let error as GraphError {
        throw Self.classified(error, name)
      }
    }
    let repository = Self.repository(of: reference)
    var manifestBytes = try await inspect(reference, ["--raw"])
    var digest = Digest(of: manifestBytes)
    if let index = try? ImageIndex(decoding: manifestBytes), !index.manifests.isEmpty {
      guard let match = index.manifests.first(where: { $0.platform?.matches(architecture) == true }) else {
        throw NoSuchPlatform(reference: reference, architecture: architecture)
      }
      digest = match.digest
      manifestBytes = try await inspect("\(repository)@sha256:\(digest.hex)", ["--raw"])
    }
    let manifest = try ImageManifest(decoding: manifestBytes)
    let configuration = try await inspect("\(repository)@sha256:\(digest.hex)", ["--raw", "--config"])
    return RemoteImage(
      manifest: digest.hex, layerCount: manifest.layers.count,
      configuration: String(decoding: configuration, as: UTF8.self))
  }

  /// skopeo exits with 1 whatever went wrong: an image that is not there is the manifest's fault, a registry that does
  /// not answer is not.
  private static func classified(_ error: GraphError, _ name: String) -> GraphError {
    let isAbsent = ["manifest unknown", "name unknown", "not found"].contains { error.message.contains($0) }
    return isAbsent
      ? GraphError(.user, "the registry has no image '\(name)'", hint: "correct the name or the tag")
      : GraphError(
        .environment, "the registry of '\(name)' cannot be asked: \(error.message)", hint: "try again")
  }

  /// The reference without tag and digest.
  private static func repository(of reference: String) -> String {
    let plain = reference.split(separator: "@", maxSplits: 1).first.map(String.init) ?? reference
    guard let colon = plain.lastIndex(of: ":"), !plain[colon...].contains("/") else { return plain }
    return String(plain[..<colon])
  }
}
