import GraphCore

extension WhyReport {
  /// The chain for people: each node, what changed in it, and below it, indented, what that leads to. Facts that were
  /// changed from outside (what somebody edited, a pin that moved) end in `<- changed here`.
  public func text(color: Bool) -> String {
    let style = Style(color: color)
    return steps.flatMap { step in
      Self.lines(step, style).map { Columns.padding(2 * step.depth) + $0 + "\n" }
    }.joined()
  }

  private static func lines(_ step: Step, _ style: Style) -> [String] {
    let title = style.strong(step.title)
    switch step.finding {
    case .planned(let reason, let changes, let waitsFor, let isPending):
      let verb = isPending ? "is pending" : "runs"
      let waits =
        waitsFor.isEmpty ? [] : ["  waits for \(waitsFor.map(\.title).joined(separator: ", "))"]
      return ["\(title) \(verb)\(explanation(reason, isPending: isPending))"] + changeLines(changes, style)
        + waits
    case .upToDate(let past): return pastLines("\(title) is up to date; ", past, style)
    case .lost(let past, let isPending):
      let verb = isPending ? "is pending" : "runs"
      return pastLines("\(title) \(verb): the store no longer has the result that it had; ", past, style)
    case .inRun(let record, let past): return runLines(title, record, past, style)
    case .beforeRun(let run, let past):
      return pastLines("\(title) did not run in run \(run): it was up to date; ", past, style)
    case .seen: return ["\(title): see above"]
    case .unneeded: return ["\(title): nothing that was asked for needs it"]
    }
  }

  private static func explanation(_ reason: Plan.Reason, isPending: Bool) -> String {
    switch reason {
    case .new: ": it never had a result"
    case .changed: " because"
    case .cascade:
      isPending ? ": nothing of its own changed, it runs if what it reads comes out different" : ""
    case .lost: ": the store lost the result that it had"
    case .forced: ": it was asked to run again"
    case .assumed: ": it was asked what would be"
    }
  }

  /// How a node came to the result that it has, behind the beginning of a sentence.
  private static func pastLines(_ start: String, _ past: PastRun, _ style: Style) -> [String] {
    let moment = past.moment(past.first)
    switch past.finding {
    case .changed(let changes): return ["\(start)it last ran\(moment) because"] + changeLines(changes, style)
    case .new: return ["\(start)it ran once, when it was new\(moment)"]
    case .notReproducible(let output):
      return [
        "\(start)the same action made another '\(PlainText.oneLine(output))' than before\(moment): it is not reproducible"
      ]
    case .unknown: return ["\(start)it last ran\(moment), and what it was made of is not kept"]
    case .none: return ["\(start)no earlier run of it is kept"]
    }
  }

  /// What a node did in a run of the past.
  private static func runLines(_ title: String, _ record: RecordedNode, _ past: PastRun, _ style: Style)
    -> [String]
  {
    let moment = past.moment(record)
    let message = record.message.map { PlainText.oneLine($0) } ?? ""
    switch record.outcome {
    case .skipped: return ["\(title) was skipped\(moment): \(message) failed"]
    case .interrupted: return ["\(title) was interrupted\(moment)"]
    case .cutOff:
      return ["\(title) was cut off\(moment): what it reads came out as it was for a result that was there"]
        + changeLines(past.changes, style)
    case .found:
      return ["\(title) did not run\(moment): a result of before was there for"]
        + changeLines(past.changes, style)
    case .ran where record.reason == Plan.Reason.Kind.lost.rawValue:
      return pastLines("\(title) ran\(moment): the store no longer had the result that it had; ", past, style)
    case .ran where record.reason == Plan.Reason.Kind.forced.rawValue:
      return pastLines("\(title) ran\(moment): it was asked to run again; ", past, style)
    case .ran, .failed: break
    }
    let verb = record.outcome == .ran ? "ran\(moment)" : "failed\(moment), \(message); it ran"
    switch past.finding {
    case .changed(let changes): return ["\(title) \(verb) because"] + changeLines(changes, style)
    case .new: return ["\(title) \(verb): it never had a result before"]
    case .notReproducible(let output):
      return [
        "\(title) \(verb): the same action made another '\(PlainText.oneLine(output))' than before: it is not reproducible"
      ]
    case .unknown, .none: return ["\(title) \(verb), and what it was made of is not kept"]
    }
  }

  private static func changeLines(_ changes: [FactChange], _ style: Style) -> [String] {
    changes.map { change in
      guard let producer = change.producer else {
        return "  " + style.busy(change.line) + "  <- changed here"
      }
      return "  \(change.line), made by \(producer.title)"
    }
  }

  /// The chain for programs. Schema 1; members are sorted, and always there.
  ///
  ///     { "schema": 1, "steps": [ { "name", "label", "step", "depth": integer,
  ///         "finding": "new" | "changed" | "cascade" | "lost" | "forced"      it is to run
  ///                  | "ranLast" | "ranOnce" | "noTrace" | "notReproducible"  it is up to date, or was in that run
  ///                  | "inRun"                                                what it did in that run
  ///                  | "seen" | "unneeded",
  ///         "pending": boolean,
  ///         "changes": [ { "fact", "name", "old", "new", "origin", "madeBy" } ],
  ///         "waitsFor": [ name ],
  ///         "run": in which it came to the result, "since": of the result before; integers or null,
  ///         "outcome": what it did in that run, "message": how it failed, or what it was skipped for; or null } ] }
  ///
  /// Steps are in depth-first order: a step's causes follow it with a greater depth. A change without `madeBy` was
  /// made from outside.
  public func json() -> String { Self.json([self]) }

  /// The chains of several nodes as one document, one after the other: each begins with a step of depth 0.
  public static func json(_ reports: [WhyReport]) -> String {
    let steps = reports.flatMap { report in report.steps.map(json) }
    return JSONValue.object(["schema": .integer(1), "steps": .array(steps)]).document
  }

  /// The steps alone, for a document that they are part of.
  var stepsJSON: JSONValue { .array(steps.map(Self.json)) }

  private static func json(_ step: Step) -> JSONValue {
    var kind: String
    var (changes, waits, pending): ([FactChange], [String], Bool) = ([], [], false)
    var past: PastRun?
    var record: RecordedNode?
    switch step.finding {
    case .planned(let reason, let found, let waitsFor, let isPending):
      kind = reason.kind.rawValue
      (changes, waits, pending) = (found, waitsFor.map(\.name), isPending)
    case .upToDate(let found), .beforeRun(_, let found): (kind, past) = (found.kind, found)
    case .lost(let found, let isPending): (kind, past, pending) = ("lost", found, isPending)
    case .inRun(let found, let how): (kind, record, past) = ("inRun", found, how)
    case .seen: kind = "seen"
    case .unneeded: kind = "unneeded"
    }
    let name = NodeName(step.name)
    return .object([
      "name": .string(step.name), "label": .string(name.label), "step": .string(name.step),
      "depth": .integer(step.depth), "finding": .string(kind), "pending": .boolean(pending),
      "changes": .array((past?.changes ?? changes).map(\.json)),
      "waitsFor": .array(waits.map { .string($0) }),
      "run": (record ?? past?.first).map { .integer(Int($0.run)) } ?? .null,
      "since": past?.before.map { .integer(Int($0.run)) } ?? .null,
      "outcome": .text(record?.outcome.rawValue), "message": .text(record?.message),
    ])
  }
}

extension PastRun {
  fileprivate var kind: String {
    switch finding {
    case .changed, .unknown: "ranLast"
    case .new: "ranOnce"
    case .notReproducible: "notReproducible"
    case .none: "noTrace"
    }
  }
}
