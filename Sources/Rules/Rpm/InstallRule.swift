import GraphCore

/// What a package command asks for, in the terms of the solver.
struct PackageInstallation: Hashable {
  /// Requests as dnf understands them, in the order they were written.
  var packages: [String]
  /// Whether recommended packages are installed too.
  var weakDependencies: Bool
}

/// Packages on a root: a `lock` node that solves, and an `install` node whose key holds the solved set and nothing else
/// of the repositories. A change of a repository that leaves the set as it was ends at the lock.
extension Compilation {
  /// Adds lock, install and pack nodes and stacks the layer on `state`.
  ///
  /// - Parameters:
  ///   - step: what the names of the nodes begin with, such as `3 `.
  ///   - architecture: of the root, which may be another one than the label's.
  func addInstallation(
    _ installation: PackageInstallation, step: String, text: String, to state: inout ImageState, label: Label,
    architecture: Architecture, location: SourceLocation
  ) {
    let repositories = state.repositories.enumerated().map {
      Input("repository/\(ImageState.number($0))", $1.source)
    }
    for run in state.uncheckedRuns {
      let check = builder.add(
        Node(
          label: label, step: "\(step)check of \(run.step)",
          action: Action(
            rule: PackageDatabaseOperation.rule, inputs: [Input("layer", run.layer.source)],
            outputs: [.init("unchanged", .blob)]),
          location: location))
      state.checks.append(OutputReference(node: check, output: "unchanged"))
    }
    state.uncheckedRuns = []
    let checks = state.checks.enumerated().map { Input("check/\(ImageState.number($0))", $1.source) }
    let installed = state.locks.enumerated().map { Input("installed/\(ImageState.number($0))", $1.source) }
    let lock = builder.add(
      Node(
        label: label, step: step + "lock",
        action: Action(
          rule: LockOperation.rule,
          arguments: [
            .init("install", installation.packages),
            .init("weak-dependencies", installation.weakDependencies ? "yes" : "no"),
            // Another version of the library may choose other packages.
            .init("library", PackageSolver.libraryVersion),
          ],
          architecture: architecture, inputs: repositories + installed + checks,
          outputs: [.init("lock", .blob), .init("packages", .tree), .init("epoch", .blob)]),
        location: location))
    let install = builder.add(
      Node(
        label: label, step: step + "install",
        action: Action(
          rule: .init("install", version: 1), architecture: architecture,
          inputs: state.layerInputs
            + [Input("packages", .output(lock, "packages")), Input("epoch", .output(lock, "epoch"))]
            + toolInputs(["rpm", "sh"]),
          outputs: [.init("layer", .layer)],
          command: Self.rpmCommand,
          limits: .init(timeoutSeconds: 1800, memoryMegabytes: 512)),
        location: location))
    state.locks.append(OutputReference(node: lock, output: "lock"))
    push(
      OutputReference(node: install, output: "layer"), step: step, to: &state, label: label,
      location: location)
    state.history.append((text, state.layers.count - 1))
  }

  /// rpm of the host on the stacked root (`--force-debian`: Debian's own build asks for it). Digests were checked when
  /// the files came out of the store. Scriptlets run inside the root, under the architecture's emulator where it
  /// is foreign. The package files are sorted by the shell, so that their order is that of their names.
  private static let rpmCommand = Command(
    argv: [
      "/bin/sh", "-ec",
      """
      set -- /build/packages/*.rpm
      [ -e "$1" ] || exit 0
      exec rpm --root /target --force-debian --define '_dbpath /var/lib/rpm' --define '_db_backend sqlite' \
        --define '_pkgverify_level none' --nosignature --nodigest --ignorearch --ignoreos --noplugins --install "$@"
      """,
    ],
    workingDirectory: "/build", root: .hostWithLayers(target: "/target"),
    stages: [.init(role: "packages", path: "/build/packages")],
    collects: [.init(output: "layer", from: .changes)],
    // What differs from run to run and that nothing needs: sqlite's shared memory and log, rpm's lock, the linker
    // cache's own cache.
    discards: [
      "/var/lib/rpm/rpmdb.sqlite-shm", "/var/lib/rpm/rpmdb.sqlite-wal", "/var/lib/rpm/.rpm.lock",
      "/var/cache/ldconfig",
    ])
}
