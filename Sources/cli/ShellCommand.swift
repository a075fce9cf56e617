import ArgumentParser
import Execute
import GraphCore
import Rules

struct ShellCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "Open a shell in an image, or in the sandbox that a step runs in.",
    discussion: """
      Without --step: the finished image. With --step: the sandbox as that step finds it, with its root, inputs, \
      environment, user and folder; the step's own command is printed, to be tried by hand. What is changed is thrown \
      away.

      Examples:
        graph shell //app/httpd
        graph shell //app/httpd:aarch64 --step '3 RUN'
        graph shell //base/core -- rpm -qa
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var running: RunningOptions
  @Option(help: "A step of the label, by its number or name, as 'graph plan -v' prints it.") var step: String?
  @Argument(help: "An image; without architecture, the host's. With --step, any target.", completion: .labels)
  var label: String
  @Argument(parsing: .postTerminator, help: "What to run in place of /bin/sh.") var command: [String] = []

  func run() async throws {
    try await Exit.reporting {
      let session = try await Session.open(options, .writing, for: [label])
      try session.stopAtErrors()
      let status =
        if let step { try await enter(step, session) } else { try await enterImage(session) }
      if status != 0 { throw ExitCode(status) }
    }
  }

  private var argv: [String] { command.isEmpty ? ["/bin/sh"] : command }

  private func enterImage(_ session: Session) async throws -> Int32 {
    let (name, image) = try session.image(label)
    let layers = try await ImageLayers(session: session, running: running).build(image, of: name)
    return try await session.sandbox().run(
      .init(
        argv: argv, environment: image.settings.environmentByName, user: image.settings.user ?? "",
        workingDirectory: image.settings.workingDirectory ?? "/"),
      layers: layers, architecture: image.architecture)
  }

  /// Builds what the step needs, and opens its sandbox.
  private func enter(_ step: String, _ session: Session) async throws -> Int32 {
    let id = try find(step, in: session)
    let node = session.graph[id]
    let build = Build(session: session, running: running)
    let outcome = try await build.run(session.graph.dependencies(of: id), command: "shell \(label)")
    guard outcome.wave.succeeded,
      let inputs = try Planner.inputs(of: node.action, outputs: { try outcome.wave.outputs(of: $0) })
    else { throw outcome.wave.interrupted.isEmpty ? Exit.code(of: outcome.worstKind) : Exit.interrupted }
    if let own = node.action.command?.argv {
      Console.note("graph: the step runs: \(own.joined(separator: " "))")
    }
    let key = Preimage(node.action, inputs: inputs).key
    return try await build.executor().enter(ActionTask(node: node, key: key, inputs: inputs), argv: argv)
  }

  private func find(_ step: String, in session: Session) throws -> NodeID {
    let pattern = try LabelPattern(label)
    let graph = session.graph
    let all = graph.order.filter { pattern.matches(graph[$0].label) && graph[$0].action.command != nil }
    let found = all.filter { graph[$0].isStep(step) }
    let native = found.filter { graph[$0].label.architecture == .host }
    if let id = found.count == 1 ? found.first : native.count == 1 ? native.first : nil { return id }
    if found.count > 1 {
      throw GraphError(
        .usage, "'\(label)' has \(found.count) steps '\(step)'",
        hint: "name one label: " + found.map { graph[$0].label.description }.joined(separator: ", "))
    }
    throw GraphError(
      .usage, "'\(label)' has no step '\(step)' that runs a command",
      hint: all.isEmpty
        ? "'graph ls' lists all targets"
        : "it has: " + Set(all.map { "'\(graph[$0].stepTitle)'" }).sorted().joined(separator: ", "))
  }
}
