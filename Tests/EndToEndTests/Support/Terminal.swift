import Dispatch
import FoundationEssentials
import Glibc
import Testing

/// A terminal that a program runs in, as its controlling one.
final class Terminal: Sendable {
  private let master: Int32
  private let name: String
  /// Its end ends the reading: a descriptor that is closed while another thread reads from it stays open.
  private let closing: Int32
  private let isClosed = DispatchSemaphore(value: 0)

  init() throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (locked, number): (Int32, Int32) = (0, 0)
    // TIOCSPTLCK and TIOCGPTN of <asm-generic/ioctls.h>, which unlockpt and ptsname are made of.
    try #require(ioctl(master, 0x4004_5431, &locked) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
    name = "/dev/pts/\(number)"
    // What is printed is thrown away, so that nobody waits to print.
    var pipe: [Int32] = [0, 0]
    try #require(Glibc.pipe(&pipe) == 0)
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    closing = pipe[1]
    let (master, closed, isClosed) = (master, pipe[0], isClosed)
    Thread.start {
      var buffer = [UInt8](repeating: 0, count: 4096)
      var events = [
        pollfd(fd: master, events: Int16(POLLIN), revents: 0), pollfd(fd: closed, events: 0, revents: 0),
      ]
      while poll(&events, 2, -1) >= 0 || errno == EINTR, events[1].revents == 0 {
        // Without anybody at the other end it is at its end again and again, until somebody comes.
        if events[0].revents != 0, read(master, &buffer, buffer.count) <= 0 { usleep(1000) }
      }
      Glibc.close(master)
      Glibc.close(closed)
      isClosed.signal()
    }
  }

  /// Starts a program in it.
  func start(_ program: Program) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, name, O_RDWR | O_NOCTTY, 0)
    }
    // setsid makes the terminal on its standard input the one of a session that the program leads.
    let words = ["setsid", "--ctty", "env", "-C", program.folder] + program.words
    let arguments = words.map { strdup($0) } + [nil]
    var variables = ProcessInfo.processInfo.environment
    variables.merge(program.environment) { $1 }
    let settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + settings).forEach { free($0) } }
    var process: pid_t = 0
    let error = posix_spawnp(&process, "setsid", &actions, nil, arguments, settings)
    try #require(error == 0)
    return process
  }

  /// As from a keyboard.
  func type(_ text: String) { _ = text.withCString { write(master, $0, strlen($0)) } }

  /// As when its window is closed.
  func close() {
    Glibc.close(closing)
    isClosed.wait()
  }

  private enum Thread {
    static func start(_ body: @escaping @Sendable () -> Void) {
      final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
      }
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
          return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
      pthread_detach(thread)
    }
  }
}
