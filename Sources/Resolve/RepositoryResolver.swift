import Formats
import GraphCore
import Manifests

/// Asks the repositories of others what they hold now: one pin for each repository and architecture.
///
/// Only repomd.xml is brought. It names all the rest by digest, and that is fetched when an action needs it.
struct RepositoryResolver {
  let ports: Resolver.Ports
  /// Those to resolve for.
  let architectures: [Architecture]

  /// What is asked for a repository and an architecture.
  private struct Request: Sendable {
    let repository: RepositoryTarget
    let upstream: UpstreamRepository
    let architecture: Architecture
    /// The declared addresses, with their variables replaced.
    let declared: [String]
    let keys: [[UInt8]]
  }

  func resolve(_ workspace: Workspace, pins: inout Pins, diagnostics: inout Diagnostics) async throws {
    if pins.isListing { return }
    var requests: [Request] = []
    for repository in workspace.repositories {
      guard let upstream = repository.upstream else { continue }
      switch try self.requests(for: repository, upstream, in: workspace, pins) {
      case .success(let found): requests += found
      case .failure(let error): diagnostics.add(Self.diagnostic(error, upstream))
      }
    }
    for (request, answer) in zip(requests, try await answers(to: requests)) {
      switch answer {
      case .success(let pin): pins.add(pin)
      case .failure(let error): diagnostics.add(Self.diagnostic(error, request.upstream))
      }
    }
  }

  private static func diagnostic(_ error: GraphError, _ upstream: UpstreamRepository) -> Diagnostic {
    .error(error.message, at: upstream.location, hint: error.hint, code: error.code)
  }

  /// What is to be asked for a repository; a failure where the declaration is to blame.
  private func requests(
    for repository: RepositoryTarget, _ upstream: UpstreamRepository, in workspace: Workspace, _ pins: Pins
  ) throws -> Result<[Request], GraphError> {
    do {
      let label = repository.label.value
      let keys = try keys(of: upstream, in: workspace)
      var requests: [Request] = []
      for architecture in repository.architectures.map(\.value) where architectures.contains(architecture) {
        let declared = try upstream.addresses(for: architecture)
        for address in declared { try pins.checkRepository(address) }
        let pin = pins.repository(label.description, architecture.name)
        if let pin, pin.declared == declared, pin.isSigned == true || !upstream.checksMetadata { continue }
        try pins.offlineCheck("what '\(label)' holds for \(architecture)")
        requests.append(
          Request(
            repository: repository, upstream: upstream, architecture: architecture, declared: declared,
            keys: keys))
      }
      return .success(requests)
    } catch let error as GraphError where error.kind == .user {
      return .failure(error)
    }
  }

  private func keys(of upstream: UpstreamRepository, in workspace: Workspace) throws -> [[UInt8]] {
    if !upstream.checksMetadata { return [] }
    let tree = LocalSourceTree(
      root: workspace.root, origin: ".", digests: ports.digests, observer: ports.observer)
    return try upstream.keys.compactMap { try tree.read($0.value) }
  }

  private static let requestsMax = 6

  /// Asks a few at once, in the order given.
  private func answers(to requests: [Request]) async throws -> [Result<Snapshot.RepositoryPin, GraphError>] {
    try await withThrowingTaskGroup(of: Answer.self) { group in
      var answers: [Answer] = []
      for (index, request) in requests.enumerated() {
        if index >= Self.requestsMax, let answer = try await group.next() { answers.append(answer) }
        group.addTask {
          do {
            return Answer(index: index, result: .success(try await pin(for: request)))
          } catch let error as GraphError {
            return Answer(index: index, result: .failure(error))
          }
        }
      }
      for try await answer in group { answers.append(answer) }
      return try answers.sorted { $0.index < $1.index }.map { answer in
        // What the environment is to blame for ends the command.
        if case .failure(let error) = answer.result, error.kind != .user { throw error }
        return answer.result
      }
    }
  }

  private struct Answer {
    /// Of the request.
    let index: Int
    let result: Result<Snapshot.RepositoryPin, GraphError>
  }

  private func text(of address: String) async throws -> String {
    guard let curl = ports.programs.find("curl") else {
      throw GraphError(.unavailable, "fetching needs the program 'curl'", hint: "apt-get install curl")
    }
    return try await ports.programs.output(
      of: curl, arguments: Download.arguments + ["--max-filesize", "67108864", "--url", address],
      environment: [:])
  }

  /// Where the repository may be, and the checksum that its repomd.xml has to have.
  private func mirrors(of request: Request) async throws -> (addresses: [String], sha256: String?) {
    let first = request.declared.first ?? ""
    switch request.upstream.address {
    case .base: return (request.declared, nil)
    case .mirrorList:
      let lines = try await text(of: first).split(whereSeparator: \.isNewline).map(String.init)
      return (try lines.filter(Self.isAddress).map { try expanded($0, request) }, nil)
    case .metalink:
      guard let metalink = Metalink(try await text(of: first), file: "repomd.xml") else {
        throw GraphError(
          .environment, "\(GitURL.shown(first)) is no Metalink document of a repomd.xml",
          hint: "open it in a browser: a mirror manager says there what is wrong with the address")
      }
      let end = "repodata/repomd.xml"
      let found = metalink.addresses.filter { Self.isAddress($0) && $0.hasSuffix(end) }
      return (found.map { String($0.dropLast(end.count)) }, metalink.sha256)
    }
  }

  private static func isAddress(_ text: String) -> Bool {
    ["http://", "https://", "file:///"].contains { text.hasPrefix($0) }
      && !text.contains(where: \.isWhitespace)
  }

  private func expanded(_ text: String, _ request: Request) throws -> String {
    do throws(UpstreamRepository.UnknownVariable) {
      return try request.upstream.expanded(text, for: request.architecture)
    } catch {
      throw GraphError(.user, "a mirror's address holds '$\(error.name)', and nothing says what that is")
    }
  }

  /// The first mirror that has a good repomd.xml decides.
  private func pin(for request: Request) async throws -> Snapshot.RepositoryPin {
    let (addresses, sha256) = try await mirrors(of: request)
    var reasons: [String] = []
    var refusal: GraphError?
    for address in addresses {
      guard let place = Download.address(of: "repodata/repomd.xml", below: address) else { continue }
      do {
        let bytes = Array(try await text(of: place).utf8)
        let digest = Digest(of: bytes)
        if let sha256, digest.hex != sha256 {
          reasons.append("\(GitURL.shown(place)): another state than the Metalink document names")
          continue
        }
        let repodata = try Repodata(repomd: bytes)
        if request.upstream.checksMetadata {
          let signature = Array(try await text(of: place + ".asc").utf8)
          try await ports.signatures.check(signature, of: bytes, keys: request.keys)
        }
        return Snapshot.RepositoryPin(
          label: request.repository.label.value.description, architecture: request.architecture.name,
          declared: request.declared, repomd: digest.hex, revision: repodata.revision,
          isSigned: request.upstream.checksMetadata ? true : nil,
          urls: [address] + addresses.filter { $0 != address }, files: try Self.files(of: repodata))
      } catch let error as GraphError {
        reasons.append("\(GitURL.shown(place)): \(error.message)")
        if error.kind == .unavailable { throw error }
        if error.kind == .user { refusal = error }
      }
    }
    let what =
      "no mirror of '\(request.repository.label.value)' has a good repomd.xml for \(request.architecture)"
    throw GraphError(
      refusal == nil ? .environment : .user,
      reasons.isEmpty
        ? what + ": there is no mirror" : "\(what): \(reasons.prefix(4).joined(separator: "; "))",
      hint: refusal?.hint ?? "look at the addresses; if they are right, try again")
  }

  /// Metadata that solving or updating reads.
  private static func isRead(_ type: String) -> Bool {
    ["primary", "filelists", "modules", "updateinfo", "group"].contains(type) || type.hasPrefix("group_")
  }

  private static func files(of repodata: Repodata) throws -> [Snapshot.RepositoryPin.File] {
    try repodata.files.filter { isRead($0.key) }.sorted { $0.key < $1.key }.map { type, file in
      guard let digest = file.digest, digest.size <= Self.fileBytesMax else {
        throw GraphError(
          .user, "repomd.xml gives '\(file.location)' no SHA-256 and size that can be used",
          hint: "repositories of before 2009 have other checksums, and are not supported")
      }
      guard file.location.hasPrefix("repodata/"), Download.address(of: file.location, below: "") != nil,
        file.location.split(separator: "/").count == 2
      else {
        throw GraphError(.user, "repomd.xml names '\(file.location)', which is no file of its folder")
      }
      return .init(
        type: type, location: file.location, sha256: digest.hex, size: digest.size, openSize: file.openSize)
    }
  }

  private static let fileBytesMax: Int64 = 4 << 30
}

extension UpstreamRepository {
  /// Where it is declared.
  var location: SourceLocation? { texts.first?.location }

  /// The declared addresses for an architecture.
  func addresses(for architecture: Architecture) throws(GraphError) -> [String] {
    var addresses: [String] = []
    for text in texts {
      do throws(UnknownVariable) {
        addresses.append(try expanded(text.value, for: architecture))
      } catch {
        throw GraphError(.user, "nothing says what '$\(error.name)' is")
      }
    }
    return addresses
  }
}
