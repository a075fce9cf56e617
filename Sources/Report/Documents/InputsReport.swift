import GraphCore

/// Every leaf input of some targets, as text for people and as a document for programs.
public struct InputsReport: Sendable {
  private let inputs: GraphInputs

  public init(_ inputs: GraphInputs) { self.inputs = inputs }

  private static func title(_ kind: GraphInput.Kind) -> String {
    switch kind {
    case .file: "files of the workspace"
    case .text: "texts of declarations"
    case .commit: "commits"
    case .source: "files of commits"
    case .fetched: "downloads"
    case .image: "images of registries"
    case .tool: "programs of the host"
    case .package: "locked packages"
    }
  }

  /// A paragraph for each kind: digest, name, and what reads it.
  ///
  /// - Parameter verbose: digests whole, every fact and every reader; else the first reader and how many there are.
  public func text(verbose: Bool, color: Bool) -> String {
    let style = Style(color: color)
    var lines: [String] = []
    for kind in GraphInput.Kind.allCases {
      let group = inputs.inputs.filter { $0.kind == kind }
      if group.isEmpty { continue }
      lines.append(style.strong("\(Self.title(kind)) (\(group.count))"))
      lines += verbose ? group.flatMap(Self.long) : Columns.lines(group.map(Self.short), indent: "  ")
      lines.append("")
    }
    for lock in inputs.unknownLocks {
      lines.append("the packages of \(PlainText.oneLine(lock)) are not known: it is not in the store")
    }
    lines.append(Amounts.counted(inputs.inputs.count, "input"))
    return lines.map { $0 + "\n" }.joined()
  }

  private static func short(_ input: GraphInput) -> [String] {
    let more = input.readers.count - 1
    return [
      String(input.digest.prefix(12)), PlainText.oneLine(input.name),
      PlainText.oneLine(input.readers.first ?? "") + (more > 0 ? " and \(more) more" : ""),
    ]
  }

  private static func long(_ input: GraphInput) -> [String] {
    ["  \(PlainText.oneLine(input.name))", "    digest: \(input.digest)"]
      + (input.size.map { ["    size: \($0)"] } ?? [])
      + input.facts.filter { !$0.value.isEmpty }.map { "    \($0.name): \(PlainText.oneLine($0.value))" }
      + input.readers.map { "    read by \(PlainText.oneLine($0))" }
  }

  /// Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1,
  ///       "inputs": [ { "kind": "file" | "text" | "commit" | "source" | "fetched" | "image" | "tool" | "package",
  ///                     "name",              a path, URL@commit:path, URL, reference or package
  ///                     "digest",            SHA-256 in hexadecimal digits; of a commit, its name
  ///                     "size",              in bytes, or null
  ///                     "facts": { NAME: text },     file, path, entries; branch, tree, time; architecture;
  ///                                                  repository, location, requestedBy
  ///                     "readBy": [ name ] } ],      actions; labels, for a commit
  ///       "unknownLocks": [ name ] }         locks that the store does not have, so that their packages are not listed
  ///
  /// Within schema 1 members may be added, but none renamed or removed.
  public func json() -> String {
    JSONValue.object([
      "schema": .integer(1),
      "inputs": .array(
        inputs.inputs.map { input in
          .object([
            "kind": .string(input.kind.rawValue), "name": .string(input.name),
            "digest": .string(input.digest),
            "size": input.size.map { .integer(Int($0)) } ?? .null,
            "facts": .object(
              Dictionary(
                input.facts.map { ($0.name, .string($0.value)) }, uniquingKeysWith: { first, _ in first })),
            "readBy": .array(input.readers.map { .string($0) }),
          ])
        }),
      "unknownLocks": .array(inputs.unknownLocks.map { .string($0) }),
    ]).document
  }
}
