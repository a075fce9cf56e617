import GraphCore
import Testing

@Suite("what work takes")
struct ScheduleTests {
  private func wall(
    _ seconds: [Double], _ producers: [[Int32]], jobs: Int = 2, waiting: Set<Int> = [], memory: [Int] = [],
    megabytes: Int = 1000
  ) -> Double {
    let items = seconds.enumerated().map { index, seconds in
      Schedule.Item(
        seconds: seconds, isWaiting: waiting.contains(index),
        memoryMegabytes: memory.isEmpty ? 0 : memory[index])
    }
    return Schedule(
      items, producers: producers, limits: .init(jobs: jobs, downloads: 8, memoryMegabytes: megabytes)
    ).wallSeconds
  }

  @Test("what runs at once takes its turn by the work behind it")
  func order() {
    #expect(wall([], []) == 0)
    #expect(wall([1, 2, 3], [[], [0], [1]]) == 6, "a chain")
    #expect(wall([2, 2, 2], [[], [], []]) == 4, "three beside each other on two processors")
    // The long chain begins first, though it is named last: neither the sum nor the longest chain alone says 5.
    #expect(wall([2, 2, 1, 4], [[], [], [], [2]]) == 5)
    #expect(wall([1, 1, 1, 1, 1], [[], [], [], [], []], jobs: 1) == 5)
    #expect(wall([.infinity, -3, .nan], [[], [], []]) == 0, "what is no time takes none")
  }

  @Test("downloads take no processor, and memory keeps apart what does not fit")
  func limits() {
    #expect(wall([3, 3, 3, 3], [[], [], [], []], jobs: 1, waiting: [0, 1, 2]) == 3)
    #expect(wall([2, 2], [[], []], memory: [600, 600]) == 4)
    #expect(wall([2, 2], [[], []], memory: [600, 400]) == 2)
    #expect(wall([2], [[]], memory: [5000]) == 2, "alone it runs in any case")
  }

  @Test("an estimate adds up what is known, and says of how much nothing is")
  func estimate() throws {
    var builder = GraphBuilder()
    func node(_ name: String, _ rule: String, waits: Bool = false, hint: String? = nil, from: NodeID? = nil)
      -> NodeID
    {
      builder.add(
        Node(
          label: Label(package: "t", name: name, architecture: Architecture("aarch64")), step: "run",
          action: Action(
            rule: .init(rule, version: 1), arguments: [.init("name", name)],
            architecture: Architecture("aarch64"),
            inputs: from.map { [Input("in", .output($0, "out"))] } ?? [], outputs: [.init("out", .blob)],
            command: waits
              ? nil
              : Command(argv: ["true"], root: .layers, collects: [.init(output: "out", from: .changes)]),
            limits: .init(memoryMegabytes: 10, isWaiting: waits),
            hints: hint.map { [Action.fetchBytesHint: $0] } ?? [:])))
    }
    let first = node("first", "fetch", waits: true, hint: "1000")
    let second = node("second", "fetch", waits: true)
    let third = node("third", "known", from: first)
    let fourth = node("fourth", "average", from: second)
    let fifth = node("fifth", "never", from: fourth)
    let graph = builder.build()
    let plan = try Planner(graph: graph, cache: MemoryCache()).plan([third, fifth])
    let estimate = try WorkEstimate(
      plan, history: Past(), limits: .init(jobs: 1, downloads: 8, memoryMegabytes: 100))
    #expect(estimate.nodes == [first, second, third, fourth, fifth])
    #expect(estimate.seconds == [1, 1, 30, 4, 1])
    #expect(estimate.workSeconds == 37 && estimate.unknownCount == 4)
    // third and fourth share one processor; fifth follows the other.
    #expect(estimate.wallSeconds == 36)
    #expect(estimate.fetchBytes == 1000 && estimate.unknownFetchCount == 1)
    #expect(estimate.storedBytes == 1000 + 5000 + 70 && estimate.unknownStoredCount == 2)
    #expect(estimate.emulatedCount(graph) { _ in false } == 3)
    #expect(estimate.emulatedCount(graph) { _ in true } == 0)
    let done = try WorkEstimate(
      try Planner(graph: graph, cache: MemoryCache()).plan([]), history: Past(),
      limits: .init(jobs: 1, downloads: 8, memoryMegabytes: 100))
    #expect(done.nodes.isEmpty && done.wallSeconds == 0)
  }

  private struct Past: WorkHistory {
    func costs(ofNodes names: [String]) -> [String: WorkCost] {
      ["//t/third:aarch64 run": WorkCost(seconds: 30, storedBytes: 5000)]
    }
    func averageCosts() -> [WorkCost.Kind: WorkCost] {
      [WorkCost.Kind(rule: "average@1", architecture: "aarch64"): WorkCost(seconds: 4, storedBytes: 70)]
    }
  }
}
