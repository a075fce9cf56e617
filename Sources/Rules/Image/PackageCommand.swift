import Manifests

/// A RUN instruction as far as it is package installation: what is lowered to lock and install, and what is left.
///
/// Lowered exactly or not at all. Only a chain of plain commands joined by `&&` is taken apart, from its start: the
/// package commands there become installations, cache cleaning becomes nothing, and the rest stays one shell command.
struct LoweredRun: Hashable {
  var installations: [PackageInstallation]
  /// The commands after them, quoted again for the shell; `nil` where nothing is left.
  var rest: String?

  /// - Returns: `nil` where the text begins with no package command that can be lowered.
  ///
  /// - Parameter cleaningIsNothing: whether no cache can be there to clean.
  init?(_ form: Dockerfile.Form, cleaningIsNothing: Bool) {
    guard case .shell(let text) = form, let chain = ShellCommand.split(text) else { return nil }
    func isNothing(_ command: PackageCommand?) -> Bool { command == .makeCache || command == .clean }
    installations = []
    var remaining = chain[...]
    var hasPackageCommand = false
    while let words = remaining.first, let command = PackageCommand(words),
      cleaningIsNothing || command != .clean
    {
      hasPackageCommand = true
      if case .install(let installation) = command { installations.append(installation) }
      remaining = remaining.dropFirst()
    }
    guard hasPackageCommand else { return nil }
    // Cleaning at the end is nothing either, for no package manager ran in the image.
    while cleaningIsNothing, let words = remaining.last, isNothing(PackageCommand(words)) {
      remaining = remaining.dropLast()
    }
    rest =
      remaining.isEmpty
      ? nil : remaining.map { $0.map(Self.quote).joined(separator: " ") }.joined(separator: " && ")
  }

  private static func quote(_ word: String) -> String {
    let isPlain =
      !word.isEmpty && word.utf8.allSatisfy { $0 > 0x2a && $0 < 0x7f && !";<>?[\\]^`{|}~".utf8.contains($0) }
    return isPlain
      ? word
      : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

/// One command of yum, dnf or microdnf.
enum PackageCommand: Hashable {
  case install(PackageInstallation)
  /// Fills a cache, which an image whose packages are installed from outside does without.
  case makeCache
  /// Empties the caches.
  case clean

  /// - Returns: `nil` for another program, another subcommand, or any option whose meaning is not reproduced.
  init?(_ words: [String]) {
    guard let program = words.first, ["yum", "dnf", "microdnf"].contains(program) else { return nil }
    var weakDependencies = true
    var isAssumedYes = false
    var plain: [String] = []
    for word in words.dropFirst() {
      switch word {
      case "-y", "--assumeyes": isAssumedYes = true
      case "-q", "--quiet", "-v", "--verbose", "--nogpgcheck": continue
      case "--setopt=install_weak_deps=False", "--setopt=install_weak_deps=false",
        "--setopt=install_weak_deps=0":
        weakDependencies = false
      default:
        if word.hasPrefix("-") { return nil }
        plain.append(word)
      }
    }
    guard let subcommand = plain.first else { return nil }
    let operands = Array(plain.dropFirst())
    switch subcommand {
    case "install":
      // Without -y, the real program would ask, get no answer and fail. A local file is no request to a repository.
      guard isAssumedYes, !operands.isEmpty, operands.allSatisfy(Self.isRequest) else { return nil }
      self = .install(PackageInstallation(packages: operands, weakDependencies: weakDependencies))
    case "clean":
      guard !operands.isEmpty, operands.allSatisfy(Self.cleanable.contains) else { return nil }
      self = .clean
    case "makecache":
      guard operands.isEmpty || operands == ["fast"] && program == "yum" else { return nil }
      self = .makeCache
    default: return nil
    }
  }

  private static let cleanable: Set<String> = ["all", "packages", "metadata", "dbcache", "expire-cache"]

  /// Whether an operand of `install` is answered from the repositories: no file, no address, no group, no module.
  private static func isRequest(_ operand: String) -> Bool {
    !operand.isEmpty && !operand.hasSuffix(".rpm") && !operand.hasPrefix("@") && !operand.contains("://")
      && !operand.hasPrefix("./") && !operand.hasPrefix("../")
  }
}
