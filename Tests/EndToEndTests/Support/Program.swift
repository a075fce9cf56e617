import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// A program of the host with its words, started with its output in files, so that it never waits for a reader.
struct Program {
  var words: [String]
  /// Added to the test's own environment; an empty value removes a variable.
  var environment: [String: String] = [:]
  /// Where it starts.
  var folder = "/"

  init(_ words: [String]) { self.words = words }

  /// What is left of a program that ended.
  struct Ended {
    let words: [String]
    /// The exit status, or 128 and the number of the signal that ended it.
    let status: Int32
    let output: String
    let errors: String

    /// Everything it said, for the message of a failed expectation.
    var transcript: String { "$ \(words.joined(separator: " "))\n\(output)\(errors)exit code \(status)" }
  }

  /// Starts it in a process group of its own.
  func start() throws -> Running {
    let files = try TemporaryFolder()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, files.path + "/output", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, files.path + "/errors", O_WRONLY | O_CREAT, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var variables = ProcessInfo.processInfo.environment
    for (name, value) in environment { variables[name] = value.isEmpty ? nil : value }
    // Spawning has no folder to start in that every C library shows to Swift; env replaces itself.
    let arguments = (["env", "-C", folder] + words).map { strdup($0) } + [nil]
    let settings = variables.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + settings).forEach { free($0) } }
    var process: pid_t = 0
    let error = posix_spawnp(&process, "env", &actions, &attributes, arguments, settings)
    try #require(error == 0, "\(words[0]) in \(folder): \(String(cString: strerror(error)))")
    return Running(words: words, process: process, files: files)
  }

  /// Starts it and waits for its end.
  func run() async throws -> Ended { await (try start()).end() }

  /// Runs it and returns its output without the last line end; anything but status 0 is an issue.
  @discardableResult
  func check(_ location: SourceLocation = #_sourceLocation) async throws -> String {
    let ended = try await run()
    try #require(ended.status == 0, "\(ended.transcript)", sourceLocation: location)
    return String(ended.output.trimmingSuffix(while: \.isNewline))
  }

  /// A program that was started. Whoever started it waits for its end or sends it a signal.
  final class Running: Sendable {
    let words: [String]
    let process: pid_t
    private let files: TemporaryFolder
    private let status: Task<Int32, Never>

    init(words: [String], process: pid_t, files: TemporaryFolder) {
      (self.words, self.process, self.files) = (words, process, files)
      status = Task {
        await withCheckedContinuation { continuation in
          // Waiting blocks, so it has a thread outside the pool that runs the tests.
          DispatchQueue.global().async {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
            let signal = status & 0x7f
            continuation.resume(returning: signal == 0 ? (status >> 8) & 0xff : 128 + signal)
          }
        }
      }
    }

    func send(_ signal: Int32) { kill(process, signal) }

    /// What it has said so far, on both outputs.
    var said: String { text("output") + text("errors") }

    func end() async -> Ended {
      let status = await status.value
      return Ended(words: words, status: status, output: text("output"), errors: text("errors"))
    }

    private func text(_ name: String) -> String {
      String(decoding: FileManager.default.contents(atPath: "\(files.path)/\(name)") ?? Data(), as: UTF8.self)
    }
  }
}

/// A folder that goes away with the value, or with the process where the value lives as long.
final class TemporaryFolder: Sendable {
  let path: String
  private static let paths = Mutex<Set<String>>([])
  private static let removesAllAtExit: Bool = {
    atexit {
      for path in TemporaryFolder.paths.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    } == 0
  }()

  init(in parent: String = "/tmp") throws {
    // In lower case, because podman makes an image's name of a folder's.
    let path = "\(parent)/graph-e2e-\(UUID().uuidString.lowercased().prefix(13))"
    try #require(Self.removesAllAtExit && mkdir(path, 0o755) == 0)
    chmod(path, 0o755)
    _ = Self.paths.withLock { $0.insert(path) }
    self.path = path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
    _ = Self.paths.withLock { $0.remove(path) }
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}
