import GraphCore

extension WhyReport {
  /// The node that a person means by a label, and a step of it where one is named: without a step, the node that makes
  /// what the label delivers.
  ///
  /// - Throws: `GraphError(.user)` that names what there is instead.
  public static func node(
    _ label: Label, step: String?, in graph: GraphCore.Graph
  ) throws(GraphError) -> NodeID {
    guard let step else {
      if let target = graph.targets[label] { return target.node }
      let near = Nearest.match(for: "\(label)", among: graph.targets.keys.sorted().map(\.description))
      throw GraphError(.user, "there is no '\(label)'", hint: near.map { "did you mean '\($0)'?" })
    }
    let nodes = graph.order.filter { graph[$0].label == label }
    if let node = nodes.first(where: { graph[$0].isStep(step) }) { return node }
    let steps = nodes.map { "'\(PlainText.oneLine(graph[$0].stepTitle))'" }
    throw GraphError(
      .user, "'\(label)' has no step '\(step)'",
      hint: steps.isEmpty ? nil : "its steps are \(steps.joined(separator: ", "))")
  }

  /// The nodes that a person means by a label or pattern in a run of the past, and a step of them where one is named:
  /// without a step, the nodes that the run was about, else what of each label nothing else of the label reads.
  ///
  /// - Throws: `GraphError(.usage)` where the history has no such node up to the run.
  public static func nodes(
    _ text: String, step: String?, inRun run: Int64, history: any RunRecords
  ) throws -> [String] {
    let pattern = try LabelPattern(text)
    func isMeant(_ name: String) -> Bool {
      (try? Label(NodeName(name).label)).map { pattern.matches($0) } ?? false
    }
    if step == nil {
      let wanted = try history.wanted(byRun: run).filter(isMeant)
      if !wanted.isEmpty { return wanted }
    }
    let prefix = String(text.prefix { $0 != ":" && $0 != "@" }.replacing("...", with: ""))
    var newest: [(name: String, id: Int64, description: NodeDescription?)] = []
    for name in try history.nodeNames(beginningWith: prefix) where isMeant(name) {
      guard let record = try history.records(ofNode: name, upTo: run, limit: 1).first else { continue }
      newest.append((name, record.id, try history.description(ofNode: name, upTo: run)))
    }
    if newest.isEmpty {
      throw GraphError(
        .usage, "no run up to \(run) has '\(text)'",
        hint: "'graph runs show \(run)' lists what became of which node")
    }
    if let step {
      let found = newest.filter { node in
        let title = [NodeName(node.name).step, node.description?.detail ?? ""].filter { !$0.isEmpty }
        return NodeName(node.name).step == step || "\(title.joined(separator: " ")) ".hasPrefix(step + " ")
      }
      if !found.isEmpty { return found.map(\.name) }
      throw GraphError(
        .usage, "'\(text)' had no step '\(step)' up to run \(run)",
        hint: "it had: " + newest.map { "'\(NodeName($0.name).step)'" }.joined(separator: ", "))
    }
    // Steps that an edit took away are still in the history: the newest of what nothing reads is meant.
    let read = Set(
      newest.flatMap { node in
        (node.description?.producers ?? []).filter { NodeName($0).label == NodeName(node.name).label }
      })
    let ends = Dictionary(grouping: newest.filter { !read.contains($0.name) }) { NodeName($0.name).label }
    return ends.compactMap { $0.value.max { $0.id < $1.id }?.name }.sorted { $0.precedesInBytes($1) }
  }
}
