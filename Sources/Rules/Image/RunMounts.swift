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

/// What `from=` of a mount names.
enum MountRoot {
  /// The build context, where there is no `from=`.
  case context
  /// Layers of a stage or an image, bottom first.
  case layers([Input.Source])
  /// What a label or a named context delivers: a tree.
  case tree(Input.Source)
}

extension InstructionReader {
  /// What `from=` names: a stage, a named context, an image or a label.
  ///
  /// - Returns: `nil` where it names nothing, which has been reported.
  mutating func mountRoot(
    _ from: Located<String>?, _ instruction: Dockerfile.Instruction
  ) throws -> MountRoot? {
    guard let from else { return .context }
    compilation.diagnostics.add(
      .error(
        "RUN --mount with from='\(from.value)' is not built yet", at: from.location,
        hint: "mount from the build context, or COPY what the command needs"))
    hasFailed = true
    return nil
  }

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
    guard let root = try mountRoot(mount.from, instruction) else { return nil }
    let source = mount.source ?? ""
    guard let path = RepositoryPath.join("", String(source.drop { $0 == "/" })) else {
      throw MountReader.Fault(
        "'\(source)' leaves what it is mounted from", "name a path below it, without '..'")
    }
    let action: Action
    switch root {
    case .tree(let tree): return (.init(role: role, path: path), Input(role, tree))
    case .layers(let layers):
      action = Action(
        rule: ExtractOperation.rule, arguments: [.init("path", path)],
        inputs: layers.enumerated().map { Input("layer/\(ImageState.number($0))", $1) },
        outputs: [.init("content", .layer)])
    case .context:
      guard let found = try contextFiles(path, at: mount.location, instruction) else { return nil }
      action = Action(
        rule: ContextOperation.rule, arguments: [.init("entries", found.entries)], inputs: found.inputs,
        outputs: [.init("content", .tree)])
    }
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(self.number) mount \(number)", detail: path, action: action,
        location: mount.location))
    return (.init(role: role, path: ContextOperation.name), Input(role, .output(node, "content")))
  }

  private mutating func contextFiles(
    _ path: String, at location: SourceLocation, _ instruction: Dockerfile.Instruction
  ) throws -> CopySources? {
    // The source of a mount is a path and no pattern.
    let literal = path.map { "*?[\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
    do {
      switch try CopySources.collect(
        [Located(literal, at: location)], from: image.source, context: image.contextFolder,
        listing: try compilation.listing(of: image))
      {
      case .success(let found): return found
      case .failure(var diagnostic):
        diagnostic.message = diagnostic.message.replacing(literal, with: path)
        compilation.diagnostics.add(diagnostic)
      }
    } catch let error as GraphError {
      compilation.diagnostics.add(.error(error.message, at: location, hint: error.hint))
    }
    hasFailed = true
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
