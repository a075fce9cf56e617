import GraphCore

/// One RPM that a lock pins: which file, from where, and why it is wanted.
public struct LockedPackage: Hashable, Sendable {
  public let name: String
  /// 0 where the package has none.
  public let epoch: Int
  public let version: String
  public let release: String
  /// RPM's name of the architecture: `x86_64`, `noarch`.
  public let arch: String
  /// The RPM file.
  public let digest: Digest
  /// Where the file is in its repository, relative to the repository's address, or an address of its own.
  public let location: String
  /// The name that the repository was added under.
  public let repository: String
  /// When it was built, seconds since 1970.
  public let buildTime: Int64
  /// The request that asked for it, `name requires capability` (or `recommends`), or empty where that is
  /// unknown.
  public let requestedBy: String

  public init(
    name: String, epoch: Int, version: String, release: String, arch: String, digest: Digest,
    location: String,
    repository: String, buildTime: Int64, requestedBy: String
  ) {
    self.name = name
    self.epoch = epoch
    self.version = version
    self.release = release
    self.arch = arch
    self.digest = digest
    self.location = location
    self.repository = repository
    self.buildTime = buildTime
    self.requestedBy = requestedBy
  }

  /// `epoch:version-release`, without an epoch of 0.
  public var evr: String { "\(epoch == 0 ? "" : "\(epoch):")\(version)-\(release)" }

  /// `name-epoch:version-release.arch`, without an epoch of 0.
  public var nevra: String { "\(name)-\(evr).\(arch)" }
}

/// A solved package set: every RPM of it, by digest.
///
/// The encoding is text, one package a line, fields separated by one space and each written with `Escape`:
///
///     graph-lock 1
///     name epoch version release arch <hex>/<size> build-time repository location requested-by
///
/// The version in the first line changes whenever these rules do. What invalidates an installation is
/// `asTree`, which leaves out where a package came from and why.
public struct Lock: Hashable, Sendable {
  static let header = "graph-lock 1"

  /// Sorted by name, architecture, epoch, version and release, as bytes: a canonical order, not that of
  /// versions.
  public let packages: [LockedPackage]

  /// - Parameter packages: in any order; of several equal ones the first stays.
  public init(packages: [LockedPackage]) {
    var seen = Set<String>()
    self.packages = packages.sorted(by: Self.precedes).filter { seen.insert($0.nevra).inserted }
  }

  /// The newest build time of a package, which is the SOURCE_DATE_EPOCH of what is installed from this lock.
  public var epoch: Int64 { packages.reduce(0) { max($0, $1.buildTime) } }

  /// The RPM files as a folder, each called `<nevra>.rpm`.
  public var asTree: Layer {
    Layer(
      entries: packages.map { Layer.Entry(path: "\($0.nevra).rpm", content: .file($0.digest), mode: 0o644) })
  }

  private static func precedes(_ left: LockedPackage, _ right: LockedPackage) -> Bool {
    if left.name != right.name { return left.name.precedesInBytes(right.name) }
    if left.arch != right.arch { return left.arch.precedesInBytes(right.arch) }
    if left.epoch != right.epoch { return left.epoch < right.epoch }
    if left.version != right.version { return left.version.precedesInBytes(right.version) }
    return left.release.precedesInBytes(right.release)
  }
}

extension Lock {
  /// The canonical bytes.
  public func encoded() -> [UInt8] {
    var output = Self.header + "\n"
    for package in packages {
      let fields = [
        package.name, String(package.epoch), package.version, package.release, package.arch,
        package.digest.description, String(package.buildTime), package.repository, package.location,
        package.requestedBy,
      ]
      output += fields.map(Escape.encode).joined(separator: " ") + "\n"
    }
    return Array(output.utf8)
  }

  /// Reads what `encoded()` writes, and nothing else.
  ///
  /// - Throws: `CorruptLock` with the line number; a lock is never read partially.
  public init(encoded bytes: [UInt8]) throws(CorruptLock) {
    guard let text = String(validating: bytes, as: UTF8.self), text.utf8.last == 0x0a else {
      throw CorruptLock(line: 1)
    }
    var packages: [LockedPackage] = []
    let lines = text.utf8.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if index == 0 {
        guard line.elementsEqual(Self.header.utf8) else { throw CorruptLock(line: 1) }
        continue
      }
      let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
      let fields = words.compactMap { Escape.decode(String(decoding: $0, as: UTF8.self)) }
      guard words.count == 10, fields.count == 10, let epoch = Int(fields[1]), let digest = Digest(fields[5]),
        let buildTime = Int64(fields[6])
      else { throw CorruptLock(line: index + 1) }
      let package = LockedPackage(
        name: fields[0], epoch: epoch, version: fields[2], release: fields[3], arch: fields[4],
        digest: digest,
        location: fields[8], repository: fields[7], buildTime: buildTime, requestedBy: fields[9])
      guard package.isFileName else { throw CorruptLock(line: index + 1) }
      packages.append(package)
    }
    self.init(packages: packages)
    guard encoded() == bytes else { throw CorruptLock(line: 2) }
  }
}

extension LockedPackage {
  /// Whether `nevra` can be the name of a file: what metadata says is not ours and may hold a slash.
  var isFileName: Bool {
    let parts = [name, version, release, arch]
    return parts.allSatisfy { part in
      !part.isEmpty && part.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != 0x2f }
    } && epoch >= 0 && !name.hasPrefix(".") && nevra.utf8.count <= 250
  }
}

/// A lock that is not one: the blob is damaged or of another version.
public struct CorruptLock: Error, CustomStringConvertible {
  public let line: Int
  public var description: String { "line \(line) of the lock cannot be read" }
}
