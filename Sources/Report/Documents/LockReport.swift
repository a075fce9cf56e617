import GraphCore

/// The packages of some images, as text for people and as a document for programs.
public struct LockReport: Sendable {
  private let sets: [PackageSet]

  /// - Parameter sets: in the order in which they are shown.
  public init(_ sets: [PackageSet]) { self.sets = sets }

  /// A paragraph for each image: name, version, repository, checksum, and why it is there.
  ///
  /// - Parameter verbose: checksums whole, and where the request is declared.
  public func text(verbose: Bool, color: Bool) -> String {
    let style = Style(color: color)
    var lines: [String] = []
    for set in sets {
      lines.append(style.strong("\(set.label) (\(Amounts.counted(set.packages.count, "package")))"))
      let rows = set.packages.map { package in
        [
          package.name, package.evra, package.repository,
          verbose ? package.digest.hex : String(package.digest.hex.prefix(12)), Self.why(package),
        ] + (verbose ? [package.place] : [])
      }
      lines += Columns.lines(rows.map { $0.map(PlainText.oneLine) }, indent: "  ")
      lines.append("")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func why(_ package: PackageSet.Package) -> String {
    package.because.isEmpty
      ? "unknown" : package.isRequested ? "asked for: \(package.because)" : package.because
  }

  /// Schema 1; members are sorted, and always there.
  ///
  ///     { "schema": 1,
  ///       "locks": [ { "label",
  ///                    "packages": [ { "name", "epoch", "version", "release", "arch",
  ///                                    "repository",   the label that it is from
  ///                                    "sha256", "size",
  ///                                    "why",          the request, or `name requires capability`
  ///                                    "requested",    whether somebody asked for it
  ///                                    "node", "place" } ] } ] }     whose lock brought it, and where that is declared
  ///
  /// Within schema 1 members may be added, but none renamed or removed.
  public func json() -> String {
    JSONValue.object([
      "schema": .integer(1),
      "locks": .array(
        sets.map { set in
          .object(["label": .string("\(set.label)"), "packages": .array(set.packages.map(Self.value))])
        }),
    ]).document
  }

  private static func value(_ package: PackageSet.Package) -> JSONValue {
    .object([
      "name": .string(package.name), "epoch": .integer(package.epoch), "version": .string(package.version),
      "release": .string(package.release), "arch": .string(package.arch),
      "repository": .string(package.repository), "sha256": .string(package.digest.hex),
      "size": .integer(Int(package.digest.size)), "why": .string(package.because),
      "requested": .boolean(package.isRequested), "node": .string(package.lock),
      "place": .string(package.place),
    ])
  }
}
