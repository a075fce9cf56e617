import CSolv
import GraphCore

/// What an image's package database says is installed: the output of one `rpm --query --all`, read.
///
/// Lines of fields separated by tabs, each beginning with a letter: `P` begins a package; `p r c o m s u e` are what it
/// provides, requires, conflicts with, obsoletes, recommends, supplements, suggests and enhances, each with rpm's flags;
/// `f` is a path that it owns.
public struct PackageList: Sendable {
  /// One installed package.
  struct Package: Sendable {
    var name: String
    var epoch: Int
    var version: String
    var release: String
    var arch: String
    var buildTime: Int64
    var vendor: String
    var dependencies: [(kind: Kind, list: [Dependency])] = []
    var files: [String] = []

    var nevra: String { "\(name)-\(epoch == 0 ? "" : "\(epoch):")\(version)-\(release).\(arch)" }
  }

  /// A dependency: its name, libsolv's bits of the relation (0 for none) and the version.
  struct Dependency: Sendable {
    var name: String
    var relation: Int
    var version: String
  }

  /// The kinds of dependencies, by the letter of their lines.
  enum Kind: String, CaseIterable, Sendable {
    case provides = "p"
    case requires = "r"
    case conflicts = "c"
    case obsoletes = "o"
    case recommends = "m"
    case supplements = "s"
    case suggests = "u"
    case enhances = "e"

    /// The library's number of the kind.
    var key: solv_knownid {
      switch self {
      case .provides: SOLVABLE_PROVIDES
      case .requires: SOLVABLE_REQUIRES
      case .conflicts: SOLVABLE_CONFLICTS
      case .obsoletes: SOLVABLE_OBSOLETES
      case .recommends: SOLVABLE_RECOMMENDS
      case .supplements: SOLVABLE_SUPPLEMENTS
      case .suggests: SOLVABLE_SUGGESTS
      case .enhances: SOLVABLE_ENHANCES
      }
    }

    /// The tag of rpm's query formats, without `NAME` at its end.
    fileprivate var tag: String {
      switch self {
      case .provides: "PROVIDE"
      case .requires: "REQUIRE"
      case .conflicts: "CONFLICT"
      case .obsoletes: "OBSOLETE"
      case .recommends: "RECOMMEND"
      case .supplements: "SUPPLEMENT"
      case .suggests: "SUGGEST"
      case .enhances: "ENHANCE"
      }
    }
  }

  /// What rpm is told to print for each package.
  static let queryFormat =
    "P\\t%{NAME}\\t%|EPOCH?{%{EPOCH}}:{0}|\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{BUILDTIME}\\t"
    + "%|VENDOR?{%{VENDOR}}:{}|\\n"
    + Kind.allCases.map {
      "[\($0.rawValue)\\t%{\($0.tag)NAME}\\t%{\($0.tag)FLAGS}\\t%{\($0.tag)VERSION}\\n]"
    }.joined()
    + "[f\\t%{FILENAMES}\\n]"

  private let packages: [String: Package]

  /// As locks have them. Nobody knows any more why they were installed, so that they count as asked for.
  var locked: [LockedPackage] {
    packages.values.sorted { $0.nevra.precedesInBytes($1.nevra) }.map {
      LockedPackage(
        name: $0.name, epoch: $0.epoch, version: $0.version, release: $0.release, arch: $0.arch,
        digest: Digest(ofText: ""), location: "", repository: "", buildTime: $0.buildTime, requestedBy: "")
    }
  }

  func package(_ nevra: String) -> Package? { packages[nevra] }

  /// - Throws: `GraphError(.bug)` for what rpm does not print.
  init(_ text: String) throws(GraphError) {
    var packages: [String: Package] = [:]
    var current: Package?
    func keep(_ package: Package?) {
      // Keys of vendors are no packages, and have no architecture.
      guard let package, package.name != "gpg-pubkey" else { return }
      packages[package.nevra] = package
    }
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      switch fields[0] {
      case "P":
        keep(current)
        guard fields.count == 8, let epoch = Int(fields[2]) else {
          throw GraphError(.bug, "rpm listed a package as '\(line)'")
        }
        current = Package(
          name: fields[1], epoch: epoch, version: fields[3], release: fields[4], arch: fields[5],
          buildTime: Int64(fields[6]) ?? 0, vendor: fields[7])
      case "f": if fields.count > 1 { current?.files.append(fields[1]) }
      default:
        guard let kind = Kind(rawValue: fields[0]) else { continue }
        guard fields.count == 4, let flags = Int(fields[2]) else { continue }
        // rpm: 2 is less, 4 greater, 8 equal; libsolv: 1 is greater, 2 equal, 4 less.
        let relation = (flags & 4 != 0 ? 1 : 0) | (flags & 8 != 0 ? 2 : 0) | (flags & 2 != 0 ? 4 : 0)
        let dependency = Dependency(name: fields[1], relation: relation, version: fields[3])
        if current?.dependencies.last?.kind == kind {
          let last = (current?.dependencies.count ?? 1) - 1
          current?.dependencies[last].list.append(dependency)
        } else {
          current?.dependencies.append((kind, [dependency]))
        }
      }
    }
    keep(current)
    self.packages = packages
  }
}
