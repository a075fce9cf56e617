/// Something that targets are made from and no action makes: a file, a pinned fact, a tool, a locked package.
public struct GraphInput: Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// A file or folder of the workspace.
    case file
    /// Text that a declaration holds.
    case text
    /// A commit of a git repository.
    case commit
    /// A file or folder of such a commit.
    case source
    /// A file that is downloaded; its digest is pinned.
    case fetched
    /// An image of a registry; the digest is that of its manifest.
    case image
    /// A program of the host.
    case tool
    /// An RPM that a lock pins; a node may have made it.
    case package
  }

  public let kind: Kind
  /// How a person knows it: a path, `URL@commit:path`, a reference, a package.
  public let name: String
  /// SHA-256 in hexadecimal digits; of a commit, its name.
  public let digest: String
  /// In bytes, where it is known.
  public let size: Int64?
  /// More that is known of it, such as its URL, in a fixed order.
  public let facts: [Fact]
  /// The names of the actions that read it, or of the labels where it is a commit, in the order of the graph.
  public var readers: [String]

  /// A named fact.
  public struct Fact: Hashable, Sendable {
    public let name: String
    public let value: String
    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  public init(
    _ kind: Kind, _ name: String, digest: String, size: Int64?, facts: [Fact] = [], readers: [String]
  ) {
    (self.kind, self.name, self.digest, self.size) = (kind, name, digest, size)
    (self.facts, self.readers) = (facts, readers)
  }
}

/// Every leaf input of some targets.
public struct GraphInputs: Hashable, Sendable {
  /// Each once, by kind in the order of `Kind`, then by name.
  public let inputs: [GraphInput]
  /// The names of actions whose locks are not in the store, so that their packages are not known.
  public let unknownLocks: [String]

  /// - Parameter found: in any order; of equal ones the readers are joined.
  public init(_ found: [GraphInput], unknownLocks: [String]) {
    struct Identity: Hashable {
      let kind: GraphInput.Kind
      let name: String
      let digest: String
    }
    var numbers: [Identity: Int] = [:]
    var inputs: [GraphInput] = []
    var seen: [Set<String>] = []
    for input in found {
      let identity = Identity(kind: input.kind, name: input.name, digest: input.digest)
      if let number = numbers[identity] {
        inputs[number].readers += input.readers.filter { seen[number].insert($0).inserted }
      } else {
        numbers[identity] = inputs.count
        inputs.append(input)
        seen.append(Set(input.readers))
      }
    }
    let order = Dictionary(
      uniqueKeysWithValues: GraphInput.Kind.allCases.enumerated().map { ($0.element, $0.offset) })
    self.inputs = inputs.sorted { left, right in
      if left.kind != right.kind { return (order[left.kind] ?? 0) < (order[right.kind] ?? 0) }
      if left.name != right.name { return left.name.precedesInBytes(right.name) }
      return left.digest < right.digest
    }
    self.unknownLocks = unknownLocks
  }
}
