import CSolv
import GraphCore

extension PackagePool {
  /// Marks `locks` as installed, by copies of the packages that the repositories have.
  ///
  /// A locked package that no repository has any more keeps its name, version and architecture and provides
  /// itself; what else it provided and required is not known then, so a solve may replace it to satisfy such
  /// a requirement.
  /// - Precondition: file provides have been added, because copies have no lists of files.
  func install(_ locks: [LockedPackage]) {
    guard let repository = repo_create(pointer, "@installed") else { return }
    var known: [String: [Id]] = [:]
    let wanted = Set(locks.map(\.name))
    for package in packages where wanted.contains(name(package)) {
      known[packageName(package), default: []].append(package)
    }
    for lock in locks {
      let copy = repo_add_solvable(repository)
      // Two repositories may call different files by one name; the one with the same bytes is meant.
      let twins = known[lock.nevra] ?? []
      let twin = twins.first { isSame($0, lock.digest) } ?? twins.first
      if let twin {
        self.copy(twin, to: copy)
      } else {
        solvable(copy).pointee.name = pool_str2id(pointer, lock.name, 1)
        solvable(copy).pointee.evr = pool_str2id(pointer, lock.evr, 1)
        solvable(copy).pointee.arch = pool_str2id(pointer, lock.arch, 1)
        let provides = solvable_selfprovidedep(solvable(copy))
        solvable_add_deparray(solvable(copy), Id(SOLVABLE_PROVIDES), provides, 0)
      }
    }
    pool_set_installed(pointer, repository)
  }

  /// Undoes `install`.
  func forgetInstalled() {
    guard let repository = pointer.pointee.installed else { return }
    pool_set_installed(pointer, nil)
    repo_free(repository, 1)
  }

  private func isSame(_ package: Id, _ digest: Digest) -> Bool {
    var type: Id = 0
    let checksum = solvable_lookup_bin_checksum(solvable(package), Id(SOLVABLE_CHECKSUM), &type)
    guard let checksum, type == Id(REPOKEY_TYPE_SHA256) else { return false }
    return digest.bytes.elementsEqual(UnsafeBufferPointer(start: checksum, count: 32))
  }

  private func copy(_ package: Id, to copy: Id) {
    let source = solvable(package).pointee
    solvable(copy).pointee.name = source.name
    solvable(copy).pointee.evr = source.evr
    solvable(copy).pointee.arch = source.arch
    solvable(copy).pointee.vendor = source.vendor
    for kind in [
      SOLVABLE_PROVIDES, SOLVABLE_REQUIRES, SOLVABLE_CONFLICTS, SOLVABLE_OBSOLETES, SOLVABLE_RECOMMENDS,
      SOLVABLE_SUGGESTS, SOLVABLE_SUPPLEMENTS, SOLVABLE_ENHANCES,
    ] {
      // With the library's marks, which tell file provides and install-time requirements from the others.
      let dependencies = IDQueue()
      solvable_lookup_deparray(solvable(package), Id(kind), dependencies.pointer, 0)
      if dependencies.pointer.pointee.count > 0 {
        solvable_set_deparray(solvable(copy), Id(kind), dependencies.pointer, 0)
      }
    }
  }
}
