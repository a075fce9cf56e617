import ArgumentParser
import Execute
import GraphCore
import Report
import Store

struct PinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin",
    abstract: "Keep results from 'graph gc', by a name of your own; without a name, list what is kept.",
    discussion: """
      What labels deliver is kept as it was built last; a run with everything that it had. A pin takes the place of one of \
      the same name.

      Examples:
        graph pin
        graph pin candidate //app/httpd //base/...
        graph pin before-upgrade --run 12
      """)

  @OptionGroup var options: GlobalOptions
  @Option(help: "Keep what this run had: its number, or 'newest'.") var run: RunNumber?
  @Flag(help: "Print JSON.") var json = false
  @Argument(help: "What to call it.") var name: String?
  @Argument(help: "Labels or patterns.", completion: .labels) var labels: [String] = []

  func validate() throws {
    if name != nil, labels.isEmpty == (run == nil) {
      throw ValidationError("a pin needs either labels or --run")
    }
    if name == nil, run != nil { throw ValidationError("a pin needs a name") }
  }

  func run() async throws {
    try await Exit.reporting {
      guard let name else {
        let pins = try Store.open(at: options.storeFolder, mode: .readOnly).pins()
        return Console.print(json ? Self.json(pins) : Self.text(pins))
      }
      var pin = Pin(name: name, time: WallClock.secondsSince1970)
      let store: Store
      if let run {
        store = try Store.openForWriting(at: options.storeFolder)
        pin.run = try run.of(store)
      } else {
        let session = try await Session.open(options, .writing, for: labels)
        try session.stopAtErrors()
        store = session.store
        pin.outputs = try outputs(in: session)
      }
      try store.pin(pin)
      Console.print(Self.text([pin]))
    }
  }

  private func outputs(in session: Session) throws -> [String: [String: Artifact]] {
    var outputs: [String: [String: Artifact]] = [:]
    var missing: [Label] = []
    for (label, target) in try session.choice.targets(labels) {
      for root in target.roots {
        let node = session.graph[root].name
        guard let result = try session.store.trace(ofNode: node)?.result,
          try session.store.containsAll(result.outputs.values.map(\.digest))
        else {
          missing.append(label)
          break
        }
        outputs[node] = result.outputs
      }
    }
    if let first = missing.first {
      throw GraphError(
        .user, "\(first) is not built\(missing.count > 1 ? ", and \(missing.count - 1) more" : "")",
        hint: "build it first: graph build \(first)")
    }
    return outputs
  }

  private static func text(_ pins: [Pin]) -> String {
    if pins.isEmpty { return "nothing is pinned\n" }
    return pins.map { pin in
      let what = pin.run.map { "run \($0)" } ?? Amounts.counted(pin.outputs.count, "result")
      return PlainText.oneLine("\(pin.name)  \(Times.text(pin.time))  \(what)") + "\n"
    }.joined()
  }

  /// `graph pin --json`: `{ "schema": 1, "pins": [ { "name", "time", "run": number or null, "nodes": [] } ] }`.
  private static func json(_ pins: [Pin]) -> String {
    JSONValue.object([
      "schema": .integer(1),
      "pins": .array(
        pins.map { pin in
          .object([
            "name": .string(pin.name), "time": .number(pin.time),
            "run": pin.run.map { .integer(Int($0)) } ?? .null,
            "nodes": .array(pin.outputs.keys.sorted().map { .string($0) }),
          ])
        }),
    ]).document
  }
}

struct UnpinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpin", abstract: "Take pins back: what they kept goes with the next 'graph gc'.",
    discussion: """
      Examples:
        graph unpin candidate
        graph unpin candidate before-upgrade
      """)

  @OptionGroup var options: StoreOptions
  @Argument(help: "Names of pins.") var names: [String]

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.openForWriting(at: options.folder)
      let known = try store.pins().map(\.name)
      for name in names {
        guard try store.unpin(name) else {
          let near = Nearest.match(for: name, among: known)
          throw GraphError(
            .usage, "there is no pin '\(name)'",
            hint: near.map { "did you mean '\($0)'?" } ?? "'graph pin' lists them")
        }
      }
    }
  }
}
