import Glibc
import GraphCore
import Logging
import Subprocess
import SystemPackage

/// Runs programs of the host with a fixed environment and the network: for resolving and fetching, never for actions.
///
/// The sandbox's helper stands between: it ends a program with all that it started when this process ends, in whatever way,
/// and when the program itself does.
public struct HostProgramRunner: HostPrograms {
  /// Where programs of the host are looked for, here and inside the sandbox.
  public static let searchPath = [
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
  ]

  private let helper: @Sendable () throws -> String
  private let scratch: String
  private let proxies: [String: String]
  private let logger: Logger
  private let observer: (any FileObserver)?

  /// - Parameters:
  ///   - helper: finds `graph-sandbox`, when a program is run.
  ///   - scratch: what programs get as TMPDIR; an absolute path.
  ///   - environment: the caller's environment, of which only the proxy settings and credentials' places are passed on.
  ///   - logger: is told of each program that runs.
  ///   - observer: is told of each place where a program is looked for.
  public init(
    helper: @escaping @Sendable () throws -> String, scratch: String, environment: [String: String],
    logger: Logger, observer: (any FileObserver)? = nil
  ) {
    self.helper = helper
    self.scratch = scratch
    self.observer = observer
    self.logger = logger
    let passed = [
      "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
      "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]
    proxies = environment.filter { passed.contains($0.key) }
  }

  public func output(
    of program: String, arguments: [String], environment: [String: String]
  ) async throws -> String {
    var variables = [
      "PATH": Self.searchPath.joined(separator: ":"), "LC_ALL": "C.UTF-8", "TZ": "UTC", "TMPDIR": scratch,
    ]
    variables.merge(proxies) { $1 }
    variables.merge(environment) { $1 }
    let settings = Dictionary(
      uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
    logger.info(
      "running a program of the host", metadata: ["program": "\(program)", "arguments": "\(arguments)"])
    do {
      var options = PlatformOptions()
      // Ctrl-C is said to this process, which decides what ends. The helper needs a moment to end what it runs.
      options.createSession = true
      options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
      let result = try await Subprocess.run(
        .path(FilePath(try helper())),
        arguments: Arguments(["--on-host", "--caller", "\(getpid())", "--", program] + arguments),
        environment: .custom(settings), platformOptions: options, output: .string(limit: 256 << 20),
        error: .string(limit: 1 << 20))
      try Self.check(result.terminationStatus, of: program, errors: result.standardError)
      return result.standardOutput
    } catch let error as SubprocessError {
      throw GraphError(.environment, "'\(program)' cannot be run: \(error)")
    }
  }

  private static func check(_ status: TerminationStatus, of program: String, errors: String) throws {
    let text = errors.trimmingSuffix(while: { $0.isWhitespace })
    switch status {
    case .exited(0): return
    case .exited(126), .exited(127):
      throw GraphError(.environment, "'\(program)' cannot be run: \(text)")
    case .exited(1):
      // Programs say 1 for what is wrong with the request, and other codes for what is wrong with the world.
      throw GraphError(.user, "'\(program)' failed: \(text)")
    case .exited(let code):
      throw GraphError(.environment, "'\(program)' exited with status \(code): \(text)", hint: "try again")
    case .signaled(let signal):
      throw GraphError(.environment, "'\(program)' was ended by signal \(signal)")
    }
  }

  public func find(_ program: String) -> String? {
    let places = program.contains("/") ? [program] : Self.searchPath.map { "\($0)/\(program)" }
    return places.first { place in
      observer?.willLook(at: place)
      return FileSystem.isExecutable(place)
    }
  }
}

extension StringProtocol {
  /// Without the characters at its end that satisfy `predicate`.
  func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return String(self[..<end])
  }
}
