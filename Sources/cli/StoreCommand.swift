import ArgumentParser
import Formats
import Glibc
import GraphCore
import Store

struct StoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Look into the store, and put files into it.",
    subcommands: [StoreStatsCommand.self, StoreAddCommand.self, StoreCatCommand.self])
}

struct StoreAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Store files and print their digests.",
    discussion: """
      Nothing needs a file that is added so: the next 'graph gc' removes it, unless a result names the same content.

      Examples:
        graph store add image.ext4
      """)

  @OptionGroup var options: StoreOptions
  @Argument(help: "Files.", completion: .file()) var files: [String]

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.openForWriting(at: options.folder)
      for file in files {
        let digest = try store.importFile(at: file, expected: nil)
        try store.sync()
        Console.print("\(digest)\n")
      }
    }
  }
}

struct StoreCatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat", abstract: "Print the bytes of a blob, or a part of them, verified.",
    discussion: """
      Examples:
        graph store cat 21bb65e60f90…/4096
        graph store cat 21bb65e60f90…/1073741824 --from 512 --count 1024
      """)

  @OptionGroup var options: StoreOptions
  @Option(help: "The first byte that is wanted; only what holds the part is read.") var from: Int64?
  @Option(help: "How many bytes are wanted.") var count: Int64?
  @Argument(help: "A digest, as 'graph inputs' and recipes have it: SHA-256/SIZE.") var digest: String

  func run() async throws {
    try await Exit.reporting {
      guard let digest = Digest(digest) else {
        throw GraphError(.usage, "'\(digest)' is no digest", hint: "write the SHA-256 in hexadecimal digits, '/' and the size")
      }
      let store = try Store.open(at: options.folder, mode: .readOnly)
      if from == nil, count == nil {
        let output = try OpenFile(appendingTo: "/dev/stdout")
        return try store.stream(digest) { try output.write($0) }
      }
      let start = max(0, from ?? 0)
      let end = start.addingReportingOverflow(max(0, count ?? digest.size))
      Console.print(try store.read(digest, start..<(end.overflow ? .max : end.partialValue)))
    }
  }
}

struct StoreStatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Say what is in the store, what it takes, and what the way it is kept saves.",
    discussion: """
      Examples:
        graph store stats
        graph store stats --largest 50 --json
      """)

  @OptionGroup var options: StoreOptions
  @Option(help: "How many of the largest blobs to name.") var largest = 10
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if largest < 0 { throw ValidationError("--largest needs a number from 0 on") }
  }

  func run() async throws {
    try await Exit.reporting {
      let store = try Store.open(at: options.folder, mode: .readOnly)
      guard store.exists else { throw GraphError(.environment, "there is no store at '\(options.folder)'") }
      let statistics = try store.statistics(largest: largest)
      Console.print(json ? StatisticsText.json(statistics) : StatisticsText.text(statistics))
    }
  }
}
