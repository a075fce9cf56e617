import GraphCore
import Manifests

/// Asks rpm itself what a spec says: `rpmspec` of the host, with the target's macros, for one architecture.
///
/// What a spec runs while it is read (`%(…)`) runs on the host, as resolvers do.
struct SpecReader: Sendable {
  let programs: any HostPrograms

  /// What is asked about one spec.
  struct Request: Sendable {
    let rpm: RpmTarget
    let spec: SpecFile
    /// Where the spec is on disk; `nil` where it is of a commit.
    let path: String?
    let architecture: Architecture
  }

  private static let requestsMax = 4

  /// A few at once, in the order given. What is wrong with a spec is a failure.
  func facts(_ requests: [Request]) async throws -> [Result<SpecFacts, GraphError>] {
    if requests.isEmpty { return [] }
    guard programs.find("rpmspec") != nil, let shell = programs.find("sh") else {
      throw GraphError(
        .unavailable, "'rpms' need the program 'rpmspec' on the host", hint: "apt-get install rpm")
    }
    return try await withThrowingTaskGroup(of: (Int, Result<SpecFacts, GraphError>).self) { group in
      var answers = [Result<SpecFacts, GraphError>?](repeating: nil, count: requests.count)
      for (index, request) in requests.enumerated() {
        if index >= Self.requestsMax, let (done, answer) = try await group.next() { answers[done] = answer }
        group.addTask {
          do {
            return (index, .success(try await facts(request, shell)))
          } catch let error as GraphError where error.kind == .user {
            return (index, .failure(error))
          }
        }
      }
      for try await (done, answer) in group { answers[done] = answer }
      return answers.compactMap { $0 }
    }
  }

  /// An argument of a program may be 128 KiB long at most. Source: execve(2).
  private static let pieceBytes = 100_000

  private func facts(_ request: Request, _ shell: String) async throws -> SpecFacts {
    let bytes = request.spec.bytes
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw GraphError(.user, "error: the file is no UTF-8 text")
    }
    var options = ["--target", "\(request.architecture.names.rpm)-linux"]
    for (name, value) in request.rpm.macros.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      options += ["--define", "\(name) \(value)"]
    }
    var pieces: [String] = []
    var place = request.path ?? ""
    if let path = request.path {
      // What a spec includes is looked for beside it.
      options += [
        "--define", "_sourcedir \(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })",
      ]
    } else {
      place = request.rpm.spec.value.split(separator: "/").last.map(String.init) ?? "package.spec"
      var rest = text[...]
      while !rest.isEmpty {
        // A character of text is four bytes at most.
        pieces.append(String(rest.prefix(Self.pieceBytes / 4)))
        rest = rest.dropFirst(Self.pieceBytes / 4)
      }
    }
    let printed = try await programs.output(
      of: shell,
      arguments: [
        "-ec", Self.script, "sh", SpecFacts.sourceFormat, SpecFacts.packageFormat, place, "\(pieces.count)",
      ]
        + pieces + options,
      // No macros of whoever builds.
      environment: ["HOME": "/nonexistent"])
    return SpecFacts(printed: printed)
  }

  private static let script = """
    sources=$1 packages=$2 spec=$3 count=$4
    shift 4
    if [ "$count" -gt 0 ]; then
      folder=$(mktemp -d 2>/dev/null || mktemp -d -p /tmp)
      trap 'rm -rf "$folder"' EXIT
      spec=$folder/$spec
      while [ "$count" -gt 0 ]; do
        printf %s "$1" >>"$spec"
        shift
        count=$((count - 1))
      done
    fi
    rpmspec --query --srpm --queryformat "$sources" "$@" "$spec"
    rpmspec --query --builtrpms --queryformat "$packages" "$@" "$spec"
    """
}
