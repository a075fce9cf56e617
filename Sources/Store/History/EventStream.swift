import Formats
import Glibc
import GraphCore

/// Reads the events of a run, and goes on as they come.
public struct EventStream: Sendable {
  private let store: Store
  public let run: Int64

  /// How long it waits for the kernel to say that something was written, before it looks by itself.
  private static let waitMilliseconds: Int32 = 500

  /// The events of a run.
  ///
  /// - Parameter run: `nil` for the newest run that goes on, else the newest one.
  /// - Throws: `GraphError(.usage)` where there is no such run.
  public init(of run: Int64?, in store: Store) throws {
    self.store = store
    if let run {
      guard try store.run(run) != nil else {
        throw GraphError(.usage, "there is no run \(run)", hint: "'graph runs' lists them")
      }
      self.run = run
    } else if let alive = store.runsWithEvents().first(where: { store.isAlive(run: $0) }) {
      self.run = alive
    } else if let newest = try store.runs(limit: 1).first {
      self.run = newest.id
    } else {
      throw GraphError(.usage, "nothing has run yet", hint: "'graph build' is a run")
    }
  }

  /// Hands on what there is, in whole lines; while it follows, until the run ends, in whatever way.
  ///
  /// - Parameter sink: returns whether to go on.
  public func read(following: Bool, to sink: ([UInt8]) throws -> Bool) throws {
    let path = store.eventFile(ofRun: run)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      // A run that had nothing to do, or an old one: the history has what became of its nodes.
      _ = try sink(try fromHistory())
      return
    }
    defer { close(descriptor) }
    let watch = FileWatch(path)
    var lines = WholeLines(descriptor)
    while true {
      // Asked before it is read, so that nothing is missed of a writer that ends in between.
      let isAlive = store.isAlive(run: run)
      let bytes = lines.next()
      if !bytes.isEmpty {
        guard try sink(bytes) else { return }
        if lines.hasEnded { return }
        continue
      }
      if !isAlive {
        let last = try store.run(run)
        let end = EventLine.ended(last?.outcome ?? "killed", time: last?.finished ?? RunJournal.now())
        _ = try sink(end.bytes)
        return
      }
      if !following { return }
      watch.wait(milliseconds: Self.waitMilliseconds)
    }
  }

  /// The stream as far as the history has it: without what was only of the moment.
  private func fromHistory() throws -> [UInt8] {
    guard let recorded = try store.run(run) else { return [] }
    var bytes = EventLine.run(recorded, id: run).bytes
    for record in try store.records(ofRun: run) { bytes += EventLine.finished(record).bytes }
    let outcome = recorded.outcome ?? "killed"
    return bytes + EventLine.ended(outcome, time: recorded.finished ?? recorded.started).bytes
  }
}

/// What a file has more than before, up to its last line end.
private struct WholeLines {
  private let descriptor: Int32
  private var rest: [UInt8] = []
  private(set) var hasEnded = false
  private static let chunkBytes = 1 << 20

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  mutating func next() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: Self.chunkBytes)
    let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    if count <= 0 { return [] }
    rest += buffer[..<count]
    guard let end = rest.lastIndex(of: 0x0a) else { return [] }
    let lines = Array(rest[...end])
    rest.removeSubrange(...end)
    let last = lines.dropLast().lastIndex(of: 0x0a).map { lines[($0 + 1)...] } ?? lines[...]
    hasEnded = EventLine.isEnd(last)
    return lines
  }
}

/// Tells when a file is written to or its writer closes it, by inotify; where the kernel has none to give, time passes.
private final class FileWatch {
  private let descriptor: Int32

  init(_ path: String) {
    descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    if descriptor >= 0 { inotify_add_watch(descriptor, path, UInt32(IN_MODIFY | IN_CLOSE_WRITE)) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func wait(milliseconds: Int32) {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&poll, 1, milliseconds) > 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    while buffer.withUnsafeMutableBytes({ read(descriptor, $0.baseAddress, $0.count) }) > 0 {}
  }
}
