import GraphCore
import Glibc

/// The program skopeo, which knows how people keep credentials, certificates and proxies of registries.
///
/// It gets the caller's whole environment, because that is where much of this is said (`REGISTRY_AUTH_FILE`,
/// `DOCKER_CONFIG`, `XDG_RUNTIME_DIR`, `https_proxy`, what credential helpers read). No password is ever an argument.
public struct Skopeo: Sendable {
  private let programs: any HostPrograms
  private let environment: [String: String]
  private let scratch: String

  /// - Parameters:
  ///   - environment: the caller's.
  ///   - authFile: the file of credentials, in place of where podman and docker keep them. Absolute.
  ///   - scratch: a folder for files while they are needed.
  public init(
    programs: any HostPrograms, environment: [String: String], authFile: String? = nil, scratch: String
  ) {
    self.programs = programs
    self.environment = HostEnvironment.passing(
      environment, adding: authFile.map { ["REGISTRY_AUTH_FILE": $0] } ?? [:])
    self.scratch = scratch
  }

  /// A place that an image is read from or written to.
  enum Place {
    case folder(String)
    /// `registry/path:tag` or `registry/path@digest`.
    case registry(String, RegistryAccess)

    var text: String {
      switch self {
      case .folder(let path): "dir:\(path)"
      case .registry(let reference, _): "docker://\(reference)"
      }
    }
  }

  /// The bytes of a manifest, as the registry has it.
  func manifest(_ reference: String, _ access: RegistryAccess) async throws -> [UInt8] {
    Array(try await inspect(reference, access, ["--raw"]).utf8)
  }

  /// The bytes of an image's configuration.
  func configuration(_ reference: String, _ access: RegistryAccess) async throws -> [UInt8] {
    Array(try await inspect(reference, access, ["--raw", "--config"]).utf8)
  }

  private func inspect(
    _ reference: String, _ access: RegistryAccess, _ options: [String]
  ) async throws -> String {
    try await run(
      ["inspect"] + options + flags(access, side: "") + [Place.registry(reference, access).text],
      about: reference)
  }

  /// Copies an image with all it consists of, unchanged: blobs, then manifests, then what the destination's name is.
  ///
  /// - Parameter isOwn: whether it was made here, so that the machine's policy for foreign images does not matter.
  func copy(from source: Place, to destination: Place, isOwn: Bool) async throws {
    var arguments = isOwn ? ["--insecure-policy"] : []
    arguments += ["copy", "--quiet", "--preserve-digests"]
    var registry = ""
    if case .registry(let reference, let access) = source {
      registry = reference
      arguments += try flags(access, side: "src-")
    }
    if case .registry(let reference, let access) = destination {
      registry = reference
      // All that is in the folder; what comes from a registry is named by the digest of one image.
      arguments += ["--all"] + (try flags(access, side: "dest-"))
    }
    _ = try await run(arguments + [source.text, destination.text], about: registry)
  }

  private func run(_ arguments: [String], about reference: String) async throws -> String {
    guard let skopeo = programs.find("skopeo") else {
      throw GraphError(
        .unavailable, "speaking to a registry needs the program 'skopeo'", hint: "apt-get install skopeo")
    }
    do {
      return try await programs.output(of: skopeo, arguments: arguments, environment: environment)
    } catch let error as GraphError {
      // What ends a program on Ctrl-C is no fault of the registry.
      try Task.checkCancellation()
      throw RegistryFault.error(error.message, about: reference)
    }
  }

  /// - Parameter side: what skopeo puts before the names of these options: nothing, `src-` or `dest-`.
  private func flags(_ access: RegistryAccess, side: String) throws -> [String] {
    var flags = access.isInsecure ? ["--\(side)tls-verify=false"] : []
    if let folder = access.certificates {
      flags += ["--\(side)cert-dir", folder]
    } else if let file = access.authorities {
      flags += ["--\(side)cert-dir", try certificateFolder(of: file)]
    }
    return flags
  }

  /// A folder that holds `file` alone, which is how authorities are named.
  private func certificateFolder(of file: String) throws -> String {
    let folder = "\(scratch)/certificates-\(Digest(ofText: file).hex.prefix(16))"
    for status in [mkdir(folder, 0o755), symlink(file, "\(folder)/ca.crt")]
    where status != 0 && errno != EEXIST {
      throw GraphError(
        .environment, "cannot write '\(folder)': \(strerror(errno).map { String(cString: $0) } ?? "")")
    }
    return folder
  }
}

/// What programs that speak to registries or engines get of the caller's environment.
enum HostEnvironment {
  /// Everything but what would change how they write and where they put temporary files.
  static func passing(_ all: [String: String], adding more: [String: String] = [:]) -> [String: String] {
    all.filter { !["LC_ALL", "LANG", "LANGUAGE", "TZ", "TMPDIR"].contains($0.key) }.merging(more) { $1 }
  }
}
