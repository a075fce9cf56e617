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
