import Formats
import GraphCore
import Randomness

@testable import Rules

/// A small repository with dependencies of every kind between its packages, made by chance.
struct RandomRepository {
  struct Package {
    var name: String
    var version: Int
    /// What tells two builds of one version apart.
    var build = 0
    /// `KIND`, then the entries of the metadata.
    var dependencies: [(kind: String, entry: String)] = []
    var files: [String] = []
  }

  var packages: [Package] = []

  static let names = (0..<24).map { "p\($0)" }
  static let capabilities = (0..<8).map { "cap\($0)" }

  init(_ random: inout SplitMix) {
    for name in Self.names where Int.random(in: 0..<10, using: &random) > 0 {
      for version in 1...Int.random(in: 1...2, using: &random) {
        packages.append(Self.package(name, version, &random))
      }
    }
    packages.shuffle(using: &random)
  }

  static func package(_ name: String, _ version: Int, _ random: inout SplitMix) -> Package {
    var package = Package(name: name, version: version)
    func any(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }
    func target() -> String {
      switch Int.random(in: 0..<12, using: &random) {
      case 0...5: entry(any(names))
      case 6, 7: entry(any(capabilities))
      case 8: entry(any(names), flags: any(["GE", "LE", "EQ"]), Int.random(in: 1...2, using: &random))
      case 9: entry("/usr/bin/\(any(names))")
      case 10: entry("(\(any(names)) or \(any(names)))")
      default: entry("(\(any(names)) if \(any(names)))")
      }
    }
    package.dependencies.append(("provides", entry(name, flags: "EQ", version)))
    for kind in ["requires", "requires", "recommends", "suggests", "supplements", "enhances"]
    where Int.random(in: 0..<(kind == "requires" ? 3 : 9), using: &random) == 0 {
      package.dependencies.append((kind, target()))
    }
    if Int.random(in: 0..<3, using: &random) == 0 {
      package.dependencies.append(("provides", entry(any(capabilities))))
    }
    if Int.random(in: 0..<12, using: &random) == 0 {
      package.dependencies.append(("conflicts", entry(any(names), flags: "LE", 1)))
    }
    if Int.random(in: 0..<12, using: &random) == 0 {
      package.dependencies.append(("obsoletes", entry(any(names), flags: "LE", 1)))
    }
    if Int.random(in: 0..<4, using: &random) == 0 { package.files.append("/usr/bin/\(name)") }
    return package
  }

  private static func entry(_ name: String, flags: String? = nil, _ version: Int = 0) -> String {
    "<rpm:entry name=\"\(name)\"" + (flags.map { " flags=\"\($0)\" epoch=\"0\" ver=\"\(version)\"" } ?? "")
      + "/>"
  }

  /// Another state of the same repository.
  mutating func change(_ random: inout SplitMix) {
    let place = packages.indices.randomElement(using: &random) ?? 0
    let package = packages[place]
    switch Int.random(in: 0..<7, using: &random) {
    case 0: packages.remove(at: place)
    case 1: packages[place].build += 1
    case 2: packages.append(Self.package("p\(Int.random(in: 0..<30, using: &random))", 3, &random))
    case 3: packages.insert(Self.package(package.name, package.version + 2, &random), at: place)
    case 4:
      packages[place] = Self.package(package.name, package.version, &random)
      packages[place].build = package.build + 1
    case 5: packages.swapAt(place, packages.indices.randomElement(using: &random) ?? 0)
    default:
      var newer = package
      newer.version += 1
      packages[place] = newer
    }
  }

  /// Its metadata as a tree of a store.
  func write(to store: any BlobStore) throws -> Artifact {
    var text =
      "<metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">\n"
    for package in packages {
      let (name, version) = (package.name, package.version)
      text +=
        "<package type=\"rpm\"><name>\(name)</name><arch>noarch</arch><version epoch=\"0\" ver=\"\(version)\" rel=\"1\"/>"
      text +=
        "<checksum type=\"sha256\" pkgid=\"YES\">\(Digest(ofText: "\(name) \(version) \(package.build)").hex)</checksum>"
      text +=
        "<time file=\"5\" build=\"\(package.build)\"/><size package=\"1\" installed=\"1\" archive=\"1\"/>"
      text += "<location href=\"\(name)-\(version).rpm\"/><format>"
      for kind in [
        "provides", "requires", "conflicts", "obsoletes", "recommends", "suggests", "supplements", "enhances",
      ] {
        let entries = package.dependencies.filter { $0.kind == kind }.map(\.entry)
        if !entries.isEmpty { text += "<rpm:\(kind)>\(entries.joined())</rpm:\(kind)>" }
      }
      text += package.files.map { "<file>\($0)</file>" }.joined() + "</format></package>\n"
    }
    let primary = try store.write(Array((text + "</metadata>\n").utf8))
    let location = "repodata/primary.xml"
    let file = RepodataFile(
      location: location, checksumType: "sha256", checksum: primary.hex, size: primary.size, openSize: nil)
    let repomd = try store.write(Repodata(revision: "1", files: ["primary": file]).encoded())
    let entries = [("repodata/repomd.xml", repomd), (location, primary)]
    return try store.write(
      Layer(entries: entries.map { Layer.Entry(path: $0.0, content: .file($0.1), mode: 0o644) }), as: .tree)
  }
}
