import GraphCore
import Manifests

/// The stages of a Dockerfile for one architecture: what each starts from, and which of them the image needs.
///
/// Pure: resolving reads it to know what to pin, compiling reads the same to know what to build.
public struct StagePlan: Sendable {
  /// FROM and the instructions after it.
  public struct Stage: Sendable {
    /// From 0, in the order of the file.
    public let number: Int
    public let name: String?
    public let from: Dockerfile.From
    /// What FROM names, its variables replaced.
    public let image: String
    public let base: ImageSource
    /// What its programs are of.
    public let architecture: Architecture
    /// FROM included.
    public let instructions: [Dockerfile.Instruction]
  }

  public private(set) var stages: [Stage] = []
  /// What ARG instructions before the first FROM declare.
  public private(set) var arguments: BuildArguments
  /// How many instructions stand before the first FROM.
  public private(set) var globalCount = 0
  /// The stage that is the image; `nil` where there is none, or none of the name that is asked for.
  public private(set) var target: Int?
  /// What is wrong, at its place; of the stages that are needed.
  public private(set) var faults: [Diagnostic] = []
  /// The architecture that the image is for.
  public let architecture: Architecture
  private let options: EntryOptions
  private let names: ImageNames
  /// By their names in small letters.
  private var numbers: [String: Int] = [:]

  /// - Parameters:
  ///   - architecture: the one that the image is for.
  ///   - build: what `BUILDPLATFORM` means.
  public init(
    _ dockerfile: Dockerfile, for architecture: Architecture, build: Architecture, options: EntryOptions,
    names: ImageNames
  ) {
    self.architecture = architecture
    self.options = options
    self.names = names
    arguments = BuildArguments(architecture, build: build, given: options.argumentValues)
    let starts = dockerfile.instructions.indices.filter { dockerfile.instructions[$0].isFrom }
    globalCount = starts.first ?? dockerfile.instructions.count
    for instruction in dockerfile.instructions[..<globalCount] {
      guard case .argument(let name, let value) = instruction.kind else { continue }
      arguments.declare(name, value.map { expand($0, instruction.location, dockerfile.escape) })
    }
    var faultsByStage: [[Diagnostic]] = []
    let globalFaults = faults
    for (start, end) in zip(starts, starts.dropFirst() + [dockerfile.instructions.count]) {
      faults = []
      addStage(Array(dockerfile.instructions[start..<end]), dockerfile.escape)
      faultsByStage.append(faults)
    }
    faults = globalFaults
    target = targetStage()
    for number in used { faults += faultsByStage[number] }
  }

  private mutating func addStage(_ instructions: [Dockerfile.Instruction], _ escape: Unicode.Scalar) {
    guard let first = instructions.first, case .from(let from) = first.kind else { return }
    let number = stages.count
    let image = expand(from.image.value, from.image.location, escape)
    var base = source(named: image, before: number, isFrom: true)
    // A stage on a stage is what that one is.
    var own = architecture
    if case .stage(let parent) = base { own = stages[parent].architecture }
    if let platform = from.platform {
      let text = expand(platform, first.location, escape)
      if let named = Architecture(platform: text) {
        if case .stage = base {} else { own = named }
      } else {
        faults.append(
          .error(
            "'\(text)' is no platform that graph builds for", at: first.location,
            hint: "write, for example, --platform=linux/arm64, or leave it out for the image's own"))
        base = .nothing
      }
    }
    for name in instructions.flatMap(\.sourceNames) where name.value.contains("$") {
      faults.append(
        .error(
          "'--from' takes no variable", at: name.location,
          hint: "name a stage of its own: 'FROM \(name.value) AS name' with ARG before the first FROM, and "
            + "'--from=name'"))
    }
    stages.append(
      Stage(
        number: number, name: from.stageName, from: from, image: image, base: base, architecture: own,
        instructions: instructions))
    if let name = from.stageName { numbers[name.lowercased()] = number }
  }

  private mutating func expand(_ text: String, _ location: SourceLocation, _ escape: Unicode.Scalar) -> String
  {
    let values = arguments.values
    do {
      return try Variables.expand(text, escape: escape) { values[$0] }
    } catch {
      faults.append(.error(error.description, at: location))
      return text
    }
  }

  private mutating func targetStage() -> Int? {
    guard let wanted = options.stage else { return stages.isEmpty ? nil : stages.count - 1 }
    if let number = number(of: wanted.value, before: stages.count) { return number }
    let near = Nearest.match(for: wanted.value, among: stages.compactMap(\.name))
    faults.append(
      .error(
        "the Dockerfile has no stage '\(wanted.value)'", at: wanted.location,
        hint: near.map { "did you mean '\($0)'?" } ?? stageNames))
    return nil
  }

  private var stageNames: String {
    let named = stages.compactMap(\.name)
    return named.isEmpty
      ? "it names none: write 'FROM image AS name'" : "it has " + named.joined(separator: ", ")
  }

  /// A stage above by its name or number.
  private func number(of name: String, before limit: Int) -> Int? {
    if let number = numbers[name.lowercased()], number < limit { return number }
    return Int(name).flatMap { (0..<min(limit, stages.count)).contains($0) ? $0 : nil }
  }
}

extension StagePlan {
  /// What a name in a `--from` of a stage means. In this order: a named context, a stage above by name or number, a
  /// label, an image.
  public func source(named name: String, in stage: Stage) -> ImageSource {
    source(named: name, before: stage.number, isFrom: false)
  }

  private func source(named name: String, before number: Int, isFrom: Bool) -> ImageSource {
    if let context = options.context(named: name) {
      return switch context.source {
      case .folder(let folder): .folder(folder)
      case .label(let label): .target(label.value)
      case .image(let reference): image(reference.value, before: number)
      }
    }
    if name == "scratch" { return .nothing }
    // A number is an image's name for FROM, as a name that only digits make may be.
    if !isFrom || Int(name) == nil, let stage = self.number(of: name, before: number) { return .stage(stage) }
    if !isFrom, Int(name) != nil {
      return .unknown(
        hint: number == 0
          ? "there is no stage above"
          : number == 1
            ? "the stage above has the number 0" : "the stages above have the numbers 0 to \(number - 1)")
    }
    if name.hasPrefix("//") {
      do throws(LabelError) {
        return .target(try Label(name))
      } catch {
        return .unknown(hint: error.description)
      }
    }
    return image(name, before: number)
  }

  private func image(_ name: String, before number: Int) -> ImageSource {
    switch names.meaning(of: name) {
    case .target(let label): .target(label)
    case .external(let reference, let isInsecure):
      .external(reference: reference, isInsecure: isInsecure)
    case .unknown where numbers[name.lowercased()] != nil:
      .unknown(hint: "the stage '\(name)' does not end above this line: move it up")
    case .unknown(let hint):
      .unknown(
        hint: Nearest.match(for: name, among: stages.prefix(number).compactMap(\.name)).map {
          "did you mean the stage '\($0)'?"
        } ?? hint)
    }
  }

  /// The stages that the image needs, in the order of the file.
  public var used: [Int] {
    guard let target else { return [] }
    var found: Set<Int> = []
    var waiting = [target]
    while let number = waiting.popLast() {
      guard found.insert(number).inserted else { continue }
      for case .stage(let other) in sources(of: stages[number]).map(\.source) { waiting.append(other) }
    }
    return found.sorted()
  }

  /// A name of a stage with what it means, and the architecture that is wanted of it.
  public struct Reference: Sendable {
    public let name: Located<String>
    public let source: ImageSource
    public let architecture: Architecture
  }

  /// What a stage names: its base, and each `--from`.
  ///
  /// An image that `--from` names is one for the image's architecture, as BuildKit has it; the base is of the stage's.
  func sources(of stage: Stage) -> [Reference] {
    let base = Reference(
      name: Located(stage.image, at: stage.from.image.location), source: stage.base,
      architecture: stage.architecture)
    return [base]
      + stage.instructions.flatMap(\.sourceNames).filter { !$0.value.contains("$") }.map { name in
        Reference(
          name: name, source: source(named: name.value, before: stage.number, isFrom: false),
          architecture: architecture)
      }
  }

  /// What the FROM lines of its stages name, but for stages of the file.
  public var usedBases: [String] {
    used.map { stages[$0] }.filter { if case .stage = $0.base { false } else { true } }.map(\.image)
  }

  /// What the image stands on: all that its stages name.
  public var references: [Reference] { used.flatMap { sources(of: stages[$0]) } }
}

/// What a name in FROM, COPY --from or RUN --mount=from means.
public enum ImageSource: Hashable, Sendable {
  /// `scratch`
  case nothing
  case stage(Int)
  /// An image of this workspace, or what another label delivers.
  case target(Label)
  case external(reference: String, isInsecure: Bool)
  /// A folder of the workspace.
  case folder(Located<String>)
  /// Nothing; the hint says what is near.
  case unknown(hint: String)
}

extension Dockerfile.Instruction {
  var isFrom: Bool { if case .from = kind { true } else { false } }

  /// The `--from` names in it.
  var sourceNames: [Located<String>] {
    switch kind {
    case .copy(let copy): copy.from.map { [$0] } ?? []
    case .add(let add): add.copy.from.map { [$0] } ?? []
    case .run(let run): run.mounts.compactMap(\.from)
    default: []
    }
  }
}
