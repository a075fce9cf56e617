import ArgumentParser
import Execute
import GraphCore
import Report
import Store

struct CollectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Remove results and blobs that nothing needs any more; what explains them stays.",
    discussion: """
      Kept are pins, the newest runs of each workspace whose folder is there, and all runs that are young. A run keeps \
      the results of everything that it wanted. It is safe beside running builds, and works on a full disk.

      Examples:
        graph gc --dry-run
        graph gc --keep-runs 3 --keep-days 2
        graph gc --max-size 50GiB
        graph gc --caches
      """)

  @OptionGroup var options: StoreOptions
  @Flag(name: .shortAndLong, help: "Remove nothing; say what would go, and why.") var dryRun = false
  @Option(help: "How many of the newest runs of each workspace to keep.") var keepRuns = 10
  @Option(help: "Keep the runs of so many days, whatever their workspace.") var keepDays: Double = 14
  @Option(
    help: ArgumentHelp(
      "Give up the oldest of these runs until blobs take no more than this, down to the newest of each workspace.",
      valueName: "size"))
  var maxSize: ByteCount?
  @Flag(help: "Remove all checkouts, remembered answers and caches of commands, too, unless they are in use.")
  var caches = false
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if keepRuns < 0 { throw ValidationError("--keep-runs needs a number from 0 on") }
    if !(keepDays >= 0) { throw ValidationError("--keep-days needs a number from 0 on") }
  }

  func run() async throws {
    try await Exit.reporting {
      var policy = CollectionPolicy(now: WallClock.secondsSince1970)
      (policy.runs, policy.days, policy.maximumBytes) = (keepRuns, keepDays, maxSize?.bytes)
      (policy.isDryRun, policy.removesAllCaches) = (dryRun, caches)
      let existing = try Store.open(at: options.folder, mode: .readOnly)
      if !existing.exists {
        throw GraphError(.environment, "there is no store at '\(options.folder)'")
      }
      let store = dryRun ? existing : try Store.openForWriting(at: options.folder)
      var removedCaches = 0
      if caches, !dryRun {
        removedCaches = try await CacheFolders(folder: store.caches, helpers: Machine.helpers())
          .removeAll().removed
      }
      let report = try store.collect(policy)
      Console.print(
        json
          ? CollectionText.json(report, isDryRun: dryRun)
          : CollectionText.text(report, isDryRun: dryRun, removedCaches: removedCaches))
    }
  }
}

extension Store {
  /// Opens a store for writing, and says what had to be mended for that.
  static func openForWriting(at path: String) throws -> Store {
    let store = try open(at: path, mode: .readWrite)
    for notice in store.notices { Console.note("graph: \(notice)") }
    return store
  }
}

/// A size as people write it: `512`, `64M`, `1.5GiB`; units are powers of 1024.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int64

  init?(argument: String) {
    let lower = argument.lowercased()
    let number = lower.prefix { $0.isNumber || $0 == "." }
    guard let value = Double(number), value >= 0 else { return nil }
    let units = ["": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4]
    var unit = String(lower.dropFirst(number.count))
    if unit.count > 1, unit.hasSuffix("b") { unit.removeLast() }
    if unit.count > 1, unit.hasSuffix("i") { unit.removeLast() }
    guard let power = units[unit] else { return nil }
    let scaled = (0..<power).reduce(value) { scaled, _ in scaled * 1024 }
    guard let bytes = Int64(exactly: scaled.rounded(.down)) else { return nil }
    self.bytes = bytes
  }
}
