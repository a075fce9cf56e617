import GraphCore

/// Shows a run while it goes on. Events may come from any task.
public protocol Reporter: EventSink {
  /// Brings what moves with time up to date; to be called a few times a second.
  func tick()

  /// Takes away what only makes sense during a run. The caller calls it once, at the end, before it writes itself.
  func finish()
}

/// Hands each event to several sinks, in their order: a reporter, the history.
public struct EventBroadcast: EventSink {
  private let sinks: [any EventSink]

  public init(_ sinks: [any EventSink]) { self.sinks = sinks }

  public func handle(_ event: BuildEvent) { sinks.forEach { $0.handle(event) } }
}

/// Seconds since some fixed moment, never going back. The reporters' only idea of time.
public typealias SecondsClock = @Sendable () -> Double

/// The reporter that fits where output goes: a redrawn block on a terminal, plain lines else.
///
/// - Parameter isTerminal: whether `fileDescriptor` is a terminal.
/// - Parameter environment: `CI` (set and not empty) and `TERM=dumb` ask for plain lines. So does `NO_COLOR`, whose
///   users want no control sequences in what they read or record.
/// - Parameter now: the clock; the machine's monotonic one unless a test gives another.
public func makeReporter(
  graph: GraphCore.Graph, fileDescriptor: Int32, isTerminal: Bool, environment: [String: String],
  now: @escaping SecondsClock = monotonicSeconds
) -> any Reporter {
  let isInteractive = isTerminal && !isSet("CI", environment) && allowsSequences(environment)
  if isInteractive {
    return ProgressReporter(graph: graph, fileDescriptor: fileDescriptor, color: true, now: now)
  }
  return PlainReporter(
    graph: graph, fileDescriptor: fileDescriptor,
    color: usesColor(isTerminal: isTerminal, environment: environment))
}

/// Whether reports written to a descriptor are coloured: terminals, unless `NO_COLOR` is set or `TERM` is `dumb`.
public func usesColor(isTerminal: Bool, environment: [String: String]) -> Bool {
  isTerminal && allowsSequences(environment)
}

/// The monotonic clock of the machine, in seconds.
public let monotonicSeconds: SecondsClock = {
  let clock = ContinuousClock()
  let start = clock.now
  return {
    let (seconds, attoseconds) = start.duration(to: clock.now).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}()

private func allowsSequences(_ environment: [String: String]) -> Bool {
  !isSet("NO_COLOR", environment) && environment["TERM"] != "dumb"
}

/// Set and not empty, as no-color.org has it.
private func isSet(_ name: String, _ environment: [String: String]) -> Bool {
  environment[name].map { !$0.isEmpty } ?? false
}
