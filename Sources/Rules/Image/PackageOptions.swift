import Glibc

/// The options of a package command.
struct PackageOptions {
  let program: String
  let repositories: [String]
  private var result = PackageTransaction(.install, [])
  private var isAssumedYes = false
  private var usesCacheOnly = false
  private var enabled: Set<String>
  /// What `--setopt` says, which wins over other options wherever it stands.
  private var settings: [String] = []
  /// Whether `--repo` has named those that are on.
  private var isLimited = false

  init(program: String, repositories: [String]) {
    self.program = program
    self.repositories = repositories
    enabled = Set(repositories)
    // Its own default; dnf's is to remove them.
    result.cleansRequirements = program != "yum"
  }

  /// Reads the words behind the program.
  ///
  /// - Returns: those that are no options.
  mutating func read(_ words: ArraySlice<String>) throws(PackageCommand.NotLowered) -> [String] {
    var plain: [String] = []
    var rest = words
    while let word = rest.popFirst() {
      if word.hasPrefix("--") {
        let equals = word.firstIndex(of: "=")
        let name = String(word[..<(equals ?? word.endIndex)].dropFirst(2))
        if try readFlag(name, hasValue: equals != nil) { continue }
        let value = equals.map { String(word[word.index(after: $0)...]) } ?? rest.popFirst()
        guard let value else { throw .init(reason: "'\(word)' has no value") }
        try readValue(name, value)
      } else if word.hasPrefix("-"), word.utf8.count > 1 {
        try readShort(word, &rest)
      } else {
        plain.append(word)
      }
    }
    for setting in settings { try readSetting(setting) }
    return plain
  }

  func transaction(
    _ verb: PackageTransaction.Verb, _ requests: [String]
  ) throws(PackageCommand.NotLowered) -> PackageTransaction {
    // The real program would ask, get no answer and fail.
    guard isAssumedYes else { throw .init(reason: "without '-y' it asks, and nobody answers") }
    var transaction = result
    transaction.verb = verb
    transaction.requests = requests
    let isForAll = [.upgrade, .autoremove, .synchronize].contains(verb)
    if requests.isEmpty, !isForAll { throw .init(reason: "it names no package") }
    if usesCacheOnly, !transaction.isRemoval {
      throw .init(reason: "'--cacheonly' depends on a cache in the image")
    }
    if transaction.isRemoval {
      transaction.repositories = nil
    } else if enabled.count < repositories.count {
      transaction.repositories = repositories.filter(enabled.contains)
      if enabled.isEmpty { throw .init(reason: "it leaves no declared repository on") }
    }
    return transaction
  }

  /// - Returns: whether it is an option without a value.
  private mutating func readFlag(_ name: String, hasValue: Bool) throws(PackageCommand.NotLowered) -> Bool {
    switch name {
    case "assumeyes": isAssumedYes = true
    case "quiet", "verbose", "nogpgcheck", "noplugins", "refresh", "obsoletes": break
    case "best": result.best = true
    case "nobest": result.best = false
    case "allowerasing": result.mayErase = true
    case "skip-broken": result.isStrict = false
    case "nodocs": result.documentation = false
    case "noautoremove": result.cleansRequirements = false
    case "cacheonly": usesCacheOnly = true
    case "with-optional": result.groupTypes.append("optional")
    default:
      if Self.valued.contains(name) { return false }
      throw .init(reason: "the option '--\(name)' is not reproduced")
    }
    if hasValue { throw .init(reason: "the option '--\(name)' takes no value") }
    return true
  }

  private static let valued: Set<String> = [
    "setopt", "exclude", "excludepkgs", "enablerepo", "disablerepo", "repo", "repoid", "debuglevel",
    "errorlevel", "rpmverbosity", "color", "randomwait", "disableplugin", "disableexcludes",
    "disableexcludepkgs",
  ]

  private mutating func readValue(_ name: String, _ value: String) throws(PackageCommand.NotLowered) {
    let items = value.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
    switch name {
    case "setopt": settings.append(value)
    case "exclude", "excludepkgs": result.excludes += items
    case "disablerepo": items.forEach { enabled.subtract(matching($0)) }
    case "enablerepo": for item in items { enabled.formUnion(try known(item)) }
    case "repo", "repoid":
      if !isLimited { enabled = [] }
      isLimited = true
      for item in items { enabled.formUnion(try known(item)) }
    default: break
    }
  }

  private func matching(_ pattern: String) -> [String] {
    repositories.filter { fnmatch(pattern, $0, 0) == 0 }
  }

  private func known(_ pattern: String) throws(PackageCommand.NotLowered) -> [String] {
    let found = matching(pattern)
    if found.isEmpty { throw .init(reason: "no declared repository is called '\(pattern)'") }
    return found
  }

  private mutating func readShort(
    _ word: String, _ rest: inout ArraySlice<String>
  ) throws(PackageCommand.NotLowered) {
    let letters = Array(word.dropFirst())
    if letters[0] == "x" || letters[0] == "d" || letters[0] == "e" || letters[0] == "R" {
      let value = letters.count > 1 ? String(letters.dropFirst()) : rest.popFirst()
      guard let value else { throw .init(reason: "'\(word)' has no value") }
      if letters[0] == "x" { try readValue("exclude", value) }
      return
    }
    for letter in letters {
      switch letter {
      case "y": isAssumedYes = true
      case "q", "v": break
      case "b": result.best = true
      case "C": usesCacheOnly = true
      default: throw .init(reason: "the option '\(word)' is not reproduced")
      }
    }
  }

  private mutating func readSetting(_ text: String) throws(PackageCommand.NotLowered) {
    guard let equals = text.firstIndex(of: "=") else {
      throw .init(reason: "'--setopt \(text)' gives no value")
    }
    // A setting of one repository, or of all of them: `*.skip_if_unavailable`.
    let key = text[..<equals].split(separator: ".").last.map(String.init) ?? ""
    let isOfRepository = text[..<equals].contains(".")
    let value = String(text[text.index(after: equals)...])
    if Self.settingsWithoutEffect.contains(key) { return }
    let unknown = PackageCommand.NotLowered(reason: "'--setopt=\(text)' is not reproduced")
    if isOfRepository { throw unknown }
    switch (key, Self.truth(value)) {
    case ("install_weak_deps", let truth?): result.weakDependencies = truth
    case ("best", let truth?): result.best = truth
    case ("strict", let truth?): result.isStrict = truth
    case ("clean_requirements_on_remove", let truth?): result.cleansRequirements = truth
    case ("assumeyes", let truth?): isAssumedYes = truth
    case ("keepcache", false?), ("obsoletes", true?), ("assumeno", false?): break
    case ("tsflags", _) where value.isEmpty: result.documentation = true
    case ("tsflags", _) where value == "nodocs": result.documentation = false
    case ("multilib_policy", _) where value == "best": break
    case ("exclude", _), ("excludepkgs", _): try readValue("exclude", value)
    case ("group_package_types", _):
      result.groupTypes = value.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
    default: throw unknown
    }
  }

  private static func truth(_ value: String) -> Bool? {
    switch value.lowercased() {
    case "1", "yes", "true", "on": true
    case "0", "no", "false", "off": false
    default: nil
    }
  }

  /// What is about the network, caches, logs and checks of signatures.
  private static let settingsWithoutEffect: Set<String> = [
    "skip_if_unavailable", "gpgcheck", "repo_gpgcheck", "localpkg_gpgcheck", "deltarpm",
    "deltarpm_percentage",
    "fastestmirror", "max_parallel_downloads", "retries", "timeout", "minrate", "throttle", "bandwidth",
    "metadata_expire", "metadata_timer_sync", "mirrorlist_expire", "http_caching", "ip_resolve", "zchunk",
    "proxy", "sslverify", "color", "debuglevel", "errorlevel", "plugins", "history_record", "cachedir",
    "logdir",
    "skip_missing_names_on_install", "skip_missing_names_on_update", "protected_multilib", "diskspacecheck",
  ]
}
