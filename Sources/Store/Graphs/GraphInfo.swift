import GraphCore

/// What is known of a kept graph beside its columns. As text, a line for each fact.
public struct GraphInfo: Equatable, Sendable {
  /// The snapshot that it was compiled from.
  public var snapshot: String
  /// What was said about the manifests, for whoever uses the graph again; empty for nothing.
  public var note: String
  /// The workspace's architectures, in its order.
  public var architectures: [String]
  /// What graph.yml says of registries, by name, in the words of whoever keeps it.
  public var registries: [String: String]
  /// How many nodes a build of everything brings up to date.
  public internal(set) var rootCount = 0
  /// Whether all of them are settled.
  public internal(set) var isComplete = false
  /// The store's count of losses before anything was looked up: as long as it stands, marks hold.
  var losses: Int64 = 0
  /// The name of the file with the structure.
  var structure = ""

  public init(snapshot: String, note: String, architectures: [String], registries: [String: String]) {
    self.snapshot = snapshot
    self.note = note
    self.architectures = architectures
    self.registries = registries
  }

  private static let header = "graph-state 1"

  var encoded: [UInt8] {
    var lines = [
      Self.header, Self.line("snapshot", snapshot), Self.line("note", note), "losses \(losses)",
      "roots \(rootCount)", "complete \(isComplete)", Self.line("structure", structure),
    ]
    lines += architectures.map { Self.line("architecture", $0) }
    lines += registries.sorted { $0.key.precedesInBytes($1.key) }.map {
      Self.line("registry", $0.key, $0.value)
    }
    return Array(lines.joined(separator: "\n").utf8)
  }

  private static func line(_ words: String...) -> String {
    ([words[0]] + words.dropFirst().map(Escape.encode)).joined(separator: " ")
  }

  /// - Returns: `nil` for what `encoded` did not write.
  init?(encoded bytes: UnsafeRawBufferPointer) {
    var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")[...]
    guard lines.popFirst() == Self.header[...] else { return nil }
    self.init(snapshot: "", note: "", architectures: [], registries: [:])
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      let values = words.dropFirst().compactMap(Escape.decode)
      guard let fact = words.first, values.count == words.count - 1, let value = values.first else {
        return nil
      }
      switch fact {
      case "snapshot": snapshot = value
      case "note": note = value
      case "losses": losses = Int64(value) ?? -1
      case "roots": rootCount = Int(value) ?? 0
      case "complete": isComplete = value == "true"
      case "structure": structure = value
      case "architecture": architectures.append(value)
      case "registry" where values.count == 2: registries[value] = values[1]
      default: return nil
      }
    }
  }
}
