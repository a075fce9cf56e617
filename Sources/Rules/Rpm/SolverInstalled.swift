import CSolv
import GraphCore

extension PackagePool {
  /// Marks packages as installed: as the package database describes them where it was read, else by copies of the
  /// packages that the repositories have.
  ///
  /// A locked package that neither knows keeps its name, version and architecture and provides itself; what else it
  /// provided and required is not known then, so a solve may replace it to satisfy such a requirement.
  /// - Precondition: file provides have been added, because copies have no lists of files.
  func install(_ locks: [LockedPackage], _ listed: PackageList? = nil) {
    guard let repository = pointer.pointee.installed else { return }
    var known: [String: [Id]] = [:]
    for name in Set(locks.map(\.name)) {
      for package in packages(named: name) { known[packageName(package), default: []].append(package) }
    }
    var described: [(Id, PackageList.Package)] = []
    for lock in locks {
      let copy = repo_add_solvable(repository)
      // Two repositories may call different files by one name; the one with the same bytes is meant.
      let twins = known[lock.nevra] ?? []
      let twin = twins.first { isSame($0, lock.digest) } ?? twins.first
      if let description = listed?.package(lock.nevra) {
        name(copy, as: lock)
        describe(copy, description)
        described.append((copy, description))
      } else if let twin {
        self.copy(twin, to: copy)
      } else {
        name(copy, as: lock)
        let provides = solvable_selfprovidedep(solvable(copy))
        solvable_add_deparray(solvable(copy), Id(SOLVABLE_PROVIDES), provides, 0)
      }
    }
    // Now that every requirement has a number, so has every path that one names.
    for (copy, description) in described { provideFiles(copy, description) }
    repo_internalize(repository)
  }

  private func name(_ copy: Id, as lock: LockedPackage) {
    solvable(copy).pointee.name = pool_str2id(pointer, lock.name, 1)
    solvable(copy).pointee.evr = pool_str2id(pointer, lock.evr, 1)
    solvable(copy).pointee.arch = pool_str2id(pointer, lock.arch, 1)
  }

  private func describe(_ copy: Id, _ description: PackageList.Package) {
    solvable(copy).pointee.vendor = pool_str2id(pointer, description.vendor, 1)
    if description.buildTime > 0 {
      solvable_set_num(solvable(copy), Id(SOLVABLE_BUILDTIME), UInt64(description.buildTime))
    }
    for (kind, dependencies) in description.dependencies {
      for dependency in dependencies {
        let number = self.dependency(dependency)
        if number != 0 { solvable_add_deparray(solvable(copy), Id(kind.key), number, 0) }
      }
    }
  }

  private func provideFiles(_ copy: Id, _ description: PackageList.Package) {
    for file in description.files {
      let path = pool_str2id(pointer, file, 0)
      if path != 0 { solvable_add_deparray(solvable(copy), Id(SOLVABLE_PROVIDES), path, 0) }
    }
  }

  /// The number of a dependency; 0 for one that only concerns rpm itself.
  private func dependency(_ dependency: PackageList.Dependency) -> Id {
    if dependency.name.hasPrefix("rpmlib(") { return 0 }
    if dependency.name.hasPrefix("(") { return pool_parserpmrichdep(pointer, dependency.name) }
    let name = pool_str2id(pointer, dependency.name, 1)
    guard dependency.relation != 0, !dependency.version.isEmpty else { return name }
    return pool_rel2id(
      pointer, name, pool_str2id(pointer, dependency.version, 1), Int32(dependency.relation), 1)
  }

  /// An empty repository in which packages are installed. The library forgets who provides what.
  func makeInstalled() {
    forgetInstalled()
    if let repository = repo_create(pointer, "@installed") { pool_set_installed(pointer, repository) }
  }

  /// Takes the packages away and keeps the repository for the next ones.
  func removeInstalled() {
    guard let repository = pointer.pointee.installed else { return }
    let first = repository.pointee.start
    if repository.pointee.nsolvables > 0 {
      repo_free_solvable_block(repository, first, repository.pointee.end - first, 1)
    }
    (repository.pointee.start, repository.pointee.end) = (0, 0)
  }

  private func forgetInstalled() {
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
