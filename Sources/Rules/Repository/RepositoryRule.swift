import GraphCore
import Manifests
import Resolve

/// `repositories:` of `graph.d`: the RPMs of its members, and the metadata that createrepo_c makes of them.
///
/// Nodes: `gather` (one folder of all RPMs), `repodata` (createrepo_c in the sandbox), `repository` (both together,
/// which is what the label delivers). Package installations depend on `repodata` alone: the RPMs they install are
/// named by digest in their locks.
extension Compilation {
  func compile(_ repository: RepositoryTarget, _ label: Label) throws -> OutputReference? {
    if let upstream = repository.upstream { return compile(upstream, repository, label) }
    guard let architecture = label.architecture else { return nil }
    var inputs: [Input] = []
    var roles: Set<String> = []
    for member in repository.members {
      let named = commands.filter {
        member.value.matches($0.label.value.on(architecture)) || member.value.matches($0.label.value)
      }
      let matching = named.filter { $0.serves(architecture) }
      let rpms = rpms(matching: member.value, on: architecture)
      if named.isEmpty, !declaresRpms(member.value, on: architecture) {
        diagnostics.add(
          .error(
            "no target matches the member '\(member.value)'", at: member.location,
            hint: "'graph ls' lists all targets"))
      }
      for rpm in rpms where rpm.serves(architecture) {
        let label = rpm.target.label.value
        guard let output = try rpmOutput(label.on(architecture), at: member.location) else { return nil }
        let role = "member/\(label.package)/\(label.name)/\(output.output)"
        if roles.insert(role).inserted { inputs.append(Input(role, output.source)) }
      }
      for command in matching {
        guard let node = try commandNode(command.label.value.on(architecture), at: member.location) else {
          return nil
        }
        for output in command.outputs where !output.isFolder {
          diagnostics.add(
            .error(
              "the output '\(output.name.value)' of '\(command.label.value)' is a file, and members of repositories are "
                + "folders of RPMs", at: member.location,
              hint: "declare it as 'folder', or leave the target out"))
        }
        for output in command.outputs where output.isFolder {
          let role = "member/\(command.label.value.package)/\(command.label.value.name)/\(output.name.value)"
          if roles.insert(role).inserted {
            inputs.append(Input(role, .output(node, output.name.value)))
          }
        }
      }
    }
    let gather = builder.add(
      Node(
        label: label, step: "gather",
        action: Action(rule: GatherOperation.rule, inputs: inputs, outputs: [.init("packages", .tree)]),
        location: repository.label.location))
    let repodata = builder.add(
      Node(
        label: label, step: "repodata",
        action: Action(
          rule: .init("createrepo", version: 2),
          inputs: [Input("packages", .output(gather, "packages"))] + toolInputs(["createrepo_c", "sh"]),
          outputs: [.init("repodata", .tree)],
          command: Command(
            // Without revision and timestamp, the metadata carries the time of the run.
            argv: [
              "/bin/sh", "-ec",
              """
              mkdir /build/out/repository
              set -- /build/packages
              if [ -e /build/packages/comps.xml ]; then set -- --groupfile /build/packages/comps.xml "$@"; fi
              exec createrepo_c --quiet --no-database --general-compress-type gz \
                --revision 1 --set-timestamp-to-revision --outputdir /build/out/repository "$@"
              """,
            ],
            workingDirectory: "/build", root: .host,
            stages: [.init(role: "packages", path: "/build/packages")],
            collects: [.init(output: "repodata", from: .path("/build/out/repository"))])),
        location: repository.label.location))
    let whole = builder.add(
      Node(
        label: label, step: "repository",
        action: Action(
          rule: GatherOperation.mergeRule,
          inputs: [
            Input("member/packages", .output(gather, "packages")),
            Input("member/repodata", .output(repodata, "repodata")),
          ],
          outputs: [.init("packages", .tree)]),
        location: repository.label.location))
    builder.deliver(label, Graph.Target(kind: .repository, node: whole, output: "packages"))
    return OutputReference(node: repodata, output: "repodata")
  }
}
