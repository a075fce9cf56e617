import FoundationEssentials
import GraphCore
import Store
import Testing

@testable import Report

/// Traces by the rules of the "Trace Event Format", which viewers hold a file to.
@Suite("trace")
struct TraceDocumentTests {
  struct Trace: Decodable {
    var displayTimeUnit: String
    var traceEvents: [Event]
  }
  struct Event: Decodable {
    var ph: String
    var name: String
    var cat: String?
    var ts: Int?
    var dur: Int?
    var pid: Int
    var tid: Int
    var id: String?
    var bp: String?
    var args: Arguments?
    struct Arguments: Decodable { var name: String? }
    var end: Int { (ts ?? 0) + (dur ?? 0) }
  }

  private func trace(_ run: Int64, _ world: World) throws -> Trace {
    let text = try TraceDocument(run, in: world.history.store()).json()
    return try JSONDecoder().decode(Trace.self, from: Data(text.utf8))
  }

  /// Every rule of the format that a viewer relies on.
  static func validate(_ trace: Trace) {
    #expect(["ms", "ns"].contains(trace.displayTimeUnit))
    for event in trace.traceEvents {
      #expect(["X", "b", "e", "s", "f", "M"].contains(event.ph))
      #expect(event.ph == "M" || (event.ts ?? -1) >= 0, "\(event)")
      #expect(event.ph != "X" || (event.dur ?? -1) >= 0)
      #expect(!["b", "e", "s", "f"].contains(event.ph) || event.id != nil)
      #expect(event.ph == "M" || event.cat?.isEmpty == false)
    }
    // Slices of one lane are within each other or apart.
    let lanes = Dictionary(grouping: trace.traceEvents.filter { $0.ph == "X" }) { "\($0.pid) \($0.tid)" }
    for slices in lanes.values {
      for (number, one) in slices.enumerated() {
        for other in slices[(number + 1)...] {
          let (start, otherStart) = (one.ts ?? 0, other.ts ?? 0)
          let isApart = one.end <= otherStart || other.end <= start
          let isWithin =
            start <= otherStart && other.end <= one.end || otherStart <= start && one.end <= other.end
          #expect(isApart || isWithin, "\(one) and \(other)")
        }
      }
    }
    // Flows come in pairs, each end within a slice; asynchronous slices are closed.
    for start in trace.traceEvents where start.ph == "s" {
      let end = trace.traceEvents.first { $0.ph == "f" && $0.id == start.id && $0.name == start.name }
      #expect(end.map { ($0.ts ?? 0) >= (start.ts ?? 0) } == true)
      for flow in [start, end].compactMap({ $0 }) {
        let isEnclosed = trace.traceEvents.contains { slice in
          slice.ph == "X" && slice.pid == flow.pid && slice.tid == flow.tid
            && (slice.ts ?? 0) <= (flow.ts ?? 0) && (flow.ts ?? 0) <= slice.end
        }
        #expect(isEnclosed, "\(flow)")
      }
    }
    for start in trace.traceEvents where start.ph == "b" {
      #expect(
        trace.traceEvents.contains { $0.ph == "e" && $0.id == start.id && ($0.ts ?? 0) >= (start.ts ?? 0) })
    }
    let named = Set(
      trace.traceEvents.filter { $0.ph == "M" && $0.name == "thread_name" }.map { "\($0.pid) \($0.tid)" })
    #expect(named == Set(lanes.keys))
  }

  @Test(
    "what ran at once is in lanes of its own, waits are slices, and the longest chain is joined by arrows")
  func concurrent() throws {
    let world = World()
    let graph = world.graph
    let start = TestHistory.midnight
    func record(
      _ name: String, _ from: Double, _ seconds: Double, lease: Double = 0, emulator: String? = nil
    ) -> HistoryEntry {
      let id = world.node(name)
      return HistoryEntry(
        RecordedNode(
          node: name, outcome: .ran, reason: "new", started: start + from, durationSeconds: seconds,
          leaseSeconds: lease,
          emulator: emulator), NodeDescription(graph[id], in: graph))
    }
    let arm = "//app/httpd@latest:aarch64"
    let intel = "//app/httpd@latest:x86_64"
    try world.history.add(
      [
        record("//base/small:aarch64 packages", 0, 4, emulator: "qemu-aarch64 7.2.22"),
        record("\(arm) 1 copy", 0, 1), record("\(intel) 1 copy", 1, 1),
        record("//base/small:x86_64 packages", 2, 1),
        record("\(intel) 2 RUN make", 3, 2, lease: 0.5), record("\(arm) 2 RUN make", 6, 3),
        record("\(arm) image", 9, 1),
      ], wanted: [])
    let trace = try trace(1, world)
    Self.validate(trace)
    let nodes = trace.traceEvents.filter { $0.ph == "X" && $0.name.hasPrefix("//") }
    #expect(nodes.count == 7)
    #expect(Set(nodes.map(\.tid)) == [1, 2], "never more than two at once")
    let base = try #require(nodes.first { $0.name.hasPrefix("//base/small:aarch64") })
    #expect(base.ts == 0 && base.dur == 4_000_000 && base.cat == "install,aarch64,emulated,ran")
    let make = try #require(nodes.first { $0.name.hasPrefix("\(intel) 2") })
    #expect(make.cat == "run,x86_64,native,ran")
    let lease = try #require(trace.traceEvents.first { $0.name == "lease" })
    #expect(lease.ts == make.ts && lease.dur == 500_000 && lease.tid == make.tid)
    #expect(trace.traceEvents.contains { $0.name == "execute" && $0.ts == lease.end && $0.end == make.end })
    // Everything that it reads was there after 4 s, and it began after 6.
    let queue = trace.traceEvents.filter {
      $0.name == "queue" && $0.ts == 4_000_000 || $0.name == "queue" && $0.ts == 6_000_000
    }
    #expect(queue.map(\.ph) == ["b", "e"] && Set(queue.map(\.id)).count == 1)
    let arrows = trace.traceEvents.filter { $0.ph == "f" }
    #expect(arrows.map(\.ts) == [6_000_000, 9_000_000] && arrows.allSatisfy { $0.bp == "e" })
    let names = trace.traceEvents.filter { $0.ph == "M" }.compactMap { $0.args?.name }
    #expect(names == ["run 1: actions", "lane 1", "lane 2"])
    #expect(throws: GraphError.self) { try TraceDocument(2, in: world.history.store()) }
  }

  @Test("a run that did nothing is an empty trace")
  func empty() throws {
    let world = World()
    try world.history.add([], wanted: [])
    let trace = try trace(1, world)
    Self.validate(trace)
    #expect(trace.traceEvents.isEmpty)
  }
}
