import GraphCore

/// What rpm reads in a spec file for one architecture.
public struct SpecFacts: Sendable, Hashable {
  public struct Package: Sendable, Hashable {
    public var name: String
    /// As rpm calls it: `noarch`, `x86_64`.
    public var architecture: String
  }

  /// The packages with a `%files` section.
  public var packages: [Package] = []
  /// The names of what they provide, own names among them.
  public var provides: Set<String> = []
  /// The files of Source and Patch lines, without folders.
  public var sources: [String] = []
  /// As dnf reads them: `gcc`, `pkgconfig(zlib) >= 1.2`.
  public var buildRequires: [String] = []
  /// ExclusiveArch; empty where it is not written.
  public var exclusive: [String] = []
  /// ExcludeArch.
  public var excluded: [String] = []
  /// The day of the newest entry of the changelog, in seconds since 1970; `nil` without a changelog.
  public var epoch: Int64?

  public var isNoarch: Bool { !packages.isEmpty && packages.allSatisfy { $0.architecture == "noarch" } }
  public var hasNoarch: Bool { packages.contains { $0.architecture == "noarch" } }

  /// The tag that leaves an architecture out; `nil` where none does.
  public func exclusion(of architecture: Architecture) -> String? {
    let names = Set([architecture.name] + architecture.names.compatible).subtracting(["noarch"])
    if !exclusive.isEmpty, names.isDisjoint(with: exclusive) { return "ExclusiveArch" }
    return names.isDisjoint(with: excluded) ? nil : "ExcludeArch"
  }
}

extension SpecFacts {
  /// What `rpmspec` is told to print: a word, a tab and its value a line. Of the source package:
  static let sourceFormat = """
    [source\\t%{SOURCE}\\n][source\\t%{PATCH}\\n]\
    [requires\\t%{REQUIRENAME}\\t%{REQUIREFLAGS:depflags}\\t%{REQUIREVERSION}\\n]\
    [only\\t%{EXCLUSIVEARCH}\\n][not\\t%{EXCLUDEARCH}\\n]time\\t%{CHANGELOGTIME}\\n
    """
  /// Of each package:
  static let packageFormat = "package\\t%{NAME}\\t%{ARCH}\\n[provides\\t%{PROVIDENAME}\\n]"

  /// Reads what was printed in these formats.
  init(printed text: String) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count > 1, fields[1] != "(none)" else { continue }
      switch fields[0] {
      case "source": sources.append(fields[1])
      case "requires":
        let words = fields.dropFirst().filter { !$0.isEmpty && $0 != "(none)" }
        if !fields[1].hasPrefix("rpmlib(") { buildRequires.append(words.joined(separator: " ")) }
      case "only": exclusive.append(fields[1])
      case "not": excluded.append(fields[1])
      case "time": epoch = Int64(fields[1]).map(Self.day)
      case "package":
        if fields.count > 2 { packages.append(Package(name: fields[1], architecture: fields[2])) }
        provides.insert(fields[1])
      case "provides": provides.insert(fields[1])
      default: continue
      }
    }
  }

  /// An entry with a date alone stands for noon; rpm takes the day's begin for SOURCE_DATE_EPOCH.
  /// Source: rpm, build/build.c.
  private static func day(_ time: Int64) -> Int64 { time % 86_400 == 43_200 ? time - 43_200 : time }
}
