import ArgumentParser
import Execute
import GraphCore
import Rules

struct ShellCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "Open a shell in an image, or in the sandbox that a step of it runs in.",
    discussion: """
      Without --step: the finished image. With --step: the root as that step finds it, with its environment, user and \
      folder; the step's own command is printed, to be tried by hand. What is changed is thrown away.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Option(help: "A step of the label, by its number or name, as 'graph plan -v' prints it.") var step: String?
  @Argument(help: "An image; without architecture, the host's.") var label: String
  @Argument(parsing: .postTerminator, help: "What to run in place of /bin/sh.") var command: [String] = []

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .writing)
      try session.stopAtErrors()
      let (name, image) = try session.image(label)
      var program = InteractiveSandbox.Program(
        argv: command.isEmpty ? ["/bin/sh"] : command, environment: image.settings.environmentByName,
        user: image.settings.user ?? "", workingDirectory: image.settings.workingDirectory ?? "/")
      var layers = image.layers
      if let step {
        let node = try find(step, of: name, in: session.graph)
        layers = node.action.inputs.compactMap { input in
          if input.role.hasPrefix("layer/"), case .output(let id, let output) = input.source { (id, output) } else { nil }
        }
        program.environment = node.action.environment
        program.user = node.action.command?.user ?? ""
        program.workingDirectory = node.action.command?.workingDirectory ?? "/"
        if let argv = node.action.command?.argv { Console.note("graph: the step runs: \(argv.joined(separator: " "))") }
      }
      let artifacts = try await ImageLayers(session: session, running: running).build(layers, command: "shell \(label)")
      let status = try await session.sandbox().run(program, layers: artifacts, architecture: image.architecture)
      if status != 0 { throw ExitCode(status) }
    }
  }

  private func find(_ step: String, of label: Label, in graph: GraphCore.Graph) throws -> Node {
    let steps = graph.nodes.filter { $0.label == label && $0.action.command?.root == .layers }
    if let node = steps.first(where: { $0.step == step || $0.step.hasPrefix(step + " ") }) { return node }
    throw GraphError(
      .usage, "\(label) has no step '\(step)' that runs in its root",
      hint: "it has: " + steps.map { "'\($0.step)'" }.joined(separator: ", "))
  }
}
