import Glibc

/// One command of yum, dnf or microdnf whose effect graph reproduces without running it.
enum PackageCommand: Hashable {
  case transaction(PackageTransaction)
  /// Empties the caches.
  case clean
  /// Fills a cache, which an image whose packages are installed from outside does without.
  case makeCache

  /// Why a package command is left to the shell, as the end of a sentence about it.
  struct NotLowered: Error, Hashable { let reason: String }

  static let programs: Set<String> = ["yum", "dnf", "microdnf"]

  /// What a command means.
  ///
  /// - Parameter repositories: the names of the declared repositories, best first.
  /// - Returns: `nil` for another program.
  static func read(_ words: [String], repositories: [String]) -> Result<PackageCommand, NotLowered>? {
    guard let program = words.first, programs.contains(program) else { return nil }
    do throws(NotLowered) {
      var options = PackageOptions(program: program, repositories: repositories)
      let plain = try options.read(words.dropFirst())
      return .success(try command(plain, program: program, options: options))
    } catch {
      return .failure(error)
    }
  }

  private static func command(
    _ plain: [String], program: String, options: PackageOptions
  ) throws(NotLowered) -> PackageCommand {
    guard var name = plain.first else { throw NotLowered(reason: "it names no subcommand") }
    var operands = Array(plain.dropFirst())
    if name == "group" || name == "groups", let second = operands.first {
      name = "group" + second
      operands.removeFirst()
    }
    switch name {
    case "clean":
      guard !operands.isEmpty, operands.allSatisfy(cleanable.contains) else {
        throw NotLowered(reason: "'clean' is taken apart with \(cleanable.sorted().joined(separator: ", "))")
      }
      return .clean
    case "makecache":
      guard operands.isEmpty || operands == ["fast"] && program == "yum" else {
        throw NotLowered(reason: "'makecache \(operands[0])' is not reproduced")
      }
      return .makeCache
    case "groupinstall" where program != "microdnf":
      let wrong = operands.first { $0.hasPrefix("@") || $0.contains("/") || $0.contains(":") }
      if let wrong { throw NotLowered(reason: "'\(wrong)' is more than the name of a group") }
      return .transaction(try options.transaction(.install, operands.map { "@" + $0 }))
    default: break
    }
    guard let verb = verbs[name], program != "microdnf" || !microVerbsWithout.contains(verb) else {
      throw NotLowered(reason: "'\(program) \(name)' is not reproduced")
    }
    for operand in operands { try check(operand, verb) }
    // dnf removes by name what 'autoremove' names.
    let actual = verb == .autoremove && !operands.isEmpty ? .remove : verb
    if verb == .autoremove, program == "yum" {
      throw NotLowered(reason: "what 'yum autoremove' takes for unneeded is not known")
    }
    return .transaction(try options.transaction(actual, operands))
  }

  private static let cleanable: Set<String> = ["all", "packages", "metadata", "dbcache", "expire-cache"]

  private static let verbs: [String: PackageTransaction.Verb] = [
    "install": .install, "in": .install, "update": .upgrade, "upgrade": .upgrade, "up": .upgrade,
    "reinstall": .reinstall, "rei": .reinstall, "downgrade": .downgrade, "dg": .downgrade,
    "remove": .remove, "erase": .remove, "rm": .remove, "autoremove": .autoremove,
    "distro-sync": .synchronize, "distrosync": .synchronize, "distribution-synchronization": .synchronize,
    "dsync": .synchronize,
  ]

  /// What microdnf lacks, or does in a way of its own.
  private static let microVerbsWithout: Set<PackageTransaction.Verb> = [
    .remove, .autoremove, .downgrade, .synchronize,
  ]

  /// Whether an operand is answered from the repositories: no file, no address, no module.
  private static func check(_ operand: String, _ verb: PackageTransaction.Verb) throws(NotLowered) {
    if operand.isEmpty { throw NotLowered(reason: "it names a package with no name") }
    if operand.contains("://") { throw NotLowered(reason: "'\(operand)' is an address") }
    if operand.hasSuffix(".rpm") || operand.hasPrefix("./") || operand.hasPrefix("../") {
      throw NotLowered(reason: "'\(operand)' is a file of the image")
    }
    guard operand.hasPrefix("@") else { return }
    if operand.contains(":") || operand.contains("/") {
      throw NotLowered(reason: "'\(operand)' is a stream of a module, or more than the name of a group")
    }
    if verb != .install { throw NotLowered(reason: "groups are taken apart for 'install' only") }
  }
}

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
