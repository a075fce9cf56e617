import GraphCore
import Subprocess
import SystemPackage

/// Runs a program in stacked layers at the user's terminal; what it changes is thrown away.
public struct InteractiveSandbox: Sendable {
  private let checkouts: any Checkouts
  private let helper: String
  private let emulators: Emulators

  public init(checkouts: any Checkouts, helper: String, emulators: Emulators) {
    self.checkouts = checkouts
    self.helper = helper
    self.emulators = emulators
  }

  /// What to run, as an image configuration says it.
  public struct Program: Sendable {
    public var argv: [String]
    /// Over PATH, HOME, LC_ALL, TZ and TERM.
    public var environment: [String: String]
    public var user: String
    public var workingDirectory: String
    /// Ports of 127.0.0.1 on the host, and the ports inside that they lead to.
    public var publishedPorts: [(host: UInt16, inside: UInt16)]

    public init(
      argv: [String], environment: [String: String] = [:], user: String = "", workingDirectory: String = "/",
      publishedPorts: [(host: UInt16, inside: UInt16)] = []
    ) {
      self.argv = argv
      self.environment = environment
      self.user = user
      self.workingDirectory = workingDirectory
      self.publishedPorts = publishedPorts
    }
  }

  /// Returns the program's exit status, 128 + the signal that ended it, or what the sandbox exits with (123,
  /// 125 to 127) after it has said why on standard error.
  ///
  /// No network but a loopback. Standard input, output and error are the caller's; changes are kept in memory only.
  ///
  /// - Parameter layers: bottom first, stored.
  public func run(_ program: Program, layers: [Artifact], architecture: Architecture) async throws -> Int32 {
    var arguments = SandboxArguments()
    arguments.stack(try layers.map { try checkouts.layer($0) })
    if let emulator = try await emulators.emulator(for: architecture) {
      arguments.add("--emulator", emulator.option)
    }
    var environment = CommandEnvironment.base(home: "/root", epoch: CommandEnvironment.earliestEpoch)
    environment["SOURCE_DATE_EPOCH"] = nil
    environment["TERM"] = "xterm"
    environment.merge(program.environment) { $1 }
    arguments.setEnvironment(environment)
    arguments.setMachine(architecture)
    arguments.add("--chdir", program.workingDirectory)
    if !program.user.isEmpty { arguments.add("--user", program.user) }
    for port in program.publishedPorts { arguments.add("--publish", "\(port.host):\(port.inside)") }
    arguments.add("--tty")
    arguments.run(program.argv)
    return try await Self.run(helper: helper, arguments: arguments)
  }

  /// Runs the helper with the caller's standard input, output and error.
  static func run(helper: String, arguments: SandboxArguments) async throws -> Int32 {
    let result = try await Subprocess.run(
      .path(FilePath(helper)), arguments: Arguments(arguments.words),
      input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
      output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
      error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
    switch result.terminationStatus {
    case .exited(let code): return code
    case .signaled(let signal): return 128 + signal
    }
  }
}
