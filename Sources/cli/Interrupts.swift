import Dispatch
import Glibc
import Synchronization

/// Ctrl-C: the first one stops cleanly, the second one at once. SIGTERM and SIGHUP are as the first.
///
/// One at a time. While there is none, the signals do what they do in any program.
final class Interrupts {
  /// - Parameter stop: called once, when the first signal comes.
  init(_ stop: @escaping @Sendable () -> Void) { Signals.shared.begin(stop) }

  func stop() { Signals.shared.end() }

  /// Runs something that Ctrl-C stops.
  ///
  /// - Throws: `CancellationError` where it was stopped.
  static func stopping<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let task = Task { try await body() }
    let interrupts = Interrupts { task.cancel() }
    defer { interrupts.stop() }
    do {
      return try await task.value
    } catch  where task.isCancelled {
      // Whatever came of being stopped in the middle.
      throw CancellationError()
    }
  }

  /// The signals of this process. Their sources are made once and stay, because the system's library installs its
  /// handler with the first source of a signal only: one that is made while an earlier one is going away gets nothing.
  private final class Signals: Sendable {
    static let shared = Signals()
    private static let numbers = [SIGINT, SIGTERM, SIGHUP]
    private let state = Mutex(State())

    private struct State {
      var sources: [any DispatchSourceSignal] = []
      /// What the library installed, while nobody listens.
      var handlers: [sigaction] = []
      var stop: (@Sendable () -> Void)?
      var isStopping = false
    }

    func begin(_ stop: @escaping @Sendable () -> Void) {
      state.withLock { state in
        (state.stop, state.isStopping) = (stop, false)
        if state.sources.isEmpty {
          state.sources = Self.numbers.map(makeSource)
        } else {
          for (number, handler) in zip(Self.numbers, state.handlers) {
            var handler = handler
            sigaction(number, &handler, nil)
          }
        }
      }
    }

    func end() {
      state.withLock { state in
        state.stop = nil
        state.handlers = Self.numbers.map { number in
          var (standard, installed) = (sigaction(), sigaction())
          standard.__sigaction_handler.sa_handler = SIG_DFL
          sigaction(number, &standard, &installed)
          return installed
        }
      }
    }

    /// Returns when the library's handler is in place.
    private func makeSource(_ number: Int32) -> any DispatchSourceSignal {
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      let isRegistered = DispatchSemaphore(value: 0)
      source.setRegistrationHandler { isRegistered.signal() }
      source.setEventHandler { Signals.shared.interrupted() }
      source.resume()
      isRegistered.wait()
      return source
    }

    private func interrupted() {
      let (isSecond, stop) = state.withLock { state in
        defer { state.isStopping = true }
        return (state.isStopping, state.stop)
      }
      if isSecond { _exit(130) }
      guard let stop else { return }
      Console.note("\ngraph: stopping; press Ctrl-C again to stop at once")
      stop()
    }
  }
}
