import GraphCore
import Manifests
import Resolve

/// Reads the instructions of one stage of a Dockerfile for one architecture, in order, and adds their nodes.
struct InstructionReader {
  let stages: ImageStages
  let stage: StagePlan.Stage
  /// What the programs of the stage are of, which may be another one than the image's.
  let architecture: Architecture
  var state: ImageState?
  var hasFailed = false
  var arguments: BuildArguments
  var hasOwnCommand = false
  /// How many instructions have been read, those before the first FROM of a file with one stage included.
  private var count: Int

  init(_ stages: ImageStages, _ stage: StagePlan.Stage) {
    self.stages = stages
    self.stage = stage
    architecture = stage.architecture
    arguments = stages.plan.arguments
    count = stages.isSeveral ? 0 : stages.plan.globalCount
  }

  var compilation: Compilation { stages.compilation }
  var image: ResolvedImage { stages.image }
  var label: Label { stages.label }

  /// What the names of the instruction's nodes begin with: `3`, or `build/3` and `0/3` where there are several stages.
  var number: String { stages.isSeveral ? "\(stage.name ?? "\(stage.number)")/\(count)" : "\(count)" }

  /// The state after the last instruction; `nil` where something was wrong, which has been reported.
  var finishedState: ImageState? { hasFailed ? nil : state }

  mutating func read(_ instruction: Dockerfile.Instruction) throws {
    count += 1
    switch instruction.kind {
    case .from(let from):
      try readFrom(from, instruction)
      try readTriggers(instruction)
      return
    case .argument(let name, let value):
      arguments.declare(name, value.map { expand($0, instruction) })
      return
    default: break
    }
    guard state != nil else {
      // Reading the file has reported it.
      hasFailed = true
      return
    }
    switch instruction.kind {
    case .run(let run): try readRun(run, instruction)
    case .copy(let copy): try readCopy(copy, instruction)
    case .add(let add): try readAdd(add, instruction)
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

  private mutating func readFrom(_ from: Dockerfile.From, _ instruction: Dockerfile.Instruction) throws {
    arguments.beginStage()
    let reference = Located(stage.image, at: from.image.location)
    switch stage.base {
    case .nothing: state = try Self.scratch()
    case .stage(let number):
      let parent = try stages.reader(of: number)
      state = parent.finishedState
      arguments.beginStage(inheriting: parent.arguments.values)
      if state == nil { hasFailed = true }
    case .target(let named):
      let target = compilation.known(named).on(named.architecture ?? architecture)
      if compilation.deliversFiles(target) {
        fail("FROM names '\(target.withoutArchitecture)', which is no image", instruction)
        return
      }
      guard var base = try imageState(target, at: reference.location) else { return }
      let manifest = compilation.builder.target(target).map { Input.Source.output($0.node, "manifest") }
      base.base = (reference.value, manifest)
      state = base
    case .external(let external, _):
      state = try compilation.externalState(
        external, label: label, architecture: architecture, location: reference.location)
      // Without a pin: resolving reads the same names (`StagePlan`) and has reported it.
      if state == nil { hasFailed = true }
    case .folder(let folder):
      state = try Self.scratch()
      try addFiles(ofFolder: folder.value, instruction)
    case .unknown(let hint):
      compilation.diagnostics.add(
        .error(
          "FROM names '\(reference.value)', which is no image of this workspace", at: reference.location,
          hint: hint))
      hasFailed = true
    }
  }

  /// The empty image. It has a PATH, as buildah and BuildKit give it one.
  private static func scratch() throws -> ImageState {
    var settings = ImageSettings()
    settings.setEnvironment("PATH", ImageSettings.defaultPath)
    let text = String(decoding: try settings.encoded(), as: UTF8.self)
    return ImageState(settings: settings, settingsSource: .leaf(.text(text, origin: "scratch")))
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
