import GraphCore
import Synchronization

/// A block at the bottom of a terminal that is redrawn as the run goes on: a bar, and what is running. Failures scroll
/// by above it, with their logs.
public final class ProgressReporter: Reporter {
  private struct State {
    var run: RunState
    /// The widths of the lines that are on the screen now; the cursor is on the line below them.
    var drawn: [Int] = []
    var lastDraw = -Double.infinity
    var isFinished = false
  }

  private let text: EventText
  private let output: DescriptorOutput
  private let size: @Sendable () -> TerminalSize
  private let now: SecondsClock
  // Held while drawing too: what is on the screen and what is known to be on it change together.
  private let state: Mutex<State>

  /// How long a drawing stays at least, in seconds: an eye sees no more, and thousands of short actions cost nothing.
  static let drawIntervalSeconds = 0.05

  /// - Parameter now: seconds, from any moment on.
  public convenience init(
    graph: GraphCore.Graph, fileDescriptor: Int32, color: Bool, now: @escaping SecondsClock
  ) {
    self.init(graph: graph, fileDescriptor: fileDescriptor, color: color, now: now) {
      TerminalSize(ofTerminal: fileDescriptor)
    }
  }

  init(
    graph: GraphCore.Graph, fileDescriptor: Int32, color: Bool, now: @escaping SecondsClock,
    size: @escaping @Sendable () -> TerminalSize
  ) {
    text = EventText(graph: graph, style: Style(color: color))
    output = DescriptorOutput(descriptor: fileDescriptor)
    self.size = size
    self.now = now
    state = Mutex(State(run: RunState(graph: graph)))
  }

  public func handle(_ event: BuildEvent) {
    state.withLock { state in
      let time = now()
      state.run.apply(event, now: time)
      let message = permanent(event)
      if message == nil, time - state.lastDraw < Self.drawIntervalSeconds { return }
      draw(&state, above: message ?? "", now: time)
    }
  }

  public func tick() {
    state.withLock { state in
      let time = now()
      if !state.isFinished, state.run.total > 0, time - state.lastDraw >= Self.drawIntervalSeconds {
        draw(&state, above: "", now: time)
      }
    }
  }

  public func finish() {
    state.withLock { state in
      state.isFinished = true
      draw(&state, above: "", now: now())
    }
  }

  /// What stays on the screen of an event: failures and restarts.
  private func permanent(_ event: BuildEvent) -> String? {
    switch event {
    case .finished(let id, let outcome, let seconds, _):
      guard case .failed(let failure) = outcome else { return nil }
      return text.finished(id, outcome, seconds: seconds) + "\n" + text.details(id, failure)
    case .restarted(let reason): return text.restarted(reason) + "\n"
    case .planned, .started, .waiting, .expanded, .found: return nil
    }
  }

  /// Goes up to where the block begins, writes what stays, and the block anew below it; all in one write.
  private func draw(_ state: inout State, above message: String, now: Double) {
    let size = size()
    var screen = "\r"
    // A terminal that became narrower has wrapped the lines that no longer fit.
    let height = state.drawn.reduce(0) { $0 + max(1, ($1 + size.columns - 1) / size.columns) }
    if height > 0 { screen += "\u{1b}[\(min(height, size.rows - 1))A" }
    if !message.isEmpty { screen += "\u{1b}[J" + message }
    let block =
      state.isFinished
      ? [] : ProgressBlock(run: state.run, now: now, size: size).lines(text.style)
    if block.isEmpty, state.drawn.isEmpty, message.isEmpty { return }
    for line in block { screen += line.text + "\u{1b}[K\n" }
    screen += "\u{1b}[J"
    state.drawn = block.map(\.width)
    state.lastDraw = now
    output.write(screen)
  }
}
