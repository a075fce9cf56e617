import ArgumentParser

/// Where the program begins.
@main
enum Start {
  /// The commands that people and machines give again and again: a tree of all commands takes longer to make than a build
  /// takes that has nothing to do.
  private static let frequent: [String: any AsyncParsableCommand.Type] = [
    "build": BuildCommand.self, "plan": PlanCommand.self,
  ]

  static func main() async {
    let words = CommandLine.arguments.dropFirst()
    // What is wrong with the words, or asks for help, is for the whole program.
    guard let name = words.first, let type = frequent[name],
      var command = try? type.parse(Array(words.dropFirst()))
    else { return await GraphProgram.main() }
    do {
      try await command.run()
    } catch {
      GraphProgram.exit(withError: error)
    }
  }
}

/// The command `graph`: one file for each subcommand; what they share is in `Session`.
struct GraphProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract:
      "Builds operating-system content from a declared graph, and rebuilds only what a change invalidates.",
    discussion: """
      Labels are //package/name[@tag][:arch]; //app/... and //... are patterns. 'graph plan' says what 'graph build' would \
      do and why, and touches nothing.
      """,
    version: "graph \(Version.text)",
    subcommands: [
      PlanCommand.self, BuildCommand.self, CheckCommand.self, ListCommand.self, QueryCommand.self,
      ShowCommand.self, InputsCommand.self, LockCommand.self, EscalateCommand.self, WhyCommand.self,
      WhyNotCommand.self,
      RunsCommand.self,
      DiffCommand.self, TraceCommand.self, EventsCommand.self, LogCommand.self, ExportCommand.self,
      LoadCommand.self, RunCommand.self, ShellCommand.self, SnapshotCommand.self,
      DoctorCommand.self, StoreCommand.self, CollectCommand.self, FsckCommand.self, PinCommand.self,
      UnpinCommand.self,
      CleanCommand.self, InitCommand.self, SchemaCommand.self, CompletionCommand.self,
      CompleteLabelsCommand.self,
    ])
}

enum Version {
  /// The version of the program; raised with each release in CHANGELOG.md.
  static let text = "0.1.0"
}
