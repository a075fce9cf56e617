import GraphCore

extension QueryReport {
  /// The answer for programs. Schema 1; members are sorted, and always there: `null` where there is no value.
  ///
  ///     { "schema": 1,
  ///       "query": text,
  ///       "items": [ { "name",                  a label, the name of an action, or a reference
  ///                    "label", "step",         strings or null
  ///                    "kind",                  image, index, base, repository, command; a rule's name for an action;
  ///                                             external or dangling
  ///                    "architecture", "package", "tag",      strings or null
  ///                    "declaredAt",            file:line:column or null
  ///                    "attributes": { NAME: [ value ] } } ],   those asked for with --show
  ///       "edges": [ { "from", "to": names of items, "declared", "discovered": booleans } ],
  ///       "totals": { "items", "edges", "selfEdges", "danglingEdges", "circular": integers,
  ///                   "depths": [ integer ] } }              items by the longest way to one that needs nothing
  ///
  /// Items are sorted by name, but in the order of the way for `somepath`. Edges are those between items, and those from an
  /// item to what is not declared here. Within schema 1 members may be added, but none renamed or removed.
  public func json(query: String, showing attributes: [String]) -> String {
    let summary = QuerySummary(graph, items: answer.items)
    return JSONValue.object([
      "schema": .integer(1), "query": .string(query),
      "items": .array(answer.items.map { json($0, attributes) }),
      "edges": .array(
        edges.map { edge in
          .object([
            "from": .string(graph.items[edge.from].name), "to": .string(graph.items[edge.to].name),
            "declared": .boolean(edge.origin.contains(.declared)),
            "discovered": .boolean(edge.origin.contains(.discovered)),
          ])
        }),
      "totals": .object([
        "items": .integer(summary.items), "edges": .integer(summary.edges),
        "selfEdges": .integer(summary.selfEdges), "danglingEdges": .integer(summary.danglingEdges),
        "circular": .integer(summary.circular), "depths": .array(summary.depths.map { .integer($0) }),
      ]),
    ]).document
  }

  private func json(_ number: Int, _ attributes: [String]) -> JSONValue {
    let item = graph.items[number]
    return .object([
      "name": .string(item.name), "label": .text(item.label?.description), "step": .text(item.step),
      "kind": .string(item.kind), "architecture": .text(item.label?.architecture?.name),
      "package": .text(item.label?.package), "tag": .text(item.label?.tag),
      "declaredAt": .text(item.location?.description),
      "attributes": .object(
        Dictionary(
          attributes.map { ($0, .array(graph.values(number, $0).map { .string($0) })) },
          uniquingKeysWith: { first, _ in first })),
    ])
  }
}
