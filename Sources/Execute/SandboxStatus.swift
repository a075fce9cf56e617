import GraphCore

/// The lines in which the helper says how a command ended: the first one how, later ones what was used.
struct SandboxStatus {
  private let word: Substring
  private let rest: String
  private let later: [(word: String, values: [Int64])]

  init(lines: [String]) {
    let first = lines.first ?? ""
    word = first.prefix { $0 != " " }
    rest = String(first.dropFirst(word.count + 1))
    later = lines.map { line in
      let words = line.split(separator: " ")
      return (words.prefix { Int64($0) == nil }.joined(separator: " "), words.compactMap { Int64($0) })
    }
  }

  var memoryBytes: Int64? { later.first { $0.word == "memory" }?.values.first }

  /// The bound that a control group says was reached, although the command itself may not have noticed.
  private func reached(_ what: String) -> Int64? {
    later.first { $0.word == "reached \(what)" }?.values.first
  }

  /// Returns for a command that ended with status 0.
  func judge(log: [UInt8]) throws {
    if word != "exited" || rest != "0" {
      if let bytes = reached("memory") { throw ActionFailed(.resource, Self.memory(bytes), log: log) }
      if let count = reached("processes"), word != "failed" {
        throw ActionFailed(.resource, Self.processes(count), log: log)
      }
    }
    switch word {
    case "exited" where rest == "0": return
    case "exited" where rest == "137":
      // A shell reports a killed child so; nothing else does, and only a limit of the machine kills.
      throw ActionFailed(.resource, "a program of it was killed", log: log)
    case "exited": throw ActionFailed(.deterministic, "exited with status \(rest)", log: log)
    case "killed": throw ActionFailed(.resource, "was killed by signal \(rest)", log: log)
    case "limit": throw ActionFailed(.resource, limit(), log: log)
    case "refused": throw ActionFailed(.deterministic, rest, log: log)
    case "emulator":
      throw GraphError(
        .unavailable, rest, hint: "`graph doctor` gives the command that registers an emulator")
    case "failed": throw GraphError(.environment, "the sandbox could not be made: \(rest)")
    default:
      throw GraphError(
        .environment,
        "the sandbox was ended from outside: \(String(decoding: log.suffix(500), as: UTF8.self))")
    }
  }

  /// Which bound of the action was reached, and how to raise it.
  private func limit() -> String {
    let values = later.first?.values ?? []
    let value = values.first ?? 0
    switch rest.prefix(while: { $0 != " " }) {
    case "time": return "was killed after \(value) s, its 'timeout'"
    case "memory": return Self.memory(value)
    case "processes": return Self.processes(value)
    case "disk":
      return
        "was killed: it wrote more than \(Self.megabytes(value)), its limit; 'disk' of a command in graph.d raises it"
    default:
      return
        "was killed: it had written \(Self.megabytes(value)), and less than \(Self.megabytes(values.dropFirst().first ?? 0)) "
        + "was left on the disk of the store; 'graph clean' frees some, or put the store on a larger disk"
    }
  }

  private static func megabytes(_ bytes: Int64) -> String { "\(bytes >> 20) MiB" }

  private static func memory(_ bytes: Int64) -> String {
    "was killed: it needed more than \(Self.megabytes(bytes)) of memory, its limit; 'memory' of a command in graph.d raises it"
  }

  private static func processes(_ count: Int64) -> String {
    "had more than \(count) processes at once, its limit; 'processes' of a command in graph.d raises it"
  }
}
