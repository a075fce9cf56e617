import ArgumentParser

/// The command `graph`: one file for each subcommand; what they share is in `Session`.
@main
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
      ShowCommand.self, InputsCommand.self, WhyCommand.self, WhyNotCommand.self, RunsCommand.self,
      DiffCommand.self,
      TraceCommand.self, EventsCommand.self,
      LogCommand.self,
      ExportCommand.self, LoadCommand.self, RunCommand.self, ShellCommand.self, SnapshotCommand.self,
      DoctorCommand.self, StoreCommand.self, CollectCommand.self, FsckCommand.self, PinCommand.self, UnpinCommand.self,
      CleanCommand.self, InitCommand.self, SchemaCommand.self, CompletionCommand.self,
      CompleteLabelsCommand.self,
    ])
}

enum Version {
  /// The version of the program; raised with each release in CHANGELOG.md.
  static let text = "0.1.0"
}
