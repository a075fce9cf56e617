import GraphCore

/// What moved between two snapshots.
public struct SnapshotDifference: Sendable {
  public struct Move: Hashable, Sendable {
    /// `git`, `image`, `fetch`, `repository` or `tool`.
    public let kind: String
    public let subject: String
    /// `nil` where the fact is new.
    public let old: String?
    /// `nil` where it is gone.
    public let new: String?
  }

  public let moves: [Move]

  public init(from old: Snapshot, to new: Snapshot) {
    let before = Self.facts(old)
    let after = Self.facts(new)
    moves = Set(before.keys).union(after.keys)
      .filter { before[$0] != after[$0] }
      .sorted { ($0.kind, $0.subject) < ($1.kind, $1.subject) }
      .map { Move(kind: $0.kind, subject: $0.subject, old: before[$0], new: after[$0]) }
  }

  private struct Fact: Hashable {
    let kind: String
    let subject: String
  }

  private static func facts(_ snapshot: Snapshot) -> [Fact: String] {
    var facts: [Fact: String] = [:]
    for pin in snapshot.git { facts[Fact(kind: "git", subject: "\(pin.url) \(pin.branch)")] = pin.commit }
    for pin in snapshot.images {
      facts[Fact(kind: "image", subject: "\(pin.reference) \(pin.architecture)")] = pin.manifest
    }
    for absent in snapshot.absentImages ?? [] {
      facts[Fact(kind: "image", subject: "\(absent.reference) \(absent.architecture)")] = "not there"
    }
    for pin in snapshot.fetches {
      let files = pin.files.map { "\($0.version.isEmpty ? $0.name : $0.version) \($0.sha256)" }
      facts[Fact(kind: "fetch", subject: "\(pin.label):\(pin.architecture)")] = files.joined(separator: ", ")
    }
    for pin in snapshot.repositories ?? [] {
      facts[Fact(kind: "repository", subject: "\(pin.label):\(pin.architecture)")] =
        "\(pin.revision.isEmpty ? "" : "\(pin.revision) ")\(pin.repomd)"
    }
    for pin in snapshot.tools { facts[Fact(kind: "tool", subject: pin.name)] = pin.sha256 }
    return facts
  }
}
