import ArgumentParser
import Glibc
import Logging

/// Options that every subcommand on a workspace has.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .customLong("directory"), help: "Work as if started in this folder.", completion: .directory)
  var directory: String?

  @Option(
    help: "Where results and blobs are kept. Default: graph in XDG_CACHE_HOME, or ~/.cache/graph.",
    completion: .directory)
  var store: String?

  @Option(help: "Use this snapshot instead of the newest: its name, as 'graph snapshot show' lists them.")
  var snapshot: String?

  @Flag(help: "Resolve every moving fact anew.")
  var refresh = false

  @Flag(help: "Never use the network: what is not in the snapshot and the store is an error.")
  var offline = false

  @Option(help: "Tell more of what is done, on standard error: trace, debug, info, notice, warning, error.")
  var logLevel: Logger.Level = .warning

  /// Where the program tells what it does; its results and messages go elsewhere.
  var logger: Logger {
    var logger = Logger(label: "graph") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel
    return logger
  }

  func validate() throws {
    if store?.isEmpty == true { throw ValidationError("--store needs the name of a folder") }
    var status = stat()
    if directory != nil, stat(startFolder, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR {
      throw ValidationError("--directory needs a folder, and '\(directory ?? "")' is none")
    }
    if refresh && offline { throw ValidationError("--refresh needs the network that --offline forbids") }
    if refresh && snapshot != nil {
      throw ValidationError("--refresh makes a snapshot, and --snapshot names one")
    }
  }

  /// The folder to start from, absolute.
  var startFolder: String {
    let folder = directory ?? "."
    if folder.hasPrefix("/") { return folder }
    return folder == "." ? WorkingFolder.path : "\(WorkingFolder.path)/\(folder)"
  }

  /// The store's folder, absolute.
  var storeFolder: String { StoreOptions.folder(store, in: startFolder) }
}

/// Where the program was started.
enum WorkingFolder {
  static var path: String {
    guard let current = getcwd(nil, 0) else { return "." }
    defer { free(current) }
    return String(cString: current)
  }
}

/// Options of commands on the store alone.
struct StoreOptions: ParsableArguments {
  @Option(
    help: "Where results and blobs are kept. Default: graph in XDG_CACHE_HOME, or ~/.cache/graph.",
    completion: .directory)
  var store: String?

  func validate() throws {
    if store?.isEmpty == true { throw ValidationError("--store needs the name of a folder") }
  }

  var folder: String { Self.folder(store, in: WorkingFolder.path) }

  static func folder(_ store: String?, in startFolder: String) -> String {
    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(startFolder)/\(path)" }
    if let store { return absolute(store) }
    if let cache = Environment.variable("XDG_CACHE_HOME"), cache.hasPrefix("/") { return "\(cache)/graph" }
    return "\(Environment.variable("HOME") ?? "/root")/.cache/graph"
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// The process's environment, read in one place.
enum Environment {
  static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  static var all: [String: String] {
    var variables: [String: String] = [:]
    var position = environ
    while let entry = position.pointee {
      let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      position += 1
    }
    return variables
  }
}
