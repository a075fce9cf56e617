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
  init?(_ form: Dockerfile.Form) {
    guard case .shell(let text) = form, let chain = ShellCommand.split(text) else { return nil }
    installations = []
    var remaining = chain[...]
    var hasPackageCommand = false
    while let words = remaining.first, let command = PackageCommand(words) {
      hasPackageCommand = true
      if case .install(let installation) = command { installations.append(installation) }
      remaining = remaining.dropFirst()
    }
    guard hasPackageCommand else { return nil }
    // Cleaning at the end is nothing either, for no package manager ran in the image.
    while let words = remaining.last, PackageCommand(words) == .nothing { remaining = remaining.dropLast() }
    rest = remaining.isEmpty ? nil : remaining.map { $0.map(Self.quote).joined(separator: " ") }.joined(separator: " && ")
  }

  private static func quote(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.utf8.allSatisfy { $0 > 0x2a && $0 < 0x7f && !";<>?[\\]^`{|}~".utf8.contains($0) }
    return isPlain ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

/// One command of yum, dnf or microdnf.
enum PackageCommand: Hashable {
  case install(PackageInstallation)
  /// A command that changes nothing in an image whose packages are installed from outside.
  case nothing

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
      case "--setopt=install_weak_deps=False", "--setopt=install_weak_deps=false", "--setopt=install_weak_deps=0":
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
      guard isAssumedYes, !operands.isEmpty, !operands.contains(where: { $0.hasSuffix(".rpm") || $0.hasPrefix("@") })
      else { return nil }
      self = .install(PackageInstallation(packages: operands, weakDependencies: weakDependencies))
    case "clean": self = .nothing
    case "makecache": self = .nothing
    default: return nil
    }
  }
}
