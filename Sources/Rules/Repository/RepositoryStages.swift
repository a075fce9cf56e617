import GraphCore

/// Where a RUN that is left to a package manager in the image finds the declared repositories: read-only, and beside
/// them none of the image's own. Nothing of it gets into a layer.
extension Compilation {
  /// Adds the repositories of `state` to what a RUN sees, where its text names a package manager; another RUN must not
  /// depend on them.
  ///
  /// - Parameter texts: what the RUN runs, arguments and scripts.
  func addRepositories(of state: ImageState, to mounts: RunMounts, for texts: [String]) -> RunMounts {
    guard !state.repositories.isEmpty, texts.contains(where: LoweredRun.namesPackageManager) else {
      return mounts
    }
    let stages = repositoryStages(of: state)
    var mounts = mounts
    mounts.inputs += stages.inputs
    mounts.stages += stages.stages
    return mounts
  }

  /// Packages and metadata of each repository, and the folders in which package managers look for repositories: one with
  /// a file that names them all, the others empty.
  private func repositoryStages(of state: ImageState) -> (inputs: [Input], stages: [Command.Stage]) {
    var inputs: [Input] = []
    var stages: [Command.Stage] = []
    var names: [String] = []
    for (index, repository) in state.repositories.enumerated() {
      let label = builder[repository.node].label
      guard let whole = builder.target(label) else { continue }
      let role = "repository/\(ImageState.number(index))"
      inputs.append(Input(role, .output(whole.node, whole.output)))
      stages.append(.init(role: role, path: RepositoryFile.path(of: label.name)))
      names.append(label.name)
    }
    let file = RepositoryFile.text(of: names)
    let digest = Digest(ofText: file)
    let named = Layer(
      entries: [Layer.Entry(path: "graph.repo", content: .file(digest), mode: 0o644)]
    ).asTree
    let nothing = Layer(entries: []).asTree
    for (index, folder) in RepositoryFile.folders.enumerated() {
      let tree = index == 0 ? named : nothing
      let role = "repository-files/\(ImageState.number(index))"
      inputs.append(
        Input(
          role,
          .leaf(
            Leaf(
              Artifact(.tree, tree.digest),
              .tree(tree, files: index == 0 ? [digest: .bytes(Array(file.utf8))] : [:]),
              origin: "the declared repositories"))))
      stages.append(.init(role: role, path: folder))
    }
    return (inputs, stages)
  }
}

/// The `.repo` file that names the declared repositories to yum, dnf and microdnf. Format: dnf.conf(5).
enum RepositoryFile {
  /// Where package managers look for such files; the first is the one that every one of them reads.
  static let folders = ["/etc/yum.repos.d", "/etc/yum/repos.d", "/etc/distro.repos.d"]

  static func path(of name: String, in folder: String = "/run/graph/repositories") -> String {
    "\(folder)/\(name)"
  }

  /// Signatures are not looked at: the packages are pinned by digest. The best repository has the best priority.
  static func text(of names: [String], in folder: String = "/run/graph/repositories") -> String {
    names.enumerated().map { index, name in
      """
      [\(name)]
      name=\(name)
      baseurl=file://\(path(of: name, in: folder))
      enabled=1
      gpgcheck=0
      repo_gpgcheck=0
      priority=\(99 + index)
      metadata_expire=0
      skip_if_unavailable=0

      """
    }.joined(separator: "\n")
  }
}
