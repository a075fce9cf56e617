import GraphCore

extension Store {
  /// What a plan comes to, for people.
  func report(of found: (plan: CollectionPlan, roots: CollectionRoots, givenUp: [Int64])) throws -> CollectionReport {
    let (plan, roots) = (found.plan, found.roots)
    var report = CollectionReport()
    report.removals = [.init(.results, plan.named), .init(.unnamed, plan.unnamed)].filter { $0.count > 0 }
    report.forgotten = try forgotten(plan)
    report.keptBlobs = plan.kept.count
    report.keptBytes = plan.keptBytes
    report.bases = (plan.bases.count, plan.bases.reduce(0) { $0 + $1.storedBytes })
    report.keptRuns = roots.runs
    report.keptPins = roots.pins
    report.givenUp = found.givenUp
    return report
  }

  /// The results that go, the largest first. What several of them name counts for the first that was made.
  private func forgotten(_ plan: CollectionPlan) throws -> [CollectionReport.ForgottenResult] {
    var sizes = Dictionary(plan.named.map { ($0.digest, $0.storedBytes) }, uniquingKeysWith: { first, _ in first })
    var reach = Reach(store: self)
    let names = try nodeNames(ofKeys: Set(plan.unneeded.map(\.key)))
    return try plan.unneeded.map { result in
      var bytes: Int64 = 0
      for artifact in ResultCoding.decode(result.outputs)?.values.sorted(by: { "\($0)" < "\($1)" }) ?? [] {
        for digest in try reach.blobs(of: artifact) { bytes += sizes.removeValue(forKey: digest) ?? 0 }
      }
      return .init(
        node: names[result.key] ?? "", key: Digest(sha256: result.key, size: 0).map { Key(digest: $0) },
        finished: result.finished, bytes: bytes)
    }.sorted { ($1.bytes, $0.node) < ($0.bytes, $1.node) }
  }

  /// Which node had a key, by the key.
  func nodeNames(ofKeys keys: Set<[UInt8]>) throws -> [[UInt8]: String] {
    guard let facts, !keys.isEmpty else { return [:] }
    return try facts.read { connection in
      try connection.use("SELECT key, name FROM traces JOIN nodes ON nodes.id = node") { statement in
        var names: [[UInt8]: String] = [:]
        while try statement.step() {
          let key = statement.blob(0)
          if keys.contains(key) { names[key] = statement.text(1) }
        }
        return names
      }
    }
  }
}
