/// What a package command asks for, in the terms of the solver: all that a lock depends on beside the metadata of the
/// repositories and what is installed.
public struct PackageTransaction: Hashable, Sendable {
  /// What is asked, by dnf's names.
  public enum Verb: String, Sendable {
    case install, upgrade, reinstall, downgrade, remove, autoremove
    case synchronize = "distro-sync"
  }

  public var verb: Verb
  /// What it is asked of, as dnf understands it and in the order it was written; groups are `@NAME`. Empty for
  /// everything that is installed, where the verb allows that.
  public var requests: [String]
  /// Whether recommended packages are installed too (`install_weak_deps`).
  public var weakDependencies = true
  /// Whether a request is for the newest version and for no other (`best`).
  public var best = true
  /// Whether packages that are in the way of a request may go (`--allowerasing`).
  public var mayErase = false
  /// Whether a request that cannot be had is a problem (`strict`); else it is left out.
  public var isStrict = true
  /// Names, `name.arch` and patterns of packages that are not there (`--exclude`).
  public var excludes: [String] = []
  /// Whether what was only required by a removed package goes with it (`clean_requirements_on_remove`).
  public var cleansRequirements = true
  /// Which packages of a group are wanted (`group_package_types`).
  public var groupTypes: [String] = PackageTransaction.defaultGroupTypes
  /// The names of the repositories that are on, best first; `nil` for all.
  public var repositories: [String]?
  /// Whether files marked as documentation are installed (`tsflags=nodocs`). Matters to the installation alone.
  public var documentation = true

  public static let defaultGroupTypes = ["mandatory", "default", "conditional"]

  public init(_ verb: Verb, _ requests: [String]) {
    self.verb = verb
    self.requests = requests
  }

  /// An installation as bases ask for it: the best that can be installed.
  public init(packages: [String], weakDependencies: Bool) {
    self.init(.install, packages)
    self.weakDependencies = weakDependencies
    best = false
  }

  /// Whether it takes place among what is installed, without any repository.
  var isRemoval: Bool { verb == .remove || verb == .autoremove }
}
