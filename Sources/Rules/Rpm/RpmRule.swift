import GraphCore
import Manifests
import Resolve

/// `rpms:` of `graph.d`: a spec and its sources become a source package, and that becomes packages.
///
/// Nodes: `//srpm/NAME rpmbuild`, once for all architectures; `//rpm/NAME rpmbuild` for each architecture, or once where all
/// packages are `noarch`. Where only some are, those of the first architecture serve the others: `packages` puts them
/// together. In a base as build root, `lock` and `install` bring what the spec's BuildRequires mean in its repositories.
extension Compilation {
  func compileRpms() throws {
    for rpm in resolved.rpms {
      let (label, location) = (rpm.target.label.value, rpm.target.location)
      _ = try rpmOutput(rpm.target.sourceLabel, at: location)
      let architectures: [Architecture?] = rpm.isNoarch ? [nil] : rpm.architectures
      for architecture in architectures where isWanted(architecture) {
        _ = try rpmOutput(label.on(architecture), at: location)
      }
    }
  }

  /// Those whose label a member of a repository names.
  func rpms(matching member: LabelPattern, on architecture: Architecture) -> [ResolvedRpm] {
    resolved.rpms.filter { rpm in
      let label = rpm.target.label.value
      return member.matches(label.on(architecture)) || member.matches(label)
    }
  }

  /// Whether a member of a repository names packages, whether or not their specs could be read.
  func declaresRpms(_ member: LabelPattern, on architecture: Architecture) -> Bool {
    resolved.workspace.rpms.contains {
      member.matches($0.label.value.on(architecture)) || member.matches($0.label.value)
    }
  }

  /// The folder that a package target or a source package delivers.
  func rpmOutput(_ label: Label, at location: SourceLocation) throws -> OutputReference? {
    let plain = label.withoutArchitecture
    guard let rpm = rpmsByLabel[plain] ?? rpmsBySourceLabel[plain] else {
      reportUnknown(label, at: location)
      return nil
    }
    let isSource = rpmsByLabel[plain] == nil
    let label = isSource || rpm.isNoarch ? plain : label
    defer { passOn(label, at: location) }
    if unsupported[label] != nil { return nil }
    if let known = rpmOutputs[label] { return known }
    if !isSource, !rpm.isNoarch, !isDeclared(label, among: rpm.target.architectures, at: location) {
      return nil
    }
    let output: OutputReference?? = try guardingCycles(label, at: location) {
      isSource ? try compileSource(rpm) : try compile(rpm, label)
    }
    rpmOutputs[label] = output ?? nil
    return output ?? nil
  }

  private func compileSource(_ rpm: ResolvedRpm) throws -> OutputReference? {
    let label = rpm.target.sourceLabel
    guard let root = try buildRoot(of: rpm, for: nil, label: label, requests: []) else { return nil }
    var inputs = [Input("spec", .leaf(rpm.spec))]
    let name = rpm.target.spec.value.split(separator: "/").last.map(String.init) ?? "package.spec"
    var stages = [Command.Stage(role: "spec", path: "/build/in/spec/\(name)")]
    for source in rpm.sources {
      let role = "source/\(source.name)"
      switch source.content {
      case .file(let leaf): inputs.append(Input(role, .leaf(leaf)))
      case .download(let download):
        inputs.append(Input(role, .output(addFetch(of: download, label, rpm.target), "file")))
      }
      stages.append(Command.Stage(role: role, path: "/build/in/source/\(source.name)"))
    }
    let node = builder.add(
      Node(
        label: label, step: "rpmbuild",
        action: Action(
          rule: .init("srpm", version: 1), environment: RpmBuild.environment(rpm.facts[rpm.home]?.epoch),
          architecture: root.architecture, inputs: inputs + root.inputs, outputs: [.init("srpm", .tree)],
          command: Command(
            argv: RpmBuild.source(of: rpm), workingDirectory: "/build", root: root.kind, stages: stages,
            collects: [.init(output: "srpm", from: .path("/build/out/srpm"))]),
          limits: limits(rpm.target.timeoutSeconds, rpm.target.bounds)),
        location: rpm.target.location))
    builder.deliver(label, Graph.Target(kind: .command, node: node, output: "srpm"))
    return OutputReference(node: node, output: "srpm")
  }

  private func addFetch(of download: RpmTarget.Download, _ label: Label, _ target: RpmTarget) -> NodeID {
    builder.add(
      Node(
        label: label, step: "fetch \(download.name)",
        action: Action(
          rule: FetchOperation.rule, arguments: [.init("sha256", download.sha256)],
          outputs: [.init("file", .blob)], limits: .init(memoryMegabytes: 32, isWaiting: true),
          hints: ["url": download.url.value]),
        location: download.url.location))
  }

  private func compile(_ rpm: ResolvedRpm, _ label: Label) throws -> OutputReference? {
    let facts = rpm.facts[label.architecture ?? rpm.home] ?? rpm.facts[rpm.home]
    guard let source = try rpmOutput(rpm.target.sourceLabel, at: rpm.target.location),
      let root = try buildRoot(
        of: rpm, for: label.architecture, label: label, requests: facts?.buildRequires ?? [])
    else { return nil }
    let outputs = ["packages"] + (rpm.isMixed ? ["noarch"] : [])
    let build = builder.add(
      Node(
        label: label, step: "rpmbuild",
        action: Action(
          rule: .init("rpm", version: 1), environment: RpmBuild.environment(facts?.epoch),
          architecture: root.architecture, inputs: [Input("srpm", source.source)] + root.inputs,
          outputs: outputs.map { .init($0, .tree) },
          command: Command(
            argv: RpmBuild.packages(of: rpm, for: label.architecture), workingDirectory: "/build",
            root: root.kind, stages: [Command.Stage(role: "srpm", path: "/build/in/srpm")],
            collects: outputs.map { .init(output: $0, from: .path("/build/out/\($0)")) }),
          limits: limits(rpm.target.timeoutSeconds, rpm.target.bounds)),
        location: rpm.target.location))
    rpmBuilds[label] = build
    var output = OutputReference(node: build, output: "packages")
    if let home = rpm.sharedFrom {
      if home != label.architecture {
        _ = try rpmOutput(label.on(home), at: rpm.target.location)
      }
      guard let shared = rpmBuilds[label.on(home)] else { return nil }
      let gather = builder.add(
        Node(
          label: label, step: "packages",
          action: Action(
            rule: GatherOperation.mergeRule,
            inputs: [
              Input("member/own", output.source), Input("member/noarch", .output(shared, "noarch")),
            ],
            outputs: [.init("packages", .tree)]),
          location: rpm.target.location))
      output = OutputReference(node: gather, output: "packages")
    }
    builder.deliver(label, Graph.Target(kind: .command, node: output.node, output: output.output))
    return output
  }

  /// What rpmbuild runs in.
  private struct BuildRoot {
    var kind: Command.Root
    var inputs: [Input]
    var architecture: Architecture?
  }

  /// - Parameter architecture: of the packages; `nil` for those that serve all.
  private func buildRoot(
    of rpm: ResolvedRpm, for architecture: Architecture?, label: Label, requests: [String]
  ) throws -> BuildRoot? {
    switch rpm.target.buildRoot {
    case .host:
      return BuildRoot(
        kind: .host, inputs: toolInputs(rpm.target.tools.map(\.value).sorted()), architecture: architecture)
    case .base(let base):
      let own = rpm.rootArchitecture(for: architecture)
      guard var state = try imageState(base.value.on(own), at: base.location) else { return nil }
      var inputs = state.layerInputs
      if !requests.isEmpty {
        let layer = installedLayer(
          PackageTransaction(packages: requests, weakDependencies: false), step: "", on: &state, label: label,
          architecture: own, location: rpm.target.spec.location)
        inputs.append(Input("layer/\(ImageState.number(inputs.count))", layer.source))
      }
      return BuildRoot(kind: .layers, inputs: inputs, architecture: own)
    }
  }
}

extension ResolvedRpm {
  /// Whether packages are made that fit on an architecture.
  func serves(_ architecture: Architecture) -> Bool { isNoarch || architectures.contains(architecture) }
}
