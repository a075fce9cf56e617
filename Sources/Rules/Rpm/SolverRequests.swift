import CSolv
import GraphCore

/// The packages that satisfy one job: any one of them does.
struct PackageJob {
  var packages: [Id]
  /// The request as it was given.
  var request: String
}

extension PackagePool {
  /// What a request means, as dnf understands it: name, `name.arch`, `name-version`, `name-version-release`,
  /// `name-epoch:version-release.arch`, what a package provides, with or without a relation, and paths of
  /// files.
  ///
  /// A pattern (`lib*`) asks for one package of every name that it matches; any other request for one
  /// package.
  /// - Returns: one job per name, sorted by name bytes; or the problem where nothing matches.
  func jobs(for request: String) -> Result<[PackageJob], UnknownPackage> {
    if request.isEmpty || request.utf8.contains(0) {
      return .failure(UnknownPackage(reason: "a request is empty"))
    }
    if request.hasPrefix("@") {
      return .failure(UnknownPackage(reason: "'\(request)' is a group: name the packages instead"))
    }
    let (matched, packages) = select(request)
    if packages.isEmpty { return .failure(UnknownPackage(reason: reason(noPackage: request))) }
    let justName =
      matched & SELECTION_NAME != 0 && matched & (SELECTION_CANON | SELECTION_DOTARCH | SELECTION_REL) == 0
    guard request.utf8.contains(where: { "*?[".utf8.contains($0) }) else {
      let wanted = justName ? packages + obsoleters(of: packages) : packages
      return .success([PackageJob(packages: Self.unique(wanted), request: request)])
    }
    let byName = Dictionary(grouping: packages) { name($0) }
    return .success(
      byName.sorted { $0.key.precedesInBytes($1.key) }.map { _, packages in
        let wanted = justName ? packages + obsoleters(of: packages) : packages
        return PackageJob(packages: Self.unique(wanted), request: request)
      })
  }

  struct UnknownPackage: Error { let reason: String }

  /// Names and what packages provide come first, as with dnf; the lists of files are asked last.
  private func select(_ request: String, extra: Int32 = 0) -> (matched: Int32, packages: [Id]) {
    let names =
      SELECTION_NAME | SELECTION_PROVIDES | SELECTION_GLOB | SELECTION_CANON | SELECTION_DOTARCH
      | SELECTION_REL
    let files = SELECTION_FILELIST | SELECTION_GLOB
    let isPath = request.hasPrefix("/") || request.hasPrefix("*/")
    for flags in isPath ? [names, files] : [names] {
      let selection = IDQueue()
      let packages = IDQueue()
      let matched = selection_make(pointer, selection.pointer, request, flags | extra)
      if matched == 0 { continue }
      selection_solvables(pointer, selection.pointer, packages.pointer)
      let found = packages.ids
      if !found.isEmpty { return (matched, flags == files ? found + installedTwins(of: found) : found) }
    }
    return (0, [])
  }

  /// Installed packages are copies without lists of files, so a path finds only the packages they were copied
  /// from.
  private func installedTwins(of packages: [Id]) -> [Id] {
    guard pointer.pointee.installed != nil else { return [] }
    let names = Set(packages.map { packageName($0) })
    return self.packages.filter { isInstalled($0) && names.contains(packageName($0)) }
  }

  /// The packages that obsolete one of `packages`: who asks for an old name gets its successor.
  private func obsoleters(of packages: [Id]) -> [Id] {
    packages.flatMap { package in
      let found = IDQueue()
      pool_whatmatchessolvable(pointer, Id(SOLVABLE_OBSOLETES), package, found.pointer, 0)
      return found.ids.filter { solvable($0).pointee.name != solvable(package).pointee.name }
    }.filter { fits($0) }
  }

  private func fits(_ package: Id) -> Bool {
    let arch = text(solvable(package).pointee.arch)
    return isInstalled(package) || architecture.names.compatible.contains(arch)
  }

  /// Each once, in the order of the first.
  static func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
    var seen = Set<Element>()
    return elements.filter { seen.insert($0).inserted }
  }

  private func reason(noPackage request: String) -> String {
    let others = select(request, extra: SELECTION_WITH_BADARCH).packages
    if !others.isEmpty {
      let found = Set(others.map { text(solvable($0).pointee.arch) }).sorted { $0.precedesInBytes($1) }
      return "no package '\(request)' for \(architecture): it exists for \(found.joined(separator: ", "))"
    }
    let names = Set(packages.map { name($0) }).sorted { $0.precedesInBytes($1) }
    let near = Nearest.match(for: request, among: names)
    return "no package '\(request)'" + (near.map { ": did you mean '\($0)'?" } ?? "")
  }
}
