import CSolv
import GraphCore

/// A list of the library's numbers, freed with its owner.
struct IDQueue: ~Copyable {
  let pointer: UnsafeMutablePointer<Queue>

  init(_ ids: [Id] = []) {
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: Queue())
    queue_init(pointer)
    ids.forEach { queue_push(pointer, $0) }
  }

  deinit {
    queue_free(pointer)
    pointer.deallocate()
  }

  var ids: [Id] {
    Array(UnsafeBufferPointer(start: pointer.pointee.elements, count: Int(pointer.pointee.count)))
  }
}

/// The library's pool: the packages of all repositories, with names and dependencies as numbers.
///
/// Everything that asks the library about a package is here and in its extensions. Not thread safe.
final class PackagePool {
  let pointer: UnsafeMutablePointer<Pool>
  let architecture: Architecture
  private var byName: [Id: [Id]] = [:]
  private var byObsoleted: [Id: [Id]] = [:]
  /// How many packages of repositories there were when these were made.
  private var indexedCount: Int32 = 0

  init(architecture: Architecture) {
    guard let made = pool_create() else { preconditionFailure("libsolv ends the process when memory is out") }
    pointer = made
    self.architecture = architecture
    pool_setdisttype(pointer, DISTTYPE_RPM)
    // `noarch` is always allowed by the library, below all others.
    let policy = architecture.names.compatible.filter { $0 != "noarch" }.joined(separator: ":")
    pool_setarchpolicy(pointer, policy)
  }

  deinit { pool_free(pointer) }

  /// Every package of every repository, in the order they were added.
  var packages: [Id] {
    (2..<max(2, pointer.pointee.nsolvables)).filter { pointer.pointee.solvables[Int($0)].repo != nil }
  }

  /// The packages of the repositories that have a name, in their order.
  func packages(named name: String) -> [Id] {
    index()
    return byName[pool_str2id(pointer, name, 0)] ?? []
  }

  /// The packages of the repositories that obsolete something of a name.
  func obsoleters(named name: Id) -> [Id] {
    index()
    return byObsoleted[name] ?? []
  }

  private func index() {
    let count = pointer.pointee.nsolvables - Int32(installed.count)
    if count == indexedCount { return }
    (byName, byObsoleted, indexedCount) = ([:], [:], count)
    for package in packages where !isInstalled(package) {
      byName[solvable(package).pointee.name, default: []].append(package)
      if solvable(package).pointee.dep_obsoletes == 0 { continue }
      for name in Set(dependencies(package, SOLVABLE_OBSOLETES).map { nameOnly($0) }) {
        byObsoleted[name, default: []].append(package)
      }
    }
  }

  func isInstalled(_ package: Id) -> Bool {
    pointer.pointee.installed != nil && solvable(package).pointee.repo == pointer.pointee.installed
  }

  func solvable(_ package: Id) -> UnsafeMutablePointer<Solvable> { pointer.pointee.solvables + Int(package) }

  /// What went wrong last.
  var errorText: String { pool_errstr(pointer).map { String(cString: $0) } ?? "" }

  func text(_ id: Id) -> String { pool_id2str(pointer, id).map { String(cString: $0) } ?? "" }

  func name(_ package: Id) -> String { text(solvable(package).pointee.name) }

  /// `name-epoch:version-release.arch` as in `LockedPackage.nevra`; empty for what is no package.
  func packageName(_ package: Id) -> String {
    // Rules about jobs have other numbers where those about packages have a package.
    guard (2..<max(2, pointer.pointee.nsolvables)).contains(package) else { return "" }
    return pool_solvid2str(pointer, package).map { String(cString: $0) } ?? ""
  }

  /// What the repository of a package was added as.
  func repositoryName(_ package: Id) -> String {
    solvable(package).pointee.repo?.pointee.name.map { String(cString: $0) } ?? ""
  }

  func dependencyName(_ dependency: Id) -> String {
    pool_dep2str(pointer, dependency).map { String(cString: $0) } ?? ""
  }

  /// The packages that provide `dependency`, in the pool's order.
  func providers(_ dependency: Id) -> [Id] {
    var offset = Int(pool_whatprovides(pointer, dependency))
    var found: [Id] = []
    while let package = pointer.pointee.whatprovidesdata?[offset], package != 0 {
      found.append(package)
      offset += 1
    }
    return found
  }

  /// The dependencies of one kind, the library's own marks between them left out.
  func dependencies(_ package: Id, _ kind: solv_knownid) -> [Id] {
    let queue = IDQueue()
    solvable_lookup_deparray(solvable(package), Id(kind), queue.pointer, 0)
    return queue.ids.filter { $0 != Id(SOLVABLE_PREREQMARKER) && $0 != Id(SOLVABLE_FILEMARKER) }
  }
}

extension Id {
  init(_ known: solv_knownid) { self.init(bitPattern: known.rawValue) }
}

extension PackagePool {
  /// A package as a lock pins it.
  ///
  /// - Throws: `SolverError.metadata` for a package without a SHA-256, or whose name no file could have.
  func locked(_ package: Id, requestedBy: String) throws(SolverError) -> LockedPackage {
    let solvable = solvable(package)
    let repository = repositoryName(package)
    var type: Id = 0
    let checksum = solvable_lookup_bin_checksum(solvable, Id(SOLVABLE_CHECKSUM), &type)
    let size = solvable_lookup_num(solvable, Id(SOLVABLE_DOWNLOADSIZE), 0)
    guard let checksum, type == Id(REPOKEY_TYPE_SHA256), let size = Int64(exactly: size),
      let digest = Digest(sha256: UnsafeBufferPointer(start: checksum, count: 32), size: size)
    else {
      throw .metadata(repository: repository, message: "\(packageName(package)) has no SHA-256 checksum")
    }
    let version = Version(text(solvable.pointee.evr))
    let buildTime = solvable_lookup_num(solvable, Id(SOLVABLE_BUILDTIME), 0)
    let locked = LockedPackage(
      name: name(package), epoch: version.epoch, version: version.version, release: version.release,
      arch: text(solvable.pointee.arch), digest: digest, location: location(solvable), repository: repository,
      buildTime: Int64(exactly: buildTime) ?? 0, requestedBy: requestedBy)
    guard locked.isFileName else {
      throw .metadata(repository: repository, message: "'\(locked.nevra)' is no name that a package can have")
    }
    return locked
  }

  private func location(_ solvable: UnsafeMutablePointer<Solvable>) -> String {
    let path = solvable_lookup_location(solvable, nil).map { String(cString: $0) } ?? ""
    guard let base = solvable_lookup_str(solvable, Id(SOLVABLE_MEDIABASE)) else { return path }
    let prefix = String(cString: base)
    return prefix.hasSuffix("/") ? prefix + path : prefix + "/" + path
  }

  /// `epoch:version-release` taken apart.
  private struct Version {
    var epoch = 0
    var version: String
    var release = ""

    init(_ text: String) {
      var rest = text[...]
      if let colon = rest.firstIndex(of: ":"), let number = Int(rest[..<colon]) {
        epoch = number
        rest = rest[rest.index(after: colon)...]
      }
      if let dash = rest.lastIndex(of: "-") {
        release = String(rest[rest.index(after: dash)...])
        rest = rest[..<dash]
      }
      version = String(rest)
    }
  }
}
