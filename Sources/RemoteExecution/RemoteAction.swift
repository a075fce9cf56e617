import Formats
import GraphCore

/// An action as the Remote Execution API v2 has it: an `Action` message and the blobs it refers to.
///
/// The mapping is total and pure: equal tasks and workers give equal bytes, and because `Action.salt` is the key,
/// different keys give different actions. A command is run by `graph-sandbox`, which travels with it, so that
/// a worker needs nothing but a kernel that allows user namespaces (and, for roots `host`, the tools), and
/// need not make the input root its own: what a command sees is built from paths relative to the input root.
///
///     graph-sandbox        the helper
///     layers/00.tar …      the stacked layers, bottom first, as canonical archives: they carry owners and modes
///     inputs/00 …          the staged inputs in the order of `Command.stages`: a blob is a file, a tree a folder
///     mounts/00 …          what is mounted, as staged inputs are; `.tar` where it is a layer
///     root/                empty; where the host's programs are shown, for roots that have them
///     out/status           output: how the command ended, in the helper's words
///     out/changes.tar      output: what it changed in the layers, to be imported as a local capture is
///     out/collected/NAME   output: what it left at a path
///
/// An operation, which has no command, gets an action that nothing runs: the name of an entry in the action cache.
public struct RemoteAction: Sendable {
  /// The name under which the server's action cache has the result.
  public let digest: Digest
  /// Each blob once, in the order of their digests; never the empty one.
  public let uploads: [RemoteUpload]

  public static let statusPath = "out/status"
  public static let changesPath = "out/changes.tar"

  /// Where the output `name` that a command leaves at a path is.
  public static func path(ofOutput name: String) -> String {
    // One segment, whatever the name is.
    "out/collected/" + Escape.encode(name).replacing("%", with: "%25").replacing("/", with: "%2F")
  }

  /// - Throws: `MissingBlob` for a recipe, or for a file of a layer; `GraphError(.bug)` for an action that places what
  ///   it does not have.
  public init(_ task: ActionTask, store: any BlobStore, workers: RemoteWorkers) throws {
    var uploads = RemoteUploads()
    let parts =
      if let command = task.action.command {
        try Self.parts(of: command, in: task, store: store, workers: workers, uploads: &uploads)
      } else {
        Self.parts(ofOperation: task, uploads: &uploads)
      }
    digest = uploads.add(
      .message(
        RemoteActionMessage(
          command: uploads.add(.message(parts.command)), inputRoot: parts.inputRoot,
          salt: task.key.digest.bytes, platform: parts.command.platform)))
    self.uploads = uploads.sorted
  }
}

extension RemoteAction {
  private static func parts(
    of command: Command, in task: ActionTask, store: any BlobStore, workers: RemoteWorkers,
    uploads: inout RemoteUploads
  ) throws -> (command: RemoteCommand, inputRoot: Digest) {
    let requirements = workers.requirements(of: task.action, root: command.root)
    var folder = RemoteFolder()
    try folder.addFile(.stored(requirements.helper), at: "graph-sandbox", isExecutable: true)
    var arguments = SandboxArguments()
    try addRoot(of: command, in: task, store: store, to: &arguments, &folder)
    // A worker gives them times and modes of its own.
    if !command.stages.isEmpty || command.mounts.contains(where: { $0.role != nil }) {
      arguments.add("--settle")
    }
    for (index, stage) in command.stages.enumerated() {
      let path = "inputs/\(number(index))"
      try place(stage, of: task, store: store, at: path, in: &folder)
      arguments.bindReadOnly(path, at: stage.path)
    }
    try addMounts(of: command, in: task, store: store, to: &arguments, &folder)
    arguments.addSettings(of: command, in: task.action, epoch: try task.epoch(reading: store))
    var outputs: Set = [statusPath]
    for collect in command.collects {
      switch collect.from {
      case .path(let path):
        outputs.insert(Self.path(ofOutput: collect.output))
        arguments.add("--collect", path, Self.path(ofOutput: collect.output))
      case .changes:
        outputs.insert(changesPath)
        arguments.add("--capture", changesPath)
      }
    }
    arguments.add("--status", statusPath)
    arguments.run(command.argv)
    let message = RemoteCommand(
      arguments: ["./graph-sandbox"] + arguments.words, platform: requirements.platform, outputPaths: outputs)
    return (message, folder.digest(addingTo: &uploads))
  }

  private static func addRoot(
    of command: Command, in task: ActionTask, store: any BlobStore, to arguments: inout SandboxArguments,
    _ folder: inout RemoteFolder
  ) throws {
    switch command.root {
    case .host, .hostWithLayers:
      var target: String?
      if case .hostWithLayers(let path) = command.root { target = path }
      try folder.addFolder(at: "root")
      arguments.useHostRoot("root", target: target)
      if target == nil { return }
    case .layers: break
    }
    for (index, layer) in task.inputs(under: "layer").enumerated() {
      let path = "layers/\(number(index)).tar"
      try folder.addFile(.tar(try store.readLayer(layer.artifact), reading: store), at: path)
      arguments.add("--unpack", path)
    }
  }

  /// What a command mounts. A worker has no caches, so one is empty there, or as it begins; what is of who started
  /// graph goes nowhere, so such a command says on a worker that it does not run there.
  private static func addMounts(
    of command: Command, in task: ActionTask, store: any BlobStore, to arguments: inout SandboxArguments,
    _ folder: inout RemoteFolder
  ) throws {
    for (index, mount) in command.mounts.enumerated() {
      func show(_ content: Command.Mount.Content, isWritable: Bool) throws {
        let artifact = try input(content.role, of: task)
        let isTar = artifact.kind == .layer
        let path = "mounts/\(number(index))" + (isTar ? ".tar" : "")
        if isTar {
          try folder.addFile(.tar(try store.readLayer(artifact), reading: store), at: path)
        } else {
          try place(.init(role: content.role, path: ""), of: task, store: store, at: path, in: &folder)
        }
        arguments.mount(path, inside: content.path, isTar: isTar, isWritable: isWritable, at: mount.target)
      }
      switch mount.kind {
      case .bind(let content, let isWritable): try show(content, isWritable: isWritable)
      case .memory(let size): arguments.mountMemory(sizeBytes: size, at: mount.target)
      case .cache(let cache):
        if let content = cache.content {
          try show(content, isWritable: !cache.isReadOnly)
        } else {
          arguments.mountMemory(sizeBytes: nil, at: mount.target)
        }
      case .secret(let secret):
        arguments.add("--refuse", "needs the secret '\(secret.id)', which no worker gets")
      case .agent(let agent):
        arguments.add("--refuse", "needs the SSH agent '\(agent.id)', which no worker gets")
      }
    }
  }

  private static func input(_ role: String, of task: ActionTask) throws -> Artifact {
    if let artifact = task.input(role) { return artifact }
    throw GraphError(.bug, "'\(task.node.name)' places an input '\(role)' that it does not have")
  }

  private static func place(
    _ stage: Command.Stage, of task: ActionTask, store: any BlobStore, at path: String,
    in folder: inout RemoteFolder
  ) throws {
    let artifact = try input(stage.role, of: task)
    switch artifact.kind {
    case .blob: try folder.addFile(.stored(artifact.digest), at: path)
    case .tree: try folder.addTree(try store.readLayer(artifact), at: path)
    case .layer:
      // A folder of the API would lose what makes it a layer.
      throw GraphError(
        .bug, "'\(task.node.name)' places the layer '\(stage.role)', which only a root can hold")
    }
  }

  /// Nothing runs it, so inputs are named by what they are and not uploaded: a recipe is its blob.
  private static func parts(
    ofOperation task: ActionTask, uploads: inout RemoteUploads
  ) -> (command: RemoteCommand, inputRoot: Digest) {
    var words = ["graph-operation", task.action.rule.description]
    for argument in task.action.arguments { words += ["--argument", argument.name] + argument.values }
    var inputs = RemoteDirectory()
    for (index, (input, artifact)) in zip(task.action.inputs, task.inputs).enumerated() {
      words += ["--input", input.role, "inputs/\(number(index))"]
      inputs.files.append(.init(name: number(index), digest: artifact.digest, isExecutable: false))
    }
    let folder = uploads.add(.message(inputs))
    let root = RemoteDirectory(directories: [.init(name: "inputs", digest: folder)])
    let outputs = task.action.outputs.map { path(ofOutput: $0.name) }
    return (
      RemoteCommand(arguments: words, platform: RemotePlatform(properties: [:]), outputPaths: Set(outputs)),
      uploads.add(.message(root))
    )
  }

  /// Two digits at least, as roles of layers have them.
  private static func number(_ index: Int) -> String { index < 10 ? "0\(index)" : "\(index)" }
}
