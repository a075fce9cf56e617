import Glibc
import GraphCore

/// What a collection has to keep, by who asks for it.
///
/// Roots are pins, the runs that the policy keeps, and snapshots. Releases are another root: who makes them adds what they
/// name here.
struct CollectionRoots {
  var artifacts: Set<Artifact> = []
  /// Logs and documents of snapshots.
  var blobs: Set<Digest> = []
  var runs: [Int64] = []
  var pins: [String] = []
}

extension Store {
  /// The runs that a policy keeps, oldest first, and those of them that no limit of size may give up.
  func keptRuns(_ policy: CollectionPolicy) throws -> (all: [RecordedRun], newest: Set<Int64>) {
    var perWorkspace: [String: Int] = [:]
    var isThere: [String: Bool] = [:]
    var newest: Set<Int64> = []
    let pinned = Set(try pins().compactMap(\.run))
    let kept = try runs(limit: Int(Int32.max)).filter { run in
      let workspace = run.workspace ?? ""
      let exists = isThere[workspace] ?? (access("\(workspace)/graph.yml", F_OK) == 0)
      isThere[workspace] = exists
      perWorkspace[workspace, default: 0] += 1
      let place = perWorkspace[workspace] ?? 0
      if exists, place == 1 || pinned.contains(run.id) { newest.insert(run.id) }
      return pinned.contains(run.id) || exists && place <= policy.runs
        || run.started > policy.now - policy.days * 86_400
    }
    return (kept.reversed(), newest.union(pinned))
  }

  /// Everything that has to stay for some runs, the pins and the snapshots.
  func roots(of runs: [RecordedRun]) throws -> CollectionRoots {
    var roots = CollectionRoots()
    roots.runs = runs.map(\.id)
    for pin in try pins() {
      roots.pins.append(pin.name)
      for outputs in pin.outputs.values { roots.artifacts.formUnion(outputs.values) }
    }
    try add(runs, to: &roots)
    roots.blobs.formUnion(try snapshotDocuments().map(\.digest))
    return roots
  }

  /// The results that runs had: of every node that they wanted, or that made something for it, what it was before the
  /// first of them, and all that it became since.
  private func add(_ runs: [RecordedRun], to roots: inout CollectionRoots) throws {
    guard let first = runs.map(\.id).min(), let last = runs.map(\.id).max() else { return }
    var wanted: Set<String> = []
    // Runs of an older version do not tell what they wanted: then it was everything.
    var wantsAll = false
    for run in runs {
      let names = try self.wanted(byRun: run.id)
      if names.isEmpty, run.workspace == nil { wantsAll = true }
      wanted.formUnion(names)
    }
    var needed = wanted
    for run in [first, last] { Self.addProducers(try descriptions(upTo: run), of: wanted, to: &needed) }
    func isNeeded(_ node: String) -> Bool { wantsAll || needed.contains(node) }
    let before = try results(upTo: first).values.filter { isNeeded($0.node) }
    for record in try before + records(sinceRun: first) where isNeeded(record.node) {
      roots.artifacts.formUnion(record.outputs.values)
      if let log = record.log { roots.blobs.insert(log) }
    }
    // What an older version made has traces and no records.
    for result in try newestTraces() where isNeeded(result.node) {
      roots.artifacts.formUnion(result.outputs.values)
    }
  }

  private static func addProducers(
    _ descriptions: [String: NodeDescription], of wanted: Set<String>, to needed: inout Set<String>
  ) {
    var visited = wanted
    var open = Array(wanted)
    while let node = open.popLast() {
      for producer in descriptions[node]?.producers ?? [] where visited.insert(producer).inserted {
        open.append(producer)
      }
    }
    needed.formUnion(visited)
  }

  private func newestTraces() throws -> [(node: String, outputs: [String: Artifact])] {
    guard let facts else { return [] }
    return try facts.read { connection in
      try connection.use(
        "SELECT name, outputs, max(traces.id) FROM traces JOIN nodes ON nodes.id = node GROUP BY node"
      ) { statement in
        var newest: [(String, [String: Artifact])] = []
        while try statement.step() {
          newest.append((statement.text(0) ?? "", statement.text(1).flatMap(ResultCoding.decode) ?? [:]))
        }
        return newest
      }
    }
  }
}
