import GraphCore
import Randomness
import Testing

@testable import Execute

/// The estimate of a plan beside what the wave's own bookkeeping does when every action takes as long as estimated.
@Suite("estimates and waves")
struct ScheduleAgreementTests {
  private struct Silent: EventSink { func handle(_ event: BuildEvent) {} }

  @Test("random graphs: the estimate is what a wave would take", arguments: 0..<60)
  func agrees(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1)
    var builder = GraphBuilder()
    var seconds: [String: Double] = [:]
    let count = Int.random(in: 1...60, using: &random)
    for number in 0..<count {
      let producers =
        number == 0
        ? []
        : (0..<Int.random(in: 0...3, using: &random)).map { _ in
          NodeID(index: Int32.random(in: 0..<Int32(number), using: &random))
        }
      var inputs = Set(producers).sorted().map { Input("from/\($0.index)", .output($0, "out")) }
      inputs.append(Input("text", .leaf(.text("\(seed) \(number)", origin: "text"))))
      let node = Node(
        label: Label(package: "t", name: "n\(number)"), step: "run",
        action: Action(
          rule: .init("step", version: 1), inputs: inputs, outputs: [.init("out", .blob)],
          limits: .init(
            memoryMegabytes: [64, 256, 700].randomElement(using: &random) ?? 64,
            isWaiting: Int.random(in: 0..<4, using: &random) == 0)))
      _ = builder.add(node)
      // Whole numbers, so that sums are exact and two ends fall together now and then.
      seconds[node.name] = Double(Int.random(in: 1...9, using: &random))
    }
    let graph = builder.build()
    let history = Known(seconds: seconds)
    let plan = try Planner(graph: graph, cache: MemoryCache()).plan(graph.order)
    let options = Wave.Options(
      jobs: Int.random(in: 1...4, using: &random), keepGoing: true,
      memoryMegabytes: [500, 1000, 100_000].randomElement(using: &random) ?? 1000)
    let estimate = try WorkEstimate(plan, history: history, limits: options.limits)
    #expect(estimate.wallSeconds == played(plan, seconds, options), "seed \(seed)")
  }

  /// The wave with a clock that jumps to the next end.
  private func played(_ plan: Plan, _ seconds: [String: Double], _ options: Wave.Options) -> Double {
    var pass = WavePass(
      plan: plan, marks: Marks(plan.graph), path: CriticalPath(plan: plan, durations: seconds),
      options: options)
    let result = ActionResult(
      outputs: ["out": Artifact(.blob, Digest(ofText: ""))],
      provenance: .init(durationSeconds: 0, finished: 0))
    pass.begin()
    var now = 0.0
    var running: [(end: Double, id: NodeID)] = []
    while true {
      while let next = pass.takeReady() {
        running.append((now + (seconds[plan.graph[next].name] ?? 0), next))
      }
      guard let end = running.map(\.end).min() else { return now }
      now = end
      for (_, id) in running.filter({ $0.end == end }).sorted(by: { $0.id < $1.id }) {
        pass.settled(id, .ran(result), .init(), seconds: 0, events: Silent())
      }
      running.removeAll { $0.end == end }
    }
  }

  private struct Known: WorkHistory {
    let seconds: [String: Double]
    func costs(ofNodes names: [String]) -> [String: WorkCost] { seconds.mapValues { WorkCost(seconds: $0) } }
  }
}
