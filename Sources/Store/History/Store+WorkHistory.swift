import GraphCore

extension Store {
  public func costs(ofNodes names: [String]) throws -> [String: WorkCost] {
    guard let facts else { return [:] }
    return try facts.read { connection in
      var costs: [String: WorkCost] = [:]
      // The first build of all asks for every node there is.
      let isEmpty = try connection.use("SELECT 1 FROM nodes LIMIT 1") { try !$0.step() }
      if isEmpty { return costs }
      for name in names {
        try connection.use(
          """
          SELECT nodes.duration, outputs, stored FROM nodes LEFT JOIN run_records ON run_records.id = (
            SELECT id FROM run_records WHERE node = nodes.id AND outcome = 'ran' ORDER BY run DESC LIMIT 1)
          WHERE name = ? AND nodes.duration IS NOT NULL
          """
        ) { statement in
          try statement.bind(name)
          guard try statement.step() else { return }
          let outputs = statement.text(1).flatMap(ResultCoding.decode)?.values
          costs[name] = WorkCost(
            seconds: statement.double(0), storedBytes: statement.isNull(2) ? nil : statement.integer(2),
            outputBytes: outputs?.filter { $0.kind == .blob }.reduce(0) { $0 &+ $1.digest.size })
        }
      }
      return costs
    }
  }

  public func averageCosts() throws -> [WorkCost.Kind: WorkCost] {
    guard let facts else { return [:] }
    return try facts.read { connection in
      try connection.use("SELECT rule, architecture, seconds, stored FROM rule_costs") { statement in
        var costs: [WorkCost.Kind: WorkCost] = [:]
        while try statement.step() {
          let kind = WorkCost.Kind(rule: statement.text(0) ?? "", architecture: statement.text(1) ?? "")
          costs[kind] = WorkCost(
            seconds: statement.double(2), storedBytes: Int64(exactly: statement.double(3).rounded()))
        }
        return costs
      }
    }
  }
}
