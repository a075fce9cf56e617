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
    for (name, value) in after {
      guard let known = oldValues[name] else {
        changes.append(Change(fact: name.fact, name: name.name, old: nil, new: Self.decoded(value)))
        continue
      }
      // Bytes decide, as they do for the key. Where two values read alike once decoded (`a b` and `a`, `b`), their
      // encoded words show the difference.
      if known.utf8.elementsEqual(value.utf8) { continue }
      let (oldText, newText) = (Self.decoded(known), Self.decoded(value))
      changes.append(
        oldText == newText
          ? Change(fact: name.fact, name: name.name, old: known, new: value)
          : Change(fact: name.fact, name: name.name, old: oldText, new: newText))
    }
    for (name, value) in before where !newNames.contains(name) {
      changes.append(Change(fact: name.fact, name: name.name, old: Self.decoded(value), new: nil))
    }
    self.changes = changes
  }

  /// Encoded words as a person reads them.
  private static func decoded(_ words: String) -> String {
    words.split(separator: " ", omittingEmptySubsequences: false)
      .map { Escape.decode(String($0)) ?? String($0) }.joined(separator: " ")
  }

  private struct Name: Hashable {
    let fact: String
    let name: String
  }

  /// The facts of a preimage with their values as encoded words, in its order.
  private static func facts(_ preimage: Preimage) -> [(name: Name, value: String)] {
    var counts: [Name: Int] = [:]
    // By bytes: a value that begins with a combining character would swallow the space before it.
    return preimage.text.utf8.split(separator: 0x0a).map { line in
      let words = line.split(separator: 0x20, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      let fact = words[0]
      let rest = Array(words.dropFirst())
      var name: Name
      var value: [String]
      switch fact {
      case "input":
        name = Name(fact: fact, name: Escape.decode(rest.last ?? "") ?? "")
        value = Array(rest.dropLast())
      case "argument", "stage", "mount", "collect", "collect-changes", "output":
        name = Name(fact: fact, name: Escape.decode(rest.first ?? "") ?? "")
        value = Array(rest.dropFirst())
      case "environment":
        let pair = (Escape.decode(rest.first ?? "") ?? "").split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false
        ).map(String.init)
        name = Name(fact: fact, name: pair.first ?? "")
        value = pair.dropFirst().map(Escape.encode)
      default:
        name = Name(fact: fact, name: "")
        value = rest
      }
      counts[name, default: 0] += 1
      if let count = counts[name], count > 1 { name = Name(fact: name.fact, name: "\(name.name) (\(count))") }
      return (name, value.joined(separator: " "))
    }
  }
}
