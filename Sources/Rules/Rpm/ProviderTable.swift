import CSolv
import GraphCore

/// Who provides what in a pool, kept from one solve to the next: to make it anew for each takes longer than to solve.
///
/// The library makes it for all packages at once. Here it is made for those of the repositories; for a solve the installed
/// ones are added to the few lists that they belong to, and the table is put back behind it. Where a solve leaves packages
/// out, the library makes it for that solve alone.
final class ProviderTable {
  private let pool: PackagePool
  /// As it is without installed packages, by the number of a name; `nil` where it has to be made.
  private var offsets: [Offset]?
  private var dataEnd: Offset = 0
  private var uses = 0
  private var isReusable = false

  /// What installed packages leave behind in the library's memory is given back after so many solves.
  private static let usesMax = 200

  init(_ pool: PackagePool) {
    self.pool = pool
    // The library's shortcuts through the lists are not kept up by what is added to them.
    pool_set_flag(pool.pointer, POOL_FLAG_NOWHATPROVIDESAUX, 1)
  }

  /// Packages have come.
  func forget() { offsets = nil }

  /// Makes packages installed, for one solve.
  func begin(_ installed: [LockedPackage], _ listed: PackageList?) {
    uses += 1
    if offsets == nil || uses > Self.usesMax { make() }
    pool.install(installed, listed)
    isReusable = listed == nil
    addInstalled()
  }

  /// Undoes `begin`.
  func end() {
    pool.considerAll()
    if isReusable, let offsets {
      pool.removeInstalled()
      restore(offsets)
    } else {
      offsets = nil
    }
  }

  /// Makes it for what is considered and what is installed now.
  func rebuild() {
    offsets = nil
    pool_createwhatprovides(pool.pointer)
  }

  private func make() {
    pool.makeInstalled()
    pool_createwhatprovides(pool.pointer)
    let names = Int(pool.pointer.pointee.ss.nstrings)
    offsets = Array(UnsafeBufferPointer(start: pool.pointer.pointee.whatprovides, count: names))
    dataEnd = pool.pointer.pointee.whatprovidesdataoff
    uses = 1
  }

  /// Installed packages have the highest numbers, so they stand at the end of each list.
  private func addInstalled() {
    var providing: [Id: [Id]] = [:]
    for package in pool.installed {
      for name in Set(pool.dependencies(package, SOLVABLE_PROVIDES).map({ pool.nameOnly($0) })) {
        providing[name, default: []].append(package)
      }
    }
    for (name, packages) in providing {
      let list = IDQueue(pool.providers(name) + packages)
      let offset = pool_queuetowhatprovides(pool.pointer, list.pointer)
      pool.pointer.pointee.whatprovides?[Int(name)] = Offset(offset)
    }
  }

  private func restore(_ offsets: [Offset]) {
    let library = pool.pointer
    guard let table = library.pointee.whatprovides else { return }
    for (name, offset) in offsets.enumerated() { table[name] = offset }
    for name in offsets.count..<max(offsets.count, Int(library.pointee.ss.nstrings)) { table[name] = 0 }
    if let relations = library.pointee.whatprovides_rel {
      for relation in 0..<Int(library.pointee.nrels) { relations[relation] = 0 }
    }
    library.pointee.whatprovidesdataleft += Int32(clamping: library.pointee.whatprovidesdataoff - dataEnd)
    library.pointee.whatprovidesdataoff = dataEnd
  }
}
