import CSolv
import Glibc
import GraphCore

extension PackagePool {
  struct UnknownPackage: Error { let reason: String }

  /// The packages that a request means, installed ones among them.
  struct Matches {
    var packages: [Id]
    /// Whether the request was a name, with or without version and architecture: no capability and no path.
    var isByName: Bool
    /// Whether it was a name alone.
    var isJustName: Bool
    var isPattern: Bool
  }

  /// What a request means, as dnf understands it: name, `name.arch`, `name-version`, `name-version-release`,
  /// `name-epoch:version-release.arch`, what a package provides, with or without a relation, and paths of
  /// files.
  ///
  /// - Parameter amongInstalled: whether nothing else is looked at.
  func matches(_ request: String, amongInstalled: Bool = false) throws(UnknownPackage) -> Matches {
    if request.isEmpty || request.utf8.contains(0) { throw UnknownPackage(reason: "a request is empty") }
    let (matched, packages) = select(
      request, extra: amongInstalled ? SELECTION_INSTALLED_ONLY : 0, amongInstalled: amongInstalled)
    if packages.isEmpty { throw UnknownPackage(reason: reason(noPackage: request)) }
    return Matches(
      packages: packages, isByName: matched & SELECTION_NAME != 0,
      isJustName: matched & SELECTION_NAME != 0
        && matched & (SELECTION_CANON | SELECTION_DOTARCH | SELECTION_REL) == 0,
      isPattern: request.utf8.contains { "*?[".utf8.contains($0) })
  }

  /// The sets of packages of which an installation needs one each.
  ///
  /// A pattern (`lib*`) asks for one package of every name that it matches; any other request for one package.
  /// - Returns: one set per name, sorted by name bytes.
  func sets(for request: String) throws(UnknownPackage) -> [[Id]] {
    let found = try matches(request)
    func wanted(_ packages: [Id]) -> [Id] {
      Self.unique(found.isJustName ? packages + obsoleters(of: packages) : packages)
    }
    guard found.isPattern else { return [wanted(found.packages)] }
    let byName = Dictionary(grouping: found.packages) { name($0) }
    return byName.sorted { $0.key.precedesInBytes($1.key) }.map { wanted($0.value) }
  }

  /// The packages whose names, versions and architectures a pattern matches, read in the first of dnf's forms that
  /// matches any: `name-version-release.arch`, `name.arch`, `name`, `name-version-release`, `name-version`.
  ///
  /// - Returns: `nil` for what is no pattern.
  private func matching(pattern: String) -> (packages: [Id], isJustName: Bool)? {
    guard pattern.utf8.contains(where: { "*?[".utf8.contains($0) }), !pattern.hasPrefix("/") else {
      return nil
    }
    func split(_ text: Substring, _ separator: Character) -> (Substring, Substring)? {
      guard let place = text.lastIndex(of: separator), place > text.startIndex else { return nil }
      return (text[..<place], text[text.index(after: place)...])
    }
    typealias Form = (name: Substring, version: Substring?, release: Substring?, arch: Substring?)
    var forms: [Form] = []
    func add(_ text: Substring, arch: Substring?, parts: Int) {
      guard parts > 0 else { return forms.append((text, nil, nil, arch)) }
      guard let (rest, last) = split(text, "-") else { return }
      guard parts > 1 else { return forms.append((rest, last, nil, arch)) }
      if let (name, version) = split(rest, "-") { forms.append((name, version, last, arch)) }
    }
    let withArch = split(pattern[...], ".")
    if let (rest, arch) = withArch { add(rest, arch: arch, parts: 2) }
    if let (rest, arch) = withArch { add(rest, arch: arch, parts: 0) }
    for parts in [0, 2, 1] { add(pattern[...], arch: nil, parts: parts) }
    for form in forms {
      let found = packages.filter { matches($0, form) }
      if !found.isEmpty { return (found, form.version == nil && form.arch == nil) }
    }
    return ([], false)
  }

  private func matches(
    _ package: Id, _ form: (name: Substring, version: Substring?, release: Substring?, arch: Substring?)
  ) -> Bool {
    func match(_ pattern: Substring, _ text: Substring) -> Bool {
      fnmatch(String(pattern), String(text), 0) == 0
    }
    guard match(form.name, name(package)[...]) else { return false }
    if let arch = form.arch, !match(arch, text(solvable(package).pointee.arch)[...]) { return false }
    guard var version = form.version else { return true }
    var evr = text(solvable(package).pointee.evr)[...]
    if let colon = version.firstIndex(of: ":") {
      let epoch = evr.firstIndex(of: ":").map { evr[..<$0] } ?? "0"
      guard match(version[..<colon], epoch) else { return false }
      version = version[version.index(after: colon)...]
    }
    if let colon = evr.firstIndex(of: ":") { evr = evr[evr.index(after: colon)...] }
    let dash = evr.lastIndex(of: "-") ?? evr.endIndex
    guard match(version, evr[..<dash]) else { return false }
    guard let release = form.release else { return true }
    return dash < evr.endIndex && match(release, evr[evr.index(after: dash)...])
  }

  /// Names and what packages provide come first, as with dnf; the lists of files are asked last.
  private func select(
    _ request: String, extra: Int32 = 0, amongInstalled: Bool = false
  ) -> (matched: Int32, packages: [Id]) {
    let names =
      SELECTION_NAME | SELECTION_PROVIDES | SELECTION_GLOB | SELECTION_CANON | SELECTION_DOTARCH
      | SELECTION_REL
    let files = SELECTION_FILELIST | SELECTION_GLOB
    let isPath = request.hasPrefix("/") || request.hasPrefix("*/")
    if let found = matching(pattern: request) {
      let packages = found.packages.filter {
        isConsidered($0) && (isInstalled($0) || fits($0) && !amongInstalled)
      }
      if !packages.isEmpty {
        return (SELECTION_NAME | (found.isJustName ? 0 : SELECTION_CANON), packages)
      }
    }
    let named = packages(calledJust: request, amongInstalled: amongInstalled)
    if extra & ~SELECTION_INSTALLED_ONLY == 0, !named.isEmpty { return (SELECTION_NAME, named) }
    for flags in isPath ? [names, files] : [names] {
      // Installed packages have no lists of files of their own.
      let extra = flags == files && amongInstalled ? 0 : extra
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

  /// What the library finds for a plain name, which is nearly every request: it looks at every package for that.
  private func packages(calledJust name: String, amongInstalled: Bool) -> [Id] {
    let named = amongInstalled ? [] : packages(named: name).filter { fits($0) && isConsidered($0) }
    let id = pool_str2id(pointer, name, 0)
    return named + installed.filter { solvable($0).pointee.name == id }
  }

  /// Installed packages are copies without lists of files, so a path finds only the packages they were copied
  /// from.
  private func installedTwins(of packages: [Id]) -> [Id] {
    guard pointer.pointee.installed != nil else { return [] }
    let names = Set(packages.map { packageName($0) })
    return self.packages.filter { isInstalled($0) && names.contains(packageName($0)) }
  }

  /// The packages of the repositories that an exclusion means: names, versions and architectures, and patterns of them.
  func excluded(by pattern: String) -> [Id] {
    if let found = matching(pattern: pattern) { return found.packages.filter { !isInstalled($0) } }
    let selection = IDQueue()
    let packages = IDQueue()
    let flags =
      SELECTION_NAME | SELECTION_GLOB | SELECTION_CANON | SELECTION_DOTARCH | SELECTION_WITH_BADARCH
    if selection_make(pointer, selection.pointer, pattern, flags) == 0 { return [] }
    selection_solvables(pointer, selection.pointer, packages.pointer)
    return packages.ids.filter { !isInstalled($0) }
  }

  /// The packages that obsolete one of `packages`: who asks for an old name gets its successor.
  private func obsoleters(of packages: [Id]) -> [Id] {
    packages.flatMap { package in
      let provided = Set(dependencies(package, SOLVABLE_PROVIDES).map { nameOnly($0) })
      let candidates = Set(provided.flatMap { obsoleters(named: $0) }).sorted()
      return candidates.filter { candidate in
        solvable(candidate).pointee.name != solvable(package).pointee.name
          && dependencies(candidate, SOLVABLE_OBSOLETES).contains { providers($0).contains(package) }
      }
    }.filter { fits($0) && isConsidered($0) }
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
