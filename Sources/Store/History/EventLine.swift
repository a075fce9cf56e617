import Formats
import GraphCore

/// One line of the stream of a run's events: a JSON object, schema 1. BUILDGRAPH.md, section 12.3, lists the types and
/// their members.
///
/// A member without a value is left out. No line is longer than `sizeMax`: long texts are cut and end in `…`, and of many
/// outputs the first ones are named.
public struct EventLine: Sendable {
  /// Within schema 1 types and members are added, and none is renamed or removed.
  public static let schema = 1

  /// The types of lines, by their member `type`.
  public enum Kind: String, Sendable, CaseIterable {
    case run, planned, started, waiting, expanded, finished, restarted, truncated, ended
  }

  /// In bytes, with the line feed.
  static let sizeMax = 65_536
  private static let textMax = 1_024
  private static let outputsMax = 32

  /// With the line feed.
  public var bytes: [UInt8] { content + Array("}\n".utf8) }
  private var content: [UInt8]

  /// - Parameter time: seconds since 1970.
  private init(_ kind: Kind, time: Double) {
    content = Array("{\"type\":\"\(kind.rawValue)\"".utf8)
    add("time", time)
  }

  /// The first line of every stream.
  static func run(_ run: RecordedRun, id: Int64) -> EventLine {
    var line = EventLine(.run, time: run.started)
    line.add("schema", Int64(schema))
    line.add("run", id)
    line.add("command", run.command)
    line.add("workspace", run.workspace)
    line.add("snapshot", run.snapshot)
    line.add("jobs", run.jobs.map(Int64.init))
    return line
  }

  static func planned(_ plan: Plan, estimateSeconds: Double, time: Double) -> EventLine {
    var line = EventLine(.planned, time: time)
    line.add("toRun", Int64(plan.toRun.count))
    line.add("pending", Int64(plan.pending.count))
    line.add("cached", Int64(plan.cachedCount))
    line.add("estimateSeconds", estimateSeconds)
    return line
  }

  static func started(_ node: Node, time: Double) -> EventLine {
    var line = EventLine(.started, time: time)
    line.add("node", node.name)
    line.add("rule", node.action.rule.description)
    line.add("architecture", (node.action.architecture ?? node.label.architecture)?.name)
    return line
  }

  static func waiting(_ node: String, time: Double) -> EventLine {
    var line = EventLine(.waiting, time: time)
    line.add("node", node)
    return line
  }

  static func expanded(_ node: String, found: Int, time: Double) -> EventLine {
    var line = EventLine(.expanded, time: time)
    line.add("node", node)
    line.add("found", Int64(found))
    return line
  }

  static func finished(_ record: RecordedNode) -> EventLine {
    var line = EventLine(.finished, time: record.started + record.durationSeconds)
    line.add("node", record.node)
    line.add("outcome", record.outcome.rawValue)
    line.add("reason", record.reason)
    line.add("seconds", record.durationSeconds)
    if record.leaseSeconds > 0 { line.add("leaseSeconds", record.leaseSeconds) }
    line.add("key", record.key?.description)
    line.add("deepKey", record.deepKey?.description)
    line.add("emulator", record.emulator)
    line.add("storedBytes", record.storedBytes)
    line.add(record.outputs)
    line.add("log", record.log?.description)
    line.add("message", record.message)
    return line
  }

  static func restarted(_ reason: String, time: Double) -> EventLine {
    var line = EventLine(.restarted, time: time)
    line.add("reason", reason)
    return line
  }

  /// What follows is left out, because the stream has become too long.
  static func truncated(time: Double) -> EventLine { EventLine(.truncated, time: time) }

  /// The last line of every stream; one that the run could not write itself is made by who reads it.
  static func ended(_ outcome: String, time: Double) -> EventLine {
    var line = EventLine(.ended, time: time)
    line.add("outcome", outcome)
    return line
  }

  /// Whether bytes are the last line of a stream.
  static func isEnd(_ line: some Collection<UInt8>) -> Bool {
    line.starts(with: "{\"type\":\"\(Kind.ended.rawValue)\"".utf8)
  }

  // MARK: Members

  private mutating func name(_ name: String) { content += ",\"\(name)\":".utf8 }

  private mutating func add(_ name: String, _ number: Double?) {
    guard let number, number.isFinite else { return }
    self.name(name)
    content += "\(number)".utf8
  }

  private mutating func add(_ name: String, _ number: Int64?) {
    guard let number else { return }
    self.name(name)
    content += "\(number)".utf8
  }

  private mutating func add(_ name: String, _ text: String?) {
    guard let text else { return }
    self.name(name)
    write(text)
  }

  private mutating func add(_ outputs: [String: Artifact]) {
    if outputs.isEmpty { return }
    name("outputs")
    let sorted = outputs.sorted { $0.key.precedesInBytes($1.key) }
    for (index, output) in sorted.prefix(Self.outputsMax).enumerated() {
      content += (index == 0 ? "[{\"name\":" : ",{\"name\":").utf8
      write(output.key, atMost: 128)
      let digest = output.value.digest
      content +=
        ",\"kind\":\"\(output.value.kind.rawValue)\",\"digest\":\"\(digest.hex)\",\"size\":\(digest.size)}"
        .utf8
    }
    content.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ text: String, atMost: Int = textMax) {
    guard text.utf8.count > atMost else { return JSON.write(text, to: &content) }
    var end = text.utf8.index(text.startIndex, offsetBy: atMost)
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    JSON.write(text[..<end] + "…", to: &content)
  }
}
