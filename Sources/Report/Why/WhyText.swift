import GraphCore

extension WhyReport {
  /// The chain for people: each node, what changed in it, and below it, indented, what that leads to. Facts that were
  /// changed from outside (what somebody edited, a pin that moved) end in `<- changed here`.
  public func text(color: Bool) -> String {
    let style = Style(color: color)
    return steps.flatMap { step in
      lines(step, style).map { Columns.padding(2 * step.depth) + $0 + "\n" }
    }.joined()
  }

  private func lines(_ step: Step, _ style: Style) -> [String] {
    let title = style.strong(plan.graph[step.node].title)
    switch step.finding {
    case .planned(let reason, let changes, let waitsFor, let isPending):
      let verb = isPending ? "is pending" : "runs"
      let waits =
        waitsFor.isEmpty
        ? [] : ["  waits for \(waitsFor.map { plan.graph[$0].title }.joined(separator: ", "))"]
      return ["\(title) \(verb)\(Self.explanation(reason, isPending: isPending))"]
        + changeLines(changes, style) + waits
    case .ranLast(let changes):
      return ["\(title) is up to date; it last ran because"] + changeLines(changes, style)
    case .ranOnce:
      return ["\(title) is up to date; it ran once, when it was new"]
    case .noTrace:
      return ["\(title) is up to date; no earlier run of it is kept"]
    case .notReproducible(let output):
      return [
        "\(title) is up to date; the same action made another '\(PlainText.oneLine(output))' than before: it is not reproducible"
      ]
    case .seen:
      return ["\(title): see above"]
    case .unneeded:
      return ["\(title): nothing that was asked for needs it"]
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
    }
  }

  private func changeLines(_ changes: [FactChange], _ style: Style) -> [String] {
    changes.map { change in
      guard let producer = change.producer else {
        return "  " + style.busy(change.line) + "  <- changed here"
      }
      return "  \(change.line), made by \(plan.graph[producer.node].title)"
    }
  }

  /// The chain for programs. Schema 1; members are sorted, and always there.
  ///
  ///     { "schema": 1, "steps": [ { "name", "label", "step", "depth": integer,
  ///         "finding": "new" | "changed" | "cascade" | "lost" | "forced"      it is to run
  ///                  | "ranLast" | "ranOnce" | "noTrace" | "notReproducible"  it is up to date
  ///                  | "seen" | "unneeded",
  ///         "pending": boolean,
  ///         "changes": [ { "fact", "name", "old", "new", "origin", "madeBy" } ],
  ///         "waitsFor": [ name ] } ] }
  ///
  /// Steps are in depth-first order: a step's causes follow it with a greater depth. A change without `madeBy` was
  /// made from outside.
  public func json() -> String { Self.json([self]) }

  /// The chains of several nodes as one document, one after the other: each begins with a step of depth 0.
  public static func json(_ reports: [WhyReport]) -> String {
    let steps = reports.flatMap { report in report.steps.map(report.json) }
    return JSONValue.object(["schema": .integer(1), "steps": .array(steps)]).document
  }

  private func json(_ step: Step) -> JSONValue {
    var kind: String
    var (changes, waits, pending): ([FactChange], [NodeID], Bool) = ([], [], false)
    switch step.finding {
    case .planned(let reason, let found, let waitsFor, let isPending):
      kind = ReasonKind(reason).rawValue
      (changes, waits, pending) = (found, waitsFor, isPending)
    case .ranLast(let found): (kind, changes) = ("ranLast", found)
    case .ranOnce: kind = "ranOnce"
    case .noTrace: kind = "noTrace"
    case .notReproducible: kind = "notReproducible"
    case .seen: kind = "seen"
    case .unneeded: kind = "unneeded"
    }
    let node = plan.graph[step.node]
    return .object([
      "name": .string(node.name), "label": .string("\(node.label)"), "step": .string(node.step),
      "depth": .integer(step.depth), "finding": .string(kind), "pending": .boolean(pending),
      "changes": .array(changes.map { $0.json(plan.graph) }),
      "waitsFor": .array(waits.map { .string(plan.graph[$0].name) }),
    ])
  }
}
