import GraphCore
import Manifests
import Resolve

/// Reads the instructions of one Dockerfile for one architecture, in order, and adds their nodes.
struct InstructionReader {
  let compilation: Compilation
  let image: ResolvedImage
  let label: Label
  let architecture: Architecture
  var state: ImageState?
  var hasFailed = false
  var number = 0
  var arguments: BuildArguments
  var hasOwnCommand = false
  var runs: [NodeID] = []
  /// The base, where it could not be brought.
  var unresolvedBase: Label?

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
      try readTriggers(instruction)
      return
    case .argument(let name, let value):
      arguments.declare(name, value.map { expand($0, instruction) })
      return
    default: break
    }
    guard !refuses(instruction) else { return }
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
    case .entryPoint(let form):
      try change(.entryPoint(argv(form), resetsCommand: !hasOwnCommand), instruction)
    case .command(let form):
      hasOwnCommand = true
      try change(.command(argv(form)), instruction)
    default: try readSetting(instruction)
    }
  }

  // MARK: FROM

  mutating func readFrom(
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

  // MARK: Texts

  mutating func expand(_ text: String, _ instruction: Dockerfile.Instruction) -> String {
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

  mutating func fail(_ message: String, _ instruction: Dockerfile.Instruction, hint: String? = nil) {
    compilation.diagnostics.add(.error(message, at: instruction.location, hint: hint))
    hasFailed = true
  }
}
