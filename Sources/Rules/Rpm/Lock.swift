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
  /// Whether it stays when nothing needs it any more.
  public var reason: Reason

  /// What a package is there for, as dnf's history of a system has it; the better one is the greater one.
  public enum Reason: String, Hashable, Sendable, Comparable, CaseIterable {
    /// Recommended by another package.
    case weak
    /// Required by another package.
    case dependency
    /// Asked for, by name or as part of a group.
    case user

    public static func < (left: Reason, right: Reason) -> Bool { left.rank < right.rank }
    private var rank: Int { Reason.allCases.firstIndex(of: self) ?? 0 }
  }

  public init(
    name: String, epoch: Int, version: String, release: String, arch: String, digest: Digest,
    location: String,
    repository: String, buildTime: Int64, requestedBy: String, reason: Reason = .user
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
    self.reason = reason
  }

  /// `epoch:version-release`, without an epoch of 0.
  public var evr: String { "\(epoch == 0 ? "" : "\(epoch):")\(version)-\(release)" }

  /// `name-epoch:version-release.arch`, without an epoch of 0.
  public var nevra: String { "\(name)-\(evr).\(arch)" }
}

/// What a package command changes: every RPM that comes in, by digest, and what goes.
///
/// The encoding is text, one package a line, fields separated by one space and each written with `Escape`:
///
///     graph-lock 2
///     install name epoch version release arch <hex>/<size> build-time repository location reason requested-by
///     erase name epoch version release arch how
///
/// `how` is `replaced` where a package that comes in takes the place of the one that goes, else `removed`. The version in
/// the first line changes whenever these rules do. What invalidates an installation is `asTree`, which leaves out where
/// a package came from and why.
public struct Lock: Hashable, Sendable {
  static let header = "graph-lock 2"

  /// What comes in. Sorted by name, architecture, epoch, version and release, as bytes: a canonical order, not that of
  /// versions.
  public let packages: [LockedPackage]
  /// What was installed before and goes, sorted by name; reinstalled packages are not among it.
  public let erased: [Erasure]

  /// A package that goes.
  public struct Erasure: Hashable, Sendable {
    public let name: String
    public let epoch: Int
    public let version: String
    public let release: String
    public let arch: String
    /// Whether installing what comes in takes it away.
    public let isReplaced: Bool

    public init(_ package: LockedPackage, isReplaced: Bool) {
      self.init(
        name: package.name, epoch: package.epoch, version: package.version, release: package.release,
        arch: package.arch, isReplaced: isReplaced)
    }

    init(name: String, epoch: Int, version: String, release: String, arch: String, isReplaced: Bool) {
      (self.name, self.epoch, self.version, self.release) = (name, epoch, version, release)
      (self.arch, self.isReplaced) = (arch, isReplaced)
    }

    /// As `LockedPackage.nevra`.
    public var nevra: String { "\(name)-\(epoch == 0 ? "" : "\(epoch):")\(version)-\(release).\(arch)" }

    /// What rpm calls it on its command line.
    var label: String { "\(name)-\(version)-\(release).\(arch)" }
  }

  /// - Parameter packages: in any order; of several equal ones the first stays.
  public init(packages: [LockedPackage], erased: [Erasure] = []) {
    var seen = Set<String>()
    self.packages = packages.sorted(by: Self.precedes).filter { seen.insert($0.nevra).inserted }
    var gone = Set<String>()
    self.erased = erased.sorted { $0.nevra.precedesInBytes($1.nevra) }.filter {
      gone.insert($0.nevra).inserted
    }
  }

  /// The newest build time of a package, which is the SOURCE_DATE_EPOCH of what is installed from this lock.
  public var epoch: Int64 { packages.reduce(0) { max($0, $1.buildTime) } }

  /// The RPM files as a folder, each called `<nevra>.rpm`.
  public var asTree: Layer {
    Layer(
      entries: packages.map { Layer.Entry(path: "\($0.nevra).rpm", content: .file($0.digest), mode: 0o644) })
  }

  /// What is installed after this lock, where `installed` was before.
  public func applied(to installed: [LockedPackage]) -> [LockedPackage] {
    let changed = Set(erased.map(\.nevra)).union(packages.map(\.nevra))
    return installed.filter { !changed.contains($0.nevra) } + packages
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
        "install", package.name, String(package.epoch), package.version, package.release, package.arch,
        package.digest.description, String(package.buildTime), package.repository, package.location,
        package.reason.rawValue, package.requestedBy,
      ]
      output += fields.map(Escape.encode).joined(separator: " ") + "\n"
    }
    for gone in erased {
      let fields = [
        "erase", gone.name, String(gone.epoch), gone.version, gone.release, gone.arch,
        gone.isReplaced ? "replaced" : "removed",
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
    var erased: [Erasure] = []
    let lines = text.utf8.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if index == 0 {
        guard line.elementsEqual(Self.header.utf8) else { throw CorruptLock(line: 1) }
        continue
      }
      let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
      let fields = words.compactMap { Escape.decode(String(decoding: $0, as: UTF8.self)) }
      guard words.count == fields.count, fields.count > 6, let epoch = Int(fields[2]) else {
        throw CorruptLock(line: index + 1)
      }
      switch (fields[0], fields.count) {
      case ("install", 12):
        guard let digest = Digest(fields[6]), let buildTime = Int64(fields[7]),
          let reason = LockedPackage.Reason(rawValue: fields[10])
        else { throw CorruptLock(line: index + 1) }
        let package = LockedPackage(
          name: fields[1], epoch: epoch, version: fields[3], release: fields[4], arch: fields[5],
          digest: digest, location: fields[9], repository: fields[8], buildTime: buildTime,
          requestedBy: fields[11], reason: reason)
        guard package.isFileName else { throw CorruptLock(line: index + 1) }
        packages.append(package)
      case ("erase", 7) where fields[6] == "replaced" || fields[6] == "removed":
        erased.append(
          Erasure(
            name: fields[1], epoch: epoch, version: fields[3], release: fields[4], arch: fields[5],
            isReplaced: fields[6] == "replaced"))
      default: throw CorruptLock(line: index + 1)
      }
    }
    self.init(packages: packages, erased: erased)
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
