import GraphCore

/// Packages on a root: a `lock` node that solves, and an `install` node whose key holds the solved set and nothing else
/// of the repositories. A change of a repository that leaves the set as it was ends at the lock.
extension Compilation {
  /// Adds lock, install and pack nodes and stacks the layer on `state`.
  ///
  /// - Parameters:
  ///   - step: what the names of the nodes begin with, such as `3 `.
  ///   - architecture: of the root, which may be another one than the label's.
  func addInstallation(
    _ transaction: PackageTransaction, step: String, text: String, to state: inout ImageState, label: Label,
    architecture: Architecture, location: SourceLocation
  ) {
    let layer = installedLayer(
      transaction, step: step, on: &state, label: label, architecture: architecture, location: location)
    push(layer, step: step, to: &state, label: label, location: location)
    state.history.append((text, state.layers.count - 1))
  }

  /// Adds lock and install nodes.
  ///
  /// - Returns: the layer, which is not yet on `state`.
  func installedLayer(
    _ transaction: PackageTransaction, step: String, on state: inout ImageState, label: Label,
    architecture: Architecture, location: SourceLocation
  ) -> OutputReference {
    let repositories = state.repositories.enumerated().map {
      Input("repository/\(ImageState.number($0))", $1.source)
    }
    let numbers = transaction.repositories.map { names in
      state.repositories.indices.filter { names.contains(builder[state.repositories[$0].node].label.name) }
        .map(ImageState.number)
    }
    addPackageList(step: step, to: &state, label: label, location: location)
    let installed = state.locks.enumerated().map { index, lock in
      Input("\(index < state.listedLocks ? "known" : "installed")/\(ImageState.number(index))", lock.source)
    }
    let upstreams = transaction.verb == .remove ? [] : upstreams(of: state.repositories)
    let list = state.packageList.map { [Input("list", $0.source)] } ?? []
    let lock = builder.add(
      Node(
        label: label, step: step + "lock",
        detail: transaction.verb == .install
          ? "" : ([transaction.verb.rawValue] + transaction.requests).joined(separator: " "),
        action: Action(
          rule: LockOperation.rule,
          arguments: LockOperation.arguments(of: transaction, numbers: numbers)
            + upstreams.map { .init("repository/\($0.number)", $0.terms.words) }
            // Another version of the library may choose other packages.
            + [.init("library", PackageSolver.libraryVersion)],
          architecture: architecture, inputs: repositories + list + installed,
          outputs: [
            .init("lock", .blob), .init("packages", upstreams.isEmpty ? .tree : .blob), .init("epoch", .blob),
          ]),
        location: location))
    let packages =
      upstreams.isEmpty
      ? lock
      : addPackageFetch(of: lock, from: upstreams, step: step, label: label, location: location)
    let install = builder.add(
      Node(
        label: label, step: step + "install",
        action: Action(
          rule: .init("install", version: 2), architecture: architecture,
          inputs: state.layerInputs
            + [Input("packages", .output(packages, "packages")), Input("epoch", .output(lock, "epoch"))]
            + toolInputs(["rpm", "sh"]),
          outputs: [.init("layer", .layer)],
          command: Self.rpmCommand(documentation: transaction.documentation),
          limits: .init(timeoutSeconds: 1800, memoryMegabytes: 512)),
        location: location))
    state.locks.append(OutputReference(node: lock, output: "lock"))
    return OutputReference(node: install, output: "layer")
  }

  /// rpm of the host on the stacked root (`--force-debian`: Debian's own build asks for it). Digests were checked when
  /// the files came out of the store. Scriptlets run inside the root, under the architecture's emulator where it
  /// is foreign. The package files are sorted by the shell, so that their order is that of their names.
  ///
  /// What comes in replaces older versions and what it obsoletes, in one transaction. What goes without a successor is
  /// erased behind it, as rpm itself orders the steps of one transaction; only then is rpm not asked about dependencies
  /// and files in between, which the solver has answered for the whole.
  private static func rpmCommand(documentation: Bool) -> Command {
    Command(
      argv: [
        "/bin/sh", "-ec",
        """
        cd /build/packages
        rpm() {
          command rpm --root /target --force-debian --define '_dbpath /var/lib/rpm' --define '_db_backend sqlite' \
            --define '_pkgverify_level none' --nosignature --nodigest --noplugins "$@"
        }
        mixed=
        if [ -e erase ]; then mixed='--nodeps --replacefiles'; fi
        set -- /build/packages/*.rpm
        if [ -e "$1" ]; then
          rpm --ignorearch --ignoreos --oldpackage --replacepkgs $mixed\(documentation ? "" : " --excludedocs") --upgrade "$@"
        fi
        set -- /build/packages/beside/*.rpm
        if [ -e "$1" ]; then
          rpm --ignorearch --ignoreos --oldpackage --replacepkgs $mixed\(documentation ? "" : " --excludedocs") --install "$@"
        fi
        if [ -e erase ]; then
          set --
          while read -r name; do set -- "$@" "$name"; done <erase
          rpm --nodeps --erase "$@"
        fi
        """,
      ],
      workingDirectory: "/build", root: .hostWithLayers(target: "/target"),
      stages: [.init(role: "packages", path: "/build/packages")],
      collects: [.init(output: "layer", from: .changes)],
      // What differs from run to run and that nothing needs: sqlite's shared memory and log, rpm's lock, the linker
      // cache's own cache.
      discards: PackageDatabaseOperation.folders.flatMap { folder in
        [".rpm.lock", "rpmdb.sqlite-shm", "rpmdb.sqlite-wal"].map { "/\(folder)/\($0)" }
      } + ["/var/cache/ldconfig"])
  }
}
