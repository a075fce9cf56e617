import GraphCore
import Manifests
import Resolve

/// What a RUN sees beside its layers.
struct RunMounts {
  /// In the order of mounting: a folder comes before what is below it.
  var mounts: [Command.Mount] = []
  /// Inputs at fixed places, read-only.
  var stages: [Command.Stage] = []
  var inputs: [Input] = []
  /// Below what the image and ARG set.
  var environment: [String: String] = [:]

  func adding(_ script: RunScript) -> RunMounts {
    guard let folder = script.folder else { return self }
    var result = self
    result.inputs.append(Input(RunScript.role, .leaf(folder)))
    result.stages.append(Command.Stage(role: RunScript.role, path: RunScript.path))
    return result
  }
}

extension InstructionReader {
  /// - Returns: `nil` where one is wrong, which has been reported.
  mutating func readMounts(
    _ declared: [Dockerfile.Mount], _ instruction: Dockerfile.Instruction
  ) throws -> RunMounts? {
    var result = RunMounts()
    var isGood = true
    let hadFailed = hasFailed
    hasFailed = false
    defer { hasFailed = hasFailed || hadFailed }
    var sockets: [String] = []
    for (index, mount) in declared.enumerated() {
      let mount = expanded(mount, instruction)
      let reader = MountReader(
        mount: mount, workingDirectory: state?.settings.workingDirectory ?? "/", socketNumber: sockets.count)
      let role = "mount/\(ImageState.number(index))"
      do {
        var read = try reader.read(showing: .init(role: role, path: ""))
        if !read.target.isEmpty, result.mounts.contains(where: { $0.target == read.target }) {
          throw MountReader.Fault("two mounts are at '\(read.target)'", "give one of them another target")
        }
        if case .agent = read.kind { sockets.append(read.target) }
        if read.role != nil {
          guard let shown = try content(of: mount, role: role, number: index + 1, instruction) else {
            isGood = false
            continue
          }
          result.inputs.append(shown.input)
          read = try reader.read(showing: shown.content)
        }
        result.mounts.append(read)
      } catch let fault as MountReader.Fault {
        fail(fault.message, at: mount.location, hint: fault.hint)
        isGood = false
      }
    }
    if let socket = sockets.first { result.environment["SSH_AUTH_SOCK"] = socket }
    result.mounts = Self.parentsFirst(result.mounts)
    return isGood && !hasFailed ? result : nil
  }

  /// With the variables that a mount may hold replaced.
  private mutating func expanded(
    _ mount: Dockerfile.Mount, _ instruction: Dockerfile.Instruction
  ) -> Dockerfile.Mount {
    var mount = mount
    let places: [WritableKeyPath<Dockerfile.Mount, String?>] = [
      \.target, \.source, \.id, \.mode, \.user, \.group, \.size, \.environmentName,
    ]
    for place in places { mount[keyPath: place] = mount[keyPath: place].map { expand($0, instruction) } }
    mount.from = mount.from.map { Located(expand($0.value, instruction), at: $0.location) }
    return mount
  }

  /// The files that a mount shows, as an input: what is in the context or the layers besides is none.
  private mutating func content(
    of mount: Dockerfile.Mount, role: String, number: Int, _ instruction: Dockerfile.Instruction
  ) throws -> (content: Command.Mount.Content, input: Input)? {
    let source = mount.source ?? ""
    guard let path = RepositoryPath.join("", String(source.drop { $0 == "/" })) else {
      throw MountReader.Fault(
        "'\(source)' leaves what it is mounted from", "name a path below it, without '..'")
    }
    let action: Action
    switch try mountSource(mount.from, instruction) {
    case nil: return nil
    case .folder(let context):
      guard let found = try files(at: path, of: context, mount.location) else { return nil }
      action = Action(
        rule: ContextOperation.rule, arguments: [.init("entries", found.entries)], inputs: found.inputs,
        outputs: [.init("content", .tree)])
    case .some(let other):
      action = Action(
        rule: SelectOperation.rule, arguments: [.init("path", path)], inputs: other.inputs,
        outputs: [.init("layer", .layer)])
    }
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(self.number) mount \(number)", detail: path, action: action,
        location: mount.location))
    let isOfContext = action.rule == ContextOperation.rule
    return (
      .init(role: role, path: isOfContext ? ContextOperation.name : path),
      Input(role, .output(node, action.outputs[0].name))
    )
  }

  private mutating func mountSource(
    _ from: Located<String>?, _ instruction: Dockerfile.Instruction
  ) throws -> FileSource? {
    if let from { return try source(named: from) }
    return try context(instruction).map { .folder($0) }
  }

  private mutating func files(
    at path: String, of context: ContextFiles, _ location: SourceLocation
  ) throws -> CopySources? {
    // The source of a mount is a path and no pattern.
    let literal = path.map { "*?[\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
    do {
      var found = CopySources()
      try found.add(
        try FileSelection([literal], in: context.root, called: context.name, isContext: true), of: context,
        unpacks: false)
      return found
    } catch let fault as FileSelection.Fault {
      fail(fault.message.replacing(literal, with: path), at: location, hint: fault.hint)
    } catch let error as GraphError {
      fail(error.message, at: location, hint: error.hint)
    }
    return nil
  }

  private mutating func fail(_ message: String, at location: SourceLocation, hint: String?) {
    compilation.diagnostics.add(.error(message, at: location, hint: hint))
    hasFailed = true
  }

  /// A folder before what is below it, whatever the order they are written in; else that order.
  private static func parentsFirst(_ mounts: [Command.Mount]) -> [Command.Mount] {
    func depth(_ mount: Command.Mount) -> Int { mount.target.count { $0 == "/" } }
    return mounts.enumerated().sorted { (depth($0.element), $0.offset) < (depth($1.element), $1.offset) }
      .map(\.element)
  }
}
