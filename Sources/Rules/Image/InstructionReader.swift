import GraphCore
import Manifests
import Resolve

/// Reads the instructions of one Dockerfile for one architecture, in order, and adds their nodes.
struct InstructionReader {
  private let compilation: Compilation
  private let image: ResolvedImage
  private let label: Label
  private let architecture: Architecture
  private var state: ImageState?
  private var hasFailed = false
  private var number = 0
  private var arguments: BuildArguments
  private var hasOwnCommand = false
  private(set) var runs: [NodeID] = []
  /// The base, where it could not be brought.
  private(set) var unresolvedBase: Label?

  init(compilation: Compilation, image: ResolvedImage, label: Label) {
    self.compilation = compilation
    self.image = image
    self.label = label
    architecture = label.architecture ?? .host
    arguments = BuildArguments(architecture)
  }

  /// The state after the last instruction; `nil` where something was wrong, which has been reported.
  var finishedState: ImageState? { hasFailed ? nil : state }

  mutating func read(_ instruction: Dockerfile.Instruction) throws {
    number += 1
    switch instruction.kind {
    case .from(let from):
      try readFrom(from.image, platform: from.platform, instruction)
      return
    case .argument(let name, let value):
      arguments.declare(name, value.map { expand($0, instruction) })
      return
    case .unsupported(let name):
      fail("graph does not build the instruction \(name) yet", instruction)
      return
    default: break
    }
    guard state != nil else {
      // Reading the file has reported it.
      hasFailed = true
      return
    }
    switch instruction.kind {
    case .run(let run): readRun(run.form, instruction)
    case .copy(let copy): try readCopy(copy, instruction)
    case .workingDirectory(let path): try readWorkingDirectory(path, instruction)
    case .environment(let pairs):
      try change(
        .environment(pairs.map(\.name), values: pairs.map { expand($0.value, instruction) }), instruction)
    case .label(let pairs):
      try change(
        .labels(
          pairs.map { expand($0.name, instruction) }, values: pairs.map { expand($0.value, instruction) }),
        instruction)
    case .user(let user): try change(.user(expand(user, instruction)), instruction)
    case .expose(let ports) where !ports.allSatisfy({ Self.isPort(expand($0, instruction)) }):
      fail("EXPOSE takes ports from 1 to 65535, such as 8080 or 53/udp", instruction)
    case .expose(let ports):
      try change(
        .expose(ports.map { expand($0, instruction) }.map { $0.contains("/") ? $0 : $0 + "/tcp" }),
        instruction)
    case .entryPoint(let form):
      try change(.entryPoint(Self.argv(form), resetsCommand: !hasOwnCommand), instruction)
    case .command(let form):
      hasOwnCommand = true
      try change(.command(Self.argv(form)), instruction)
    default: fail("graph does not build the instruction \(instruction.keyword) yet", instruction)
    }
  }

  // MARK: FROM

  private mutating func readFrom(
    _ reference: Located<String>, platform: String?, _ instruction: Dockerfile.Instruction
  ) throws {
    if state != nil {
      fail("a second FROM makes a multi-stage build, which graph does not build yet", instruction)
      return
    }
    if platform != nil {
      fail(
        "FROM --platform is not built yet", instruction,
        hint: "leave it out: each architecture is built for itself")
      return
    }
    let name = expand(reference.value, instruction)
    arguments.beginStage()
    if name == "scratch" {
      let empty = String(decoding: try ImageSettings().encoded(), as: UTF8.self)
      state = ImageState(settingsSource: .leaf(.text(empty, origin: "scratch")))
      return
    }
    switch compilation.resolved.names.meaning(of: name) {
    case .target(let named):
      let target = compilation.known(named)
      guard var base = try compilation.imageState(target.on(architecture), at: reference.location) else {
        // The base has errors of its own, which have been reported, or could not be brought itself.
        if compilation.unresolvedLabels.contains(target.on(architecture)) {
          unresolvedBase = target.on(architecture)
        }
        hasFailed = true
        return
      }
      let manifest = compilation.builder.target(target.on(architecture)).map {
        Input.Source.output($0.node, "manifest")
      }
      base.base = (name, manifest)
      state = base
    case .external(let external, _):
      state = try compilation.externalState(external, label: label, location: reference.location)
      // Without a pin: resolving reads the same names (`Dockerfile.bases`) and has reported it.
      if state == nil { hasFailed = true }
    case .unknown(let hint):
      compilation.diagnostics.add(
        .error(
          "FROM names '\(name)', which is no image of this workspace", at: reference.location, hint: hint))
      hasFailed = true
    }
  }

  // MARK: RUN

  private mutating func readRun(_ form: Dockerfile.Form, _ instruction: Dockerfile.Instruction) {
    // Another user than root may not install, so that the real command would fail: it is left to.
    guard let current = state, !current.repositories.isEmpty, current.settings.isRoot,
      let lowered = LoweredRun(form, cleaningIsNothing: !current.mayHavePackageCache)
    else {
      warnOfPackageCommand(form, instruction)
      addRun(Self.argv(form), instruction)
      return
    }
    let repeated = lowered.installations.count > 1
    for (index, installation) in lowered.installations.enumerated() {
      guard var current = state else { return }
      compilation.addInstallation(
        installation, step: repeated ? "\(number).\(index + 1) " : "\(number) ", text: instruction.text,
        to: &current,
        label: label, location: instruction.location)
      state = current
    }
    if let rest = lowered.rest {
      addRun(Self.argv(.shell(rest)), instruction)
    } else if lowered.installations.isEmpty {
      state?.history.append((instruction.text, nil))
    }
  }

  /// Says that a package command runs as it is written, in an image that most likely has no package manager.
  private func warnOfPackageCommand(_ form: Dockerfile.Form, _ instruction: Dockerfile.Instruction) {
    guard case .shell(let text) = form, state?.repositories.isEmpty == false, state?.settings.isRoot == true,
      ["dnf install", "yum install", "dnf -y", "yum -y"].contains(where: { text.contains($0) })
    else { return }
    compilation.diagnostics.add(
      .warning(
        "this package command is run as it is written, inside the image", at: instruction.location,
        hint: "graph solves 'RUN dnf install -y NAME… && …' itself, with plain names and no variables"))
  }

  private mutating func addRun(_ argv: [String], _ instruction: Dockerfile.Instruction) {
    guard var current = state else { return }
    var environment = current.settings.environmentByName
    environment.merge(arguments.values) { set, _ in set }
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
        action: Action(
          rule: .init("run", version: 1), environment: environment, architecture: architecture,
          inputs: current.layerInputs, outputs: [.init("layer", .layer)],
          command: Command(
            argv: argv, workingDirectory: current.settings.workingDirectory ?? "/", root: .layers,
            collects: [.init(output: "layer", from: .changes)],
            discards: ["/var/cache/ldconfig/aux-cache"], user: current.settings.user ?? ""),
          limits: .init(memoryMegabytes: 512)),
        location: instruction.location, isOpaque: true))
    runs.append(node)
    current.uncheckedRuns.append(("\(number)", OutputReference(node: node, output: "layer")))
    compilation.push(
      OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
      location: instruction.location)
    current.history.append((instruction.text, current.layers.count - 1))
    if argv.contains(where: { $0.contains("yum") || $0.contains("dnf") }) {
      current.mayHavePackageCache = true
    }
    state = current
  }

  // MARK: Files

  private mutating func readCopy(_ copy: Dockerfile.Copy, _ instruction: Dockerfile.Instruction) throws {
    guard var current = state else { return }
    var sources: [Located<String>] = []
    for source in copy.sources {
      sources.append(Located(expand(source.value, instruction), at: source.location))
    }
    let collected: CopySources.Collected
    do {
      collected = try CopySources.collect(
        sources, from: image.source, context: image.contextFolder,
        listing: try compilation.listing(of: image))
    } catch let error as GraphError {
      fail(error.message, instruction, hint: error.hint)
      return
    }
    switch collected {
    case .failure(let diagnostic):
      compilation.diagnostics.add(diagnostic)
      hasFailed = true
    case .success(let found):
      let destination = expand(copy.destination, instruction)
      if copy.sources.count > 1 || found.isSeveral, !destination.hasSuffix("/") {
        fail(
          "COPY of several files needs a folder as its destination", instruction,
          hint: "write '\(destination)/' with a slash at the end")
        return
      }
      let node = compilation.builder.add(
        Node(
          label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
          action: Action(
            rule: CopyOperation.rule,
            arguments: [
              .init("entries", found.entries), .init("destination", destination),
              .init("working-directory", current.settings.workingDirectory ?? "/"),
              .init("owner", copy.owner.map { expand($0, instruction) } ?? ""),
              .init("mode", copy.mode ?? ""),
            ],
            inputs: current.layerInputs + found.inputs, outputs: [.init("layer", .layer)]),
          location: instruction.location))
      compilation.push(
        OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
        location: instruction.location)
      current.history.append((instruction.text, current.layers.count - 1))
      state = current
    }
  }

  private mutating func readWorkingDirectory(_ path: String, _ instruction: Dockerfile.Instruction) throws {
    guard var current = state else { return }
    let expanded = expand(path, instruction)
    let folder = Self.join(current.settings.workingDirectory ?? "/", expanded)
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
        action: Action(
          rule: MakeFolderOperation.rule, arguments: [.init("folder", folder)], inputs: current.layerInputs,
          outputs: [.init("layer", .layer)]),
        location: instruction.location))
    compilation.push(
      OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
      location: instruction.location)
    state = current
    try change(.workingDirectory(folder), instruction, layer: current.layers.count - 1)
  }

  // MARK: Settings

  private mutating func change(
    _ change: SettingsChange, _ instruction: Dockerfile.Instruction, layer: Int? = nil
  ) throws {
    guard var current = state else { return }
    change.apply(to: &current.settings)
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) settings", detail: instruction.shortText,
        action: Action(
          rule: ConfigureOperation.rule, arguments: change.arguments,
          inputs: [Input("settings", current.settingsSource)], outputs: [.init("settings", .blob)]),
        location: instruction.location))
    current.settingsSource = .output(node, "settings")
    current.history.append((instruction.text, layer))
    state = current
  }

  // MARK: Texts

  private mutating func expand(_ text: String, _ instruction: Dockerfile.Instruction) -> String {
    let environment = state?.settings.environmentByName ?? [:]
    do {
      return try Variables.expand(text, escape: image.dockerfile.escape) { name in
        environment[name] ?? arguments.values[name]
      }
    } catch {
      fail(error.description, instruction)
      return text
    }
  }

  /// An absolute path without `.` and `..`; as for a process, there is nothing above the root.
  private static func join(_ folder: String, _ path: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : "\(folder)/\(path)").split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private static func isPort(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 1 || (parts.count == 2 && ["tcp", "udp"].contains(parts[1])) else { return false }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) ?? 0 }
    return (1...2).contains(ends.count) && ends.allSatisfy { $0 > 0 } && ends[0] <= ends[ends.count - 1]
  }

  private static func argv(_ form: Dockerfile.Form) -> [String] {
    switch form {
    case .exec(let argv): argv
    case .shell(let text): ["/bin/sh", "-c", text]
    }
  }

  private mutating func fail(_ message: String, _ instruction: Dockerfile.Instruction, hint: String? = nil) {
    compilation.diagnostics.add(.error(message, at: instruction.location, hint: hint))
    hasFailed = true
  }
}
