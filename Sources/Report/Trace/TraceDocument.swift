import GraphCore

/// A run as a trace for ui.perfetto.dev, chrome://tracing and Speedscope: the JSON Trace Event Format ("Trace Event
/// Format", Google, the JSON Object Format).
///
/// Two processes stand for what takes a processor and what waits for the network. Their threads are lanes: what ran at
/// once is in different ones, and a lane never holds two slices at one time but for those within another. A slice is a
/// node from when it took a place until its result was committed; within it are `lease`, its wait for another process,
/// and `execute`. Beside them stand asynchronous slices `queue`: from when all inputs were there until a place was
/// free. Flow events `critical path` join the chain that decided how long the run took.
///
/// Times are microseconds from the start of the run.
public struct TraceDocument: Sendable {
  private var events: [JSONValue] = []
  private let run: RecordedRun

  private enum Process: Int, CaseIterable {
    case actions = 1, downloads
    var name: String { self == .actions ? "actions" : "downloads" }
  }

  /// - Throws: what the history throws, and `GraphError(.usage)` where there is no such run.
  public init(_ run: Int64, in history: any RunRecords) throws {
    guard let recorded = try history.run(run) else {
      throw GraphError(.usage, "there is no run \(run)", hint: "'graph runs' lists them")
    }
    self.run = recorded
    let records = try history.records(ofRun: run)
    var descriptions: [String: NodeDescription] = [:]
    for record in records {
      descriptions[record.node] = try history.description(ofNode: record.node, upTo: run)
    }
    add(records, descriptions)
  }

  private mutating func add(_ records: [RecordedNode], _ descriptions: [String: NodeDescription]) {
    let worked = records.filter { [.ran, .cutOff, .failed, .interrupted].contains($0.outcome) }
      .sorted { ($0.started, $0.id) < ($1.started, $1.id) }
    let ends = Dictionary(worked.map { ($0.node, $0.end) }, uniquingKeysWith: { first, _ in first })
    var lanes: [Process: Lanes] = [:]
    var places: [Int64: (process: Process, lane: Int)] = [:]
    for record in worked {
      let description = descriptions[record.node]
      let process = description?.isWaiting == true ? Process.downloads : .actions
      let lane = lanes[process, default: Lanes()].take(from: record.started, to: record.end)
      places[record.id] = (process, lane)
      let inputs = (description?.producers ?? []).compactMap { ends[$0] }.filter {
        $0 <= record.started + 0.001
      }
      addSlices(record, description, process, lane, ready: inputs.max() ?? run.started)
    }
    addPath(RunPath(records, descriptions), places)
    for process in Process.allCases {
      let count = lanes[process]?.count ?? 0
      if count == 0 { continue }
      events.append(metadata("process_name", process, nil, "run \(run.id): \(process.name)"))
      for lane in 0..<count { events.append(metadata("thread_name", process, lane, "lane \(lane + 1)")) }
    }
  }

  private mutating func addSlices(
    _ record: RecordedNode, _ description: NodeDescription?, _ process: Process, _ lane: Int, ready: Double
  ) {
    let category = [
      description?.ruleName ?? "unknown", description?.architecture ?? "noarch",
      record.emulator == nil ? "native" : "emulated", record.outcome.rawValue,
    ].joined(separator: ",")
    let queued = record.started - ready
    if queued > 0 {
      for (phase, time) in [("b", ready), ("e", record.started)] {
        events.append(
          event(
            phase, "queue", "queue", at: time, process, lane,
            ["id": .string("\(record.id)"), "args": .object(["node": .string(record.node)])]))
      }
    }
    events.append(
      event(
        "X", NodeName.title(record.node, description), category, at: record.started, process, lane,
        [
          "dur": .integer(microseconds(record.end) - microseconds(record.started)),
          "args": .object([
            "outcome": .string(record.outcome.rawValue), "reason": .text(record.reason),
            "rule": .text(description?.rule), "architecture": .text(description?.architecture),
            "emulator": .text(record.emulator), "key": .text(record.key?.description),
            "storedBytes": record.storedBytes.map { .integer(Int($0)) } ?? .null,
            "message": .text(record.message),
          ]),
        ]))
    let leased = min(record.end, record.started + record.leaseSeconds)
    if record.leaseSeconds >= 0.001 {
      events.append(slice("lease", record.started, leased, process, lane))
    }
    if record.outcome == .ran || record.outcome == .failed {
      events.append(slice("execute", leased, record.end, process, lane))
    }
  }

  private mutating func addPath(_ path: RunPath, _ places: [Int64: (process: Process, lane: Int)]) {
    for (first, second) in zip(path.nodes, path.nodes.dropFirst()) {
      guard let from = places[first.id], let to = places[second.id] else { continue }
      // A flow binds to the slice that encloses it: the last moment of one, the first of the next.
      let moments = [
        ("s", first.end, from, JSONValue?.none), ("f", second.started, to, .string("e")),
      ]
      for (phase, time, place, binding) in moments {
        var members: [String: JSONValue] = ["id": .string("\(first.id)")]
        if let binding { members["bp"] = binding }
        var flow = event(
          phase, "critical path", "critical path", at: time, place.process, place.lane, members)
        if phase == "s", case .object(var object) = flow {
          object["ts"] = .integer(max(microseconds(first.started), microseconds(first.end) - 1))
          flow = .object(object)
        }
        events.append(flow)
      }
    }
  }

  private func slice(
    _ name: String, _ start: Double, _ end: Double, _ process: Process, _ lane: Int
  ) -> JSONValue {
    event(
      "X", name, name, at: start, process, lane, ["dur": .integer(microseconds(end) - microseconds(start))])
  }

  private func event(
    _ phase: String, _ name: String, _ category: String, at time: Double, _ process: Process, _ lane: Int,
    _ more: [String: JSONValue]
  ) -> JSONValue {
    .object(
      more.merging([
        "ph": .string(phase), "name": .string(name), "cat": .string(category),
        "ts": .integer(microseconds(time)), "pid": .integer(process.rawValue), "tid": .integer(lane + 1),
      ]) { $1 })
  }

  private func metadata(_ name: String, _ process: Process, _ lane: Int?, _ value: String) -> JSONValue {
    .object([
      "ph": .string("M"), "name": .string(name), "pid": .integer(process.rawValue),
      "tid": .integer((lane ?? -1) + 1), "args": .object(["name": .string(value)]),
    ])
  }

  /// From the start of the run; never before it.
  private func microseconds(_ time: Double) -> Int {
    Int(exactly: (max(0, time - run.started) * 1_000_000).rounded()) ?? 0
  }

  /// The document, a line for each event.
  public func json() -> String {
    let about = JSONValue.object([
      "run": .string("\(run.id)"), "command": .string(run.command),
      "started": .string(Times.text(run.started)),
      "outcome": .string(run.state), "snapshot": .string(run.snapshot ?? ""),
      "jobs": .string(run.jobs.map { "\($0)" } ?? ""),
    ])
    return
      "{\"displayTimeUnit\":\"ms\",\"otherData\":\(about.line),\"traceEvents\":[\n"
      + events.map(\.line).joined(separator: ",\n") + "\n]}\n"
  }
}

/// Lanes in which slices stand without meeting: each takes the first that is free.
private struct Lanes {
  private var ends: [Double] = []
  var count: Int { ends.count }

  /// - Parameter start: not before that of the slice before.
  mutating func take(from start: Double, to end: Double) -> Int {
    if let free = ends.firstIndex(where: { $0 <= start }) {
      ends[free] = end
      return free
    }
    ends.append(end)
    return ends.count - 1
  }
}
