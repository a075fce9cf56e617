import Formats
import Glibc
import GraphCore

/// Compiled graphs, kept for the next command: `graphs/DIGEST.graph` has the structure of one, named by its content, and
/// `graphs/QUESTION.state` what it was compiled from and what is known of its nodes. Both are a cache: what cannot be read is
/// compiled anew.
extension Store {
  /// How many states are kept; the oldest go first.
  static let graphsMax = 32

  var graphs: String { "\(path)/graphs" }

  /// What the store has lost so far, as a number that every loss raises; `nil` where there is no store.
  public func losses() throws -> Int64? { try number("SELECT value FROM losses") }

  /// Everything that is kept of graphs, and of answers about them.
  func graphFiles() throws -> [String] {
    try [graphs, answers].filter(FileSystem.exists).flatMap { folder in
      try Folders.names(in: folder).map { "\(folder)/\($0)" }
    }
  }

  func number(_ sql: String) throws -> Int64? {
    guard let facts else { return nil }
    return try facts.read { connection in
      try connection.use(sql) { try $0.step() ? $0.integer(0) : nil }
    }
  }

  /// The graph that was kept as the answer to `question`, where it still is the graph.
  ///
  /// - Parameters:
  ///   - question: what decides on the graph and is no file: the workspace, the program, what was asked for.
  ///   - snapshot: the name of the one to use; `nil` for the newest.
  public func keptGraph(_ question: [String], snapshot: String?) async -> KeptGraph? {
    guard let state = CheckedFile(mapping: statePath(question)),
      let info = state[.info].flatMap({ GraphInfo(encoded: $0.bytes) }),
      // What the store cannot tell now is worked out anew.
      let current = try? snapshot ?? newestSnapshotName(), info.snapshot == current,
      let losses = try? losses(), let encoded = state[.places], let parts = PlaceCoding.parts(encoded.bytes)
    else { return nil }
    let places = PlaceCheck.Parts(all: parts, owner: encoded)
    let known: @Sendable (Int) -> Digest = { number in
      guard let rows = state[.sources] else { return .empty }
      let column = DigestColumn(rows: rows.bytes, owner: rows)
      return number < column.count ? column[number] : .empty
    }
    guard let check = await PlaceCheck.look(at: places, known: known) else { return nil }
    return KeptGraph(
      info: info, areMarksGood: info.losses == losses, check: check, state: state, parts: places,
      structurePath: "\(graphs)/\(info.structure)")
  }

  /// What is known of the nodes of the graph that was kept as the answer to `question`, whatever has become of it; `nil` where
  /// that does not hold any more.
  public func earlierMarks(_ question: [String]) -> Marks? {
    guard let state = CheckedFile(mapping: statePath(question)),
      let info = state[.info].flatMap({ GraphInfo(encoded: $0.bytes) }), info.losses == (try? losses()),
      let keys = state[.deepKeys], let bits = state[.settled]
    else { return nil }
    let deepKeys = DigestColumn(rows: keys.bytes, owner: keys)
    return NodeBits(bytes: bits.bytes, count: deepKeys.count).map {
      Marks(deepKeys: deepKeys, settled: $0)
    }
  }

  /// Keeps a graph that was compiled now. Nothing is kept where something that it depends on moved while it was made, or where
  /// the store may not be written.
  ///
  /// - Parameters:
  ///   - losses: the store's, read before anything was looked up.
  ///   - places: learnt while it was made.
  /// - Returns: what tells it from every other graph, as `KeptGraph.identity`; `nil` where it was not kept.
  @discardableResult
  public func keep(
    _ graph: Graph, _ marks: Marks, _ info: GraphInfo, losses: Int64, places: PlaceRecorder,
    question: [String]
  ) -> String? {
    guard let places = Self.places(places, graph) else { return nil }
    var info = info
    let structure = CheckedFile.encode([Array(graph.bytes.bytes)])
    info.structure = "\(Digest(of: structure).hex.prefix(32)).graph"
    // Whoever cannot keep it compiles it again.
    guard (try? FileSystem.makeFolders(graphs)) != nil,
      FileSystem.exists("\(graphs)/\(info.structure)")
        || (try? FileSystem.write(structure, to: "\(graphs)/\(info.structure)", isDurable: false)) != nil,
      write(graph, marks, info, losses: losses, places, question)
    else { return nil }
    removeOldGraphs()
    return "\(info.structure) \(Digest(of: graph.sourceDigests.encoded()))"
  }

  /// Keeps what has become of a graph that was kept: other marks, stamps and contents.
  ///
  /// - Parameters:
  ///   - graph: as `kept` opened it.
  ///   - losses: the store's, read before anything was looked up.
  public func keep(
    _ graph: Graph, _ marks: Marks, from kept: KeptGraph, losses: Int64, question: [String]
  ) {
    _ = write(graph, marks, kept.info, losses: losses, kept.check.places(kept.parts), question)
  }

  /// Keeps only that places were looked at anew.
  public func keepStamps(of kept: KeptGraph, question: [String]) {
    let sections = KeptGraph.Section.allCases.map { section -> [UInt8]? in
      section == .places
        ? PlaceCoding.encode(kept.check.places(kept.parts)) : kept.state[section].map { Array($0.bytes) }
    }
    guard !kept.hasEdits, sections.allSatisfy({ $0 != nil }) else { return }
    _ = try? FileSystem.write(
      CheckedFile.encode(sections.compactMap { $0 }), to: statePath(question), isDurable: false)
  }

  private func write(
    _ graph: Graph, _ marks: Marks, _ info: GraphInfo, losses: Int64, _ places: [Place], _ question: [String]
  ) -> Bool {
    var info = info
    info.losses = losses
    info.rootCount = graph.roots.count
    info.isComplete = graph.roots.allSatisfy { marks.settled[$0] }
    let sections = [
      info.encoded, PlaceCoding.encode(places), marks.settled.bytes, graph.sourceDigests.encoded(),
      graph.leafDigests.encoded(), marks.deepKeys.encoded(),
    ]
    return
      (try? FileSystem.write(
        CheckedFile.encode(sections), to: statePath(question), isDurable: false)) != nil
  }

  /// The places as they are to be kept; `nil` where one of them moved since it was looked at.
  private static func places(_ recorder: PlaceRecorder, _ graph: Graph) -> [Place]? {
    let sources = Dictionary(
      graph.sourcePaths.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    var places: [Place] = []
    for (path, seen) in recorder.seen {
      let now = FileStamp(path)
      var place = Place(path: path, role: .presence, stamp: seen.stamp, isTrusted: !seen.isRacy)
      if seen.isPresence {
        guard now.exists else { return nil }
      } else {
        guard now == seen.stamp else { return nil }
        if !seen.isStructure, !now.isLink, now.isFile, let number = sources[path] {
          place.role = .source(number)
        } else {
          place.role = .structure(Place.digest(of: path, now))
        }
      }
      places.append(place)
    }
    // Every source has to be watched, or an edit of it would be missed, and no folder on the way to it may become a link.
    var watched = Set(places.map(\.path))
    guard sources.keys.allSatisfy(watched.contains) else { return nil }
    for path in sources.keys {
      var folder = path
      while let end = folder.lastIndex(of: "/"), end > folder.startIndex {
        folder = String(folder[..<end])
        guard watched.insert(folder).inserted else { break }
        places.append(Place(path: folder, role: .presence, stamp: FileStamp(folder), isTrusted: false))
      }
    }
    return places.sorted { $0.path.precedesInBytes($1.path) }
  }

  private func statePath(_ question: [String]) -> String {
    "\(graphs)/\(Digest(ofText: Self.encoded(question)).hex).state"
  }

  /// Removes the states that were written longest ago, and structures that no state names.
  private func removeOldGraphs() {
    let names = (try? Folders.names(in: graphs)) ?? []
    let states = names.filter { $0.hasSuffix(".state") }.map { name in
      var status = stat()
      return (lstat("\(graphs)/\(name)", &status) == 0 ? status.st_mtim.tv_sec : 0, name)
    }.sorted { $0 > $1 }
    for (_, name) in states.dropFirst(Self.graphsMax) { unlink("\(graphs)/\(name)") }
    let named = states.prefix(Self.graphsMax).compactMap { _, name in
      CheckedFile(mapping: "\(graphs)/\(name)")?[.info].flatMap { GraphInfo(encoded: $0.bytes) }?.structure
    }
    let newest = time(nil) - 3600
    for name in Set(names.filter { $0.hasSuffix(".graph") }).subtracting(named) {
      var status = stat()
      // A new one may be of a process that has not written its state yet.
      guard lstat("\(graphs)/\(name)", &status) == 0, status.st_mtim.tv_sec < newest else { continue }
      unlink("\(graphs)/\(name)")
    }
  }
}
