import GraphCore
import Manifests
import Resolve

/// How rpmbuild is called so that the same sources give the same bytes, whatever the clock, the host and the folder.
enum RpmBuild {
  /// Of the newest entry of the changelog, as rpm itself would take it.
  static func environment(_ epoch: Int64?) -> [String: String] {
    ["SOURCE_DATE_EPOCH": "\(epoch ?? CommandEnvironment.earliestEpoch)"]
  }

  static func source(of rpm: ResolvedRpm) -> [String] {
    ["/bin/sh", "-ec", sourceScript, "sh"] + options(of: rpm, for: rpm.home)
  }

  static func packages(of rpm: ResolvedRpm, for architecture: Architecture?) -> [String] {
    ["/bin/sh", "-ec", packagesScript, "sh", rpm.isMixed ? "mixed" : ""]
      + (rpm.target.runsChecks ? [] : ["--nocheck"]) + options(of: rpm, for: architecture)
  }

  /// Sources get the time of the package, and no more of their modes than that they can be read.
  private static let sourceScript = """
    umask 022
    mkdir -p /build/work/SOURCES /build/work/SPECS /build/work/tmp /build/out/srpm
    cp /build/in/spec/* /build/work/SPECS
    if [ -e /build/in/source ]; then cp /build/in/source/* /build/work/SOURCES; fi
    find /build/work/SOURCES /build/work/SPECS -type f -exec chmod 644 {} + -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    exec rpmbuild -bs --nodeps "$@" /build/work/SPECS/*
    """

  /// The packages without architecture go to a folder of their own where there are others.
  private static let packagesScript = """
    umask 022
    mkdir -p /build/work/tmp /build/out/packages /build/out/noarch
    mixed=$1
    shift
    rpmbuild --rebuild --nodeps "$@" /build/in/srpm/*.src.rpm
    if [ "$mixed" ]; then
      for package in /build/out/packages/*.noarch.rpm; do
        if [ -e "$package" ]; then mv "$package" /build/out/noarch; fi
      done
    fi
    """

  /// Definitions hold after `--target` has been read, which what `--load` reads does not.
  private static func options(of rpm: ResolvedRpm, for architecture: Architecture?) -> [String] {
    var macros: [(String, String)] = []
    if let architecture, architecture != rpm.rootArchitecture(for: architecture) {
      // The root's strip and debugedit do not understand files of another architecture.
      macros += [("debug_package", "%{nil}"), ("__os_install_post", "%{nil}")]
    }
    if case .host = rpm.target.buildRoot {
      // Debian has a shell without arrays and braces as /bin/sh, and keeps rpm's database in the home folder.
      macros += [("_buildshell", "/bin/bash"), ("_dbpath", "/build/work/db")]
    }
    macros += rpm.target.macros.sorted { $0.key.precedesInBytes($1.key) }.map { ($0.key, $0.value) }
    macros += [
      ("_topdir", "/build/work"), ("_tmppath", "/build/work/tmp"), ("_srcrpmdir", "/build/out/srpm"),
      ("_rpmdir", "/build/out/packages"),
      ("_rpmfilename", "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm"), ("_buildhost", "reproducible"),
      ("use_source_date_epoch_as_buildtime", "1"), ("clamp_mtime_to_source_date_epoch", "1"),
      // The same, as rpm 4.20 calls it.
      ("build_mtime_policy", "clamp_to_source_date_epoch"),
    ]
    return ["--target", "\(architecture?.names.rpm ?? "noarch")-linux"]
      + macros.flatMap { ["--define", "\($0) \($1)"] }
  }
}
