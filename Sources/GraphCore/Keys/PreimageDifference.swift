/// What is different between two preimages, fact by fact, with the old and the new value.
public struct PreimageDifference: Hashable, Sendable {
  /// One fact that differs.
  public struct Change: Hashable, Sendable {
    /// `input`, `argument`, `environment`, `rule`, `command`, …
    public let fact: String
    /// The role, argument or variable; empty for facts that an action has once.
    public let name: String
    /// `nil` where it is new.
    public let old: String?
    /// `nil` where it is gone.
    public let new: String?

    public init(fact: String, name: String, old: String?, new: String?) {
      (self.fact, self.name, self.old, self.new) = (fact, name, old, new)
    }
  }

  /// In the order of the new preimage; what is gone comes last.
  public let changes: [Change]

  public init(from old: Preimage, to new: Preimage) {
    let before = Self.facts(old)
    let after = Self.facts(new)
    let oldValues = Dictionary(before.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    let newNames = Set(after.map(\.name))
    var changes: [Change] = []
    for fact in after where oldValues[fact.name] != fact.value {
      changes.append(
        Change(fact: fact.name.fact, name: fact.name.name, old: oldValues[fact.name], new: fact.value))
    }
    for fact in before where !newNames.contains(fact.name) {
      changes.append(Change(fact: fact.name.fact, name: fact.name.name, old: fact.value, new: nil))
    }
    self.changes = changes
  }

  private struct Name: Hashable {
    let fact: String
    let name: String
  }

  private static func facts(_ preimage: Preimage) -> [(name: Name, value: String)] {
    var counts: [Name: Int] = [:]
    return preimage.text.split(separator: "\n").map { line in
      let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      let fact = words[0]
      let rest = Array(words.dropFirst())
      var name: Name
      var value: [String]
      switch fact {
      case "input":
        name = Name(fact: fact, name: Escape.decode(rest.last ?? "") ?? "")
        value = Array(rest.dropLast())
      case "argument", "stage", "collect", "collect-changes", "output":
        name = Name(fact: fact, name: Escape.decode(rest.first ?? "") ?? "")
        value = Array(rest.dropFirst())
      case "environment":
        let pair = (Escape.decode(rest.first ?? "") ?? "").split(separator: "=", maxSplits: 1).map(String.init)
        name = Name(fact: fact, name: pair.first ?? "")
        value = Array(pair.dropFirst())
      default:
        name = Name(fact: fact, name: "")
        value = rest
      }
      counts[name, default: 0] += 1
      if let count = counts[name], count > 1 { name = Name(fact: name.fact, name: "\(name.name) (\(count))") }
      let decoded = fact == "input" ? value : value.map { Escape.decode($0) ?? $0 }
      return (name, decoded.joined(separator: " "))
    }
  }
}
