import Glibc
import GraphCore
import Resolve

/// Brings an RPM from one of several mirrors: where one fails, the next goes on from where it stopped.
struct PackageDownload: Sendable {
  private let programs: any HostPrograms
  private let scratch: String
  private let running = SharedWork<Digest>()

  init(programs: any HostPrograms, scratch: String) {
    (self.programs, self.scratch) = (programs, scratch)
  }

  /// Each mirror has so many tries.
  private static let rounds = 2

  /// - Parameter mirrors: addresses of its repository, best first.
  /// - Throws: `GraphError(.environment)` with what each mirror said, where none has it.
  func bring(_ package: LockedPackage, from mirrors: [String], into store: any BlobStore) async throws {
    // Several locks may want it at once.
    try await running.share(package.digest) {
      if try store.contains(package.digest) { return }
      try await fetch(package, from: mirrors, into: store)
    }
  }

  private func fetch(_ package: LockedPackage, from mirrors: [String], into store: any BlobStore) async throws
  {
    guard let curl = programs.find("curl") else {
      throw GraphError(.unavailable, "fetching needs the program 'curl'", hint: "apt-get install curl")
    }
    let file = "\(scratch)/package-\(package.digest.hex)"
    defer { removeFile(file) }
    var reasons: [String] = []
    for round in 0..<Self.rounds {
      for mirror in mirrors {
        guard let url = Download.address(of: package.location, below: mirror) else {
          throw ActionFailed(
            .deterministic,
            "the repository says that \(package.nevra) is at '\(package.location)', which leads out of it")
        }
        // What a mirror has sent before it failed is not asked for again.
        let rest = access(file, F_OK) == 0 ? ["--continue-at", "-"] : []
        do {
          _ = try await programs.output(
            of: curl,
            arguments: Download.arguments + rest + [
              "--max-filesize", "\(package.digest.size)", "--output", file, "--url", url,
            ], environment: [:])
          if try store.importFile(at: file, expected: package.digest) == package.digest { return }
        } catch is ChangedSource {
          removeFile(file)
          reasons.append("\(GitURL.shown(url)) holds other bytes")
        } catch let error as GraphError where [.user, .environment].contains(error.kind) {
          try Task.checkCancellation()
          // Not every server can go on in the middle.
          if !rest.isEmpty { removeFile(file) }
          if round == 0 { reasons.append(error.message) }
        }
      }
    }
    throw GraphError(
      .environment,
      "no mirror has \(package.nevra) as it is pinned: "
        + (reasons.isEmpty ? "there is none" : reasons.prefix(4).joined(separator: "; ")),
      hint: "mirrors drop old packages: 'graph snapshot refresh' pins what they have now")
  }
}

/// Work that is done once for all who want it at the same time.
actor SharedWork<Name: Hashable & Sendable> {
  private var tasks: [Name: Task<Void, any Error>] = [:]

  /// Waits for the work of that name, which is begun where nobody does it.
  func share(_ name: Name, _ work: @escaping @Sendable () async throws -> Void) async throws {
    let task = tasks[name] ?? Task { try await work() }
    tasks[name] = task
    defer { tasks[name] = nil }
    // Who is cancelled is so with the whole run.
    try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
