import Dispatch
import Glibc
import Synchronization

/// Ctrl-C: the first one stops cleanly, the second one at once. SIGTERM and SIGHUP are as the first.
final class Interrupts {
  private let sources: [any DispatchSourceSignal]

  init(_ stop: @escaping @Sendable () -> Void) {
    let isStopping = Mutex(false)
    let shared = Shared(isStopping: isStopping, stop: stop)
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { shared.interrupted() }
      source.resume()
      return source
    }
  }

  func stop() {
    for source in sources { source.cancel() }
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
    signal(SIGHUP, SIG_DFL)
  }

  /// Runs something that Ctrl-C stops.
  static func stopping<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let task = Task { try await body() }
    let interrupts = Interrupts { task.cancel() }
    defer { interrupts.stop() }
    return try await task.value
  }

  private final class Shared: Sendable {
    private let isStopping: Mutex<Bool>
    private let stop: @Sendable () -> Void

    init(isStopping: consuming sending Mutex<Bool>, stop: @escaping @Sendable () -> Void) {
      self.isStopping = isStopping
      self.stop = stop
    }

    func interrupted() {
      let isSecond = isStopping.withLock { value in
        defer { value = true }
        return value
      }
      if isSecond { _exit(130) }
      Console.note("\ngraph: stopping; press Ctrl-C again to stop at once")
      stop()
    }
  }
}
