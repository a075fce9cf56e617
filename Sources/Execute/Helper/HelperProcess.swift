import CLinux
import Glibc
import GraphCore
import Synchronization

/// One `graph-sandbox --serve`, which runs one action after the other: starting a program for each would cost more than
/// most actions. What it is asked and answers is described in `graph-sandbox/serve.c`.
///
/// It ends with the value, and with this process.
final class HelperProcess: Sendable {
  private let process: pid_t
  private let socket: Descriptor
  /// What runs prints here.
  private let log: Descriptor
  private let isStopped = Mutex(false)

  /// How a request ended.
  struct Ending: Sendable {
    /// The lines of the status.
    var lines: [String] = []
    /// Whether the helper takes another request.
    var isReusable = false
  }

  /// - Parameter options: of the helper itself, after `--serve`.
  init(program: String, options: [String]) throws {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    else { throw FileSystem.failure("making", "a socket") }
    socket = Descriptor(ends[0])
    let inner = Descriptor(ends[1])
    guard pipe2(&ends, O_CLOEXEC) == 0 else { throw FileSystem.failure("making", "a pipe") }
    log = Descriptor(ends[0])
    let output = Descriptor(ends[1])
    _ = fcntl(log.number, F_SETFL, O_NONBLOCK)
    process = try Self.spawn(program, ["--serve"] + options, input: inner.number, output: output.number)
    withExtendedLifetime((inner, output)) {}
  }

  deinit {
    // It waits for nothing else, so it ends at once.
    stop()
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// POSIX_SPAWN_SETSID of <spawn.h>.
  private static let ownSession: Int16 = 0x80

  /// Without this process's terminal, signals and variables, and without a copy of its memory, as `fork` would need it.
  private static func spawn(
    _ program: String, _ arguments: [String], input: Int32, output: Int32
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (from, to) in [(input, STDIN_FILENO), (output, STDOUT_FILENO), (output, STDERR_FILENO)] {
      posix_spawn_file_actions_adddup2(&actions, from, to)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | Self.ownSession)
    let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    // newuidmap is looked for.
    let variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil]
    defer { (words + variables).forEach { free($0) } }
    var process: pid_t = 0
    let error = posix_spawn(&process, program, &actions, &attributes, words, variables)
    guard error == 0 else {
      throw GraphError(.environment, "starting '\(program)': \(String(cString: strerror(error)))")
    }
    return process
  }

  /// Ends the helper and whatever it runs. May be called at any time, from anywhere.
  func stop() {
    isStopped.withLock { $0 = true }
    shutdown(socket.number, Int32(SHUT_RDWR))
  }

  /// Whether it waits for a request.
  var isUsable: Bool {
    var end = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
    return !isStopped.withLock { $0 } && poll(&end, 1, 0) == 0
  }

  /// Asks for what the words of a command line say, and waits for its end. Blocks the thread.
  ///
  /// - Parameters:
  ///   - descriptors: files that the words call `received:0` and so on.
  ///   - print: is given what it prints, as it comes.
  func run(_ words: [String], descriptors: [Int32] = [], print: ([UInt8]) -> Void) -> Ending {
    var ending = Ending()
    if send(words, descriptors) { receive(into: &ending, print) }
    drain(print)
    if !ending.isReusable {
      stop()
      // Only when it is gone, everything that it ran is, too.
      var status = siginfo_t()
      while waitid(P_PID, id_t(process), &status, WEXITED | WNOWAIT) < 0, errno == EINTR {}
      drain(print)
    }
    return ending
  }

  private func send(_ words: [String], _ descriptors: [Int32]) -> Bool {
    var body: [UInt8] = []
    for word in words { body += Array(word.utf8) + [0] }
    var request = withUnsafeBytes(of: UInt32(truncatingIfNeeded: words.count)) { Array($0) }
    request += withUnsafeBytes(of: UInt32(truncatingIfNeeded: body.count)) { Array($0) }
    request += body
    var rest = request[...]
    var beside = descriptors
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        send_with_descriptors(socket.number, $0.baseAddress, $0.count, beside, beside.count)
      }
      if sent < 0, errno == EINTR { continue }
      guard sent > 0 else { return false }
      beside = []
      rest = rest.dropFirst(sent)
    }
    return true
  }

  private func receive(into ending: inout Ending, _ print: ([UInt8]) -> Void) {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    var ends = [
      pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: log.number, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      guard poll(&ends, nfds_t(ends.count), -1) >= 0 || errno == EINTR else { return }
      if ends[1].revents != 0 { drain(print) }
      guard ends[0].revents != 0 else { continue }
      let count = read(socket.number, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        ending.lines = Self.lines(of: text)
        return
      }
      text += buffer.prefix(count)
      if text.last != 0x0a { continue }
      let lines = Self.lines(of: text)
      guard let last = lines.last, last == "end" || last == "last" else { continue }
      ending = Ending(lines: lines.dropLast(), isReusable: last == "end")
      return
    }
  }

  private static func lines(of text: [UInt8]) -> [String] {
    text.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads what is there.
  private func drain(_ print: ([UInt8]) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(log.number, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      print(Array(buffer.prefix(count)))
    }
  }
}

/// An open file that is closed with the value.
final class Descriptor: Sendable {
  let number: Int32
  init(_ number: Int32) { self.number = number }
  deinit { close(number) }
}
