import ArgumentParser
import Glibc
import GraphCore
import Report
import Store

struct FsckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fsck",
    abstract: "Compare every blob with its digest, rows with files, results with what they name.",
    discussion: """
      With --repair, what is damaged is dropped with every result that names it, so that the next build makes it again, and \
      a damaged database is moved aside. Exit code 1 where something is wrong and was not repaired.

      Examples:
        graph fsck
        graph fsck --repair
      """)

  @OptionGroup var options: StoreOptions
  @Flag(help: "Drop what is damaged, so that it is made again.") var repair = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    try await Exit.reporting {
      guard try Store.open(at: options.folder, mode: .readOnly).exists else {
        throw GraphError(.environment, "there is no store at '\(options.folder)'")
      }
      let report = try check()
      Console.print(json ? CheckText.json(report) : CheckText.text(report))
      if !report.isSound { throw ExitCode(1) }
    }
  }

  private func check() throws -> CheckReport {
    do {
      return try checkOnce()
    } catch {
      guard error.code == DamagedDatabase.code else { throw error }
      let finding = CheckReport.Finding(
        kind: .database, subject: error.message, what: "what it knew is made again",
        repair: repair ? "moved aside" : nil)
      var report = CheckReport()
      // Opened again, the store has a new database, which takes in the files that are whole. The other one may be
      // damaged as well.
      if repair { report = try check() }
      report.findings.insert(finding, at: 0)
      return report
    }
  }

  private func checkOnce() throws(GraphError) -> CheckReport {
    do {
      let store =
        repair
        ? try Store.openForWriting(at: options.folder) : try Store.open(at: options.folder, mode: .readOnly)
      let progress = CheckProgress()
      defer { progress.end() }
      return try store.check(repairs: repair) { progress.show($0, of: $1) }
    } catch let error as GraphError {
      throw error
    } catch {
      throw GraphError(.environment, "\(error)")
    }
  }
}

/// One line of a terminal, written anew a few times a second.
private final class CheckProgress {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let begin = ContinuousClock.now
  private var last = ContinuousClock.now
  private var wasShown = false

  func show(_ done: Int64, of total: Int64) {
    let now = ContinuousClock.now
    guard isTerminal, last.duration(to: now) > .milliseconds(200) else { return }
    (last, wasShown) = (now, true)
    let elapsed = begin.duration(to: now).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    let speed = Amounts.bytes(Int64(Double(done) / max(seconds, 0.001)))
    Console.write("\r\u{1b}[Kchecking \(Amounts.bytes(done)) of \(Amounts.bytes(total)), \(speed)/s")
  }

  func end() { if wasShown { Console.write("\r\u{1b}[K") } }
}

/// What a check says.
enum CheckText {
  static func text(_ report: CheckReport) -> String {
    var lines = report.findings.map { finding in
      let repair = finding.repair.map { " (\($0))" } ?? ""
      return PlainText.oneLine("\(finding.kind.rawValue): \(finding.subject): \(finding.what)\(repair)")
    }
    let speed = Amounts.bytes(Int64(Double(report.bytes) / max(report.seconds, 0.001)))
    lines.append(
      "checked \(Amounts.counted(report.blobs, "blob")), \(Amounts.bytes(report.bytes)), and \(Amounts.counted(report.results, "result")) in \(Amounts.seconds(report.seconds)), \(speed)/s"
    )
    let damage = report.findings.filter(\.isDamage)
    let open = damage.filter { $0.repair == nil }.count
    if damage.isEmpty {
      lines.append("nothing is damaged")
    } else if open == 0 {
      lines.append(
        "\(Amounts.counted(damage.count, "fault")) repaired: the next build makes again what is missing")
    } else {
      lines.append(
        "\(Amounts.counted(open, "fault")): 'graph fsck --repair' drops what is damaged, and the next build makes it again"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `graph fsck --json`:
  ///
  ///     { "schema": 1, "isSound", "blobs", "bytes", "results", "seconds",
  ///       "findings": [ { "kind": "database" "blob" "missing" "result" "snapshot" "pin" "checkout" "graph" "unknown file",
  ///                       "subject", "what", "repair": what was done, or null } ] }
  static func json(_ report: CheckReport) -> String {
    JSONValue.object([
      "schema": .integer(1), "isSound": .boolean(report.isSound), "blobs": .integer(report.blobs),
      "bytes": .integer(Int(report.bytes)), "results": .integer(report.results),
      "seconds": .number(report.seconds),
      "findings": .array(
        report.findings.map {
          .object([
            "kind": .string($0.kind.rawValue), "subject": .string($0.subject), "what": .string($0.what),
            "repair": .text($0.repair),
          ])
        }),
    ]).document
  }
}
