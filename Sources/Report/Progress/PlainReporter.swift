import GraphCore
import Synchronization

/// One line for each node that finishes, for logs and pipes; nothing for what was up to date.
public final class PlainReporter: Reporter {
  private let text: EventText
  private let output: DescriptorOutput
  // Held while writing too, so that lines come whole and their numbers in order.
  private let state: Mutex<RunState>

  public init(graph: GraphCore.Graph, fileDescriptor: Int32, color: Bool) {
    text = EventText(graph: graph, style: Style(color: color))
    output = DescriptorOutput(descriptor: fileDescriptor)
    state = Mutex(RunState(graph: graph))
  }

  public func handle(_ event: BuildEvent) {
    state.withLock { state in
      // The only thing that time decides is what moves on a terminal.
      state.apply(event, now: 0)
      if let message = message(event, state) { output.write(message) }
    }
  }

  public func tick() {}
  public func finish() {}

  private func message(_ event: BuildEvent, _ state: RunState) -> String? {
    switch event {
    case .planned(let plan, let estimateSeconds):
      return plan.hasWork ? PlanTotals(plan).line(estimateSeconds: estimateSeconds) + "\n" : nil
    case .started, .found:
      return nil
    case .expanded(let id, let found):
      return "\(state.graph[id].title) needs \(Amounts.counted(found.count, "more node"))\n"
    case .waiting(let id):
      return "waiting for another run that makes \(state.graph[id].title)\n"
    case .finished(let id, let outcome, let seconds, _):
      let total = "\(state.total)"
      let count = Columns.right("\(state.done.count)", width: total.count)
      var message = "[\(count)/\(total)] \(text.finished(id, outcome, seconds: seconds))\n"
      if case .failed(let failure) = outcome { message += text.details(id, failure) }
      return message
    case .restarted(let reason):
      return text.restarted(reason) + "\n"
    }
  }
}
