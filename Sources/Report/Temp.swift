import GraphCore
import Glibc
public enum PlanReport {
  public static func text(_ plan: Plan, estimateSeconds: Double, verbose: Bool, color: Bool) -> String {
    var s = ""
    for id in plan.needed { let d: String = switch plan[id] { case .cached: "cached"; case .run(let r): "run \(r)"; case .pending: "pending"; case .unneeded: "unneeded" }
      if verbose || d != "cached" { s += "\(d.prefix(200)) \(plan.graph[id].name)\n" } }
    return s + "\(plan.needed.count) needed, \(plan.toRun.count) run, \(plan.pending.count) pending\n"
  }
  public static func json(_ plan: Plan, estimateSeconds: Double) -> String { "" }
}
public final class Rep: EventSink {
  let g: Graph
  init(_ g: Graph) { self.g = g }
  public func handle(_ event: BuildEvent) {
    switch event {
    case .finished(let id, let o, let s):
      var t = ""
      switch o { case .ran: t = "ran"; case .cutOff: t = "cut"; case .failed(let f): t = "FAILED \(f.reason) \(f.hint ?? "")\n" + String(decoding: f.log, as: UTF8.self); case .skipped: t = "skipped"; case .cancelled: t = "cancelled" }
      _ = "\(t) \(Double(Int(s*100))/100) \(g[id].name)\n".withCString { write(2, $0, strlen($0)) }
    default: break
    }
  }
  public func tick() {}
  public func finish() {}
}
public func makeReporter(graph: Graph, fileDescriptor: Int32, isTerminal: Bool, environment: [String:String]) -> Rep { Rep(graph) }
