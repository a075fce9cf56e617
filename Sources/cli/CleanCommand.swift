import ArgumentParser
import Execute
import Formats
import Glibc
import GraphCore
import Store

struct CleanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clean",
    abstract: "Remove what can be made again: checkouts and caches, or the whole store.",
    discussion: """
      Examples:
        graph clean
        graph clean --all --store /tmp/store
      """)

  @OptionGroup var options: GlobalOptions
  @Flag(name: .customLong("all"), help: "Remove the whole store: results, snapshots and history too.")
  var all = false

  func run() async throws {
    try await Exit.reporting {
      let folder = options.storeFolder
      // Opening it for reading makes sure that it is a store, and of our version, before anything is removed.
      _ = try Store.open(at: folder, mode: .readOnly)
      guard access("\(folder)/VERSION", F_OK) == 0 else {
        Console.print("there is no store at '\(folder)'\n")
        return
      }
      let helpers = try Machine.helpers()
      let caches = try await CacheFolders(folder: "\(folder)/caches", helpers: helpers).removeAll()
      if caches.inUse > 0 {
        Console.note("graph: \(Self.count(caches.inUse)) in use: not removed")
      }
      if all {
        try? Folders.remove(folder)
        Console.print("removed '\(folder)'\n")
      } else {
        let store = try Store.openForWriting(at: folder)
        let bytes = try store.trimCheckouts(maximumBytes: 0, graceSeconds: 0).bytes
        Console.print(
          "removed \(bytes / 1_048_576) MiB of checkouts and \(Self.count(caches.removed)); results and snapshots stay\n"
        )
      }
    }
  }

  private static func count(_ caches: Int) -> String { "\(caches) \(caches == 1 ? "cache" : "caches")" }
}
