/// What a person has to know of a node to understand its history when the graph no longer has it: what it does, and
/// where each of its inputs comes from. The values of the inputs are in its preimages.
///
/// As text, one fact a line, words escaped by `Escape`:
///
///     rule copy@3
///     architecture aarch64
///     detail COPY\x20index.html\x20/var/www
///     place images/httpd/Dockerfile:6:1
///     waiting                                       only what waits for the network
///     leaf source/0/index.html images/httpd/index.html
///     made layer/00 layer //base/core:aarch64\x20install
public struct NodeDescription: Hashable, Sendable {
  public var rule: String
  public var architecture: String?
  /// `Node.detail`.
  public var detail: String
  /// `file:line:column`.
  public var place: String?
  /// Whether it takes no processor.
  public var isWaiting: Bool
  /// In the order of the action.
  public var inputs: [InputOrigin]

  /// Where an input comes from.
  public struct InputOrigin: Hashable, Sendable {
    public let role: String
    public let origin: Origin
    public init(_ role: String, _ origin: Origin) { (self.role, self.origin) = (role, origin) }
  }

  /// What makes an input, or where it is found.
  public enum Origin: Hashable, Sendable {
    /// As `Leaf.origin` has it.
    case leaf(String)
    case output(node: String, name: String)
  }

  public init(_ node: Node, in graph: Graph) {
    let action = node.action
    (rule, detail, isWaiting) = (action.rule.description, node.detail, action.limits.isWaiting)
    architecture = (action.architecture ?? node.label.architecture)?.name
    place = node.location?.description
    inputs = action.inputs.map { input in
      switch input.source {
      case .leaf(let leaf): InputOrigin(input.role, .leaf(leaf.origin))
      case .output(let producer, let name):
        InputOrigin(input.role, .output(node: graph.name(of: producer), name: name))
      }
    }
  }

  /// Where the input of a role comes from.
  public func origin(of role: String) -> Origin? { inputs.first { $0.role == role }?.origin }

  /// The names of the nodes that make inputs, each once.
  public var producers: [String] {
    var seen: Set<String> = []
    return inputs.compactMap { input in
      if case .output(let node, _) = input.origin, seen.insert(node).inserted { node } else { nil }
    }
  }

  public var text: String {
    var lines = [["rule", rule]]
    if let architecture { lines.append(["architecture", architecture]) }
    if !detail.isEmpty { lines.append(["detail", detail]) }
    if let place { lines.append(["place", place]) }
    if isWaiting { lines.append(["waiting"]) }
    for input in inputs {
      switch input.origin {
      case .leaf(let origin): lines.append(["leaf", input.role, origin])
      case .output(let node, let name): lines.append(["made", input.role, name, node])
      }
    }
    return lines.map { $0.map(Escape.encode).joined(separator: " ") + "\n" }.joined()
  }

  /// Reads what `text` writes; lines that it does not know are left out.
  public init(text: String) {
    (rule, detail, isWaiting, inputs) = ("", "", false, [])
    for line in text.utf8.split(separator: 0x0a) {
      let words = line.split(separator: 0x20).map {
        let word = String(decoding: $0, as: UTF8.self)
        return Escape.decode(word) ?? word
      }
      switch (words.first, words.count) {
      case ("rule", 2): rule = words[1]
      case ("architecture", 2): architecture = words[1]
      case ("detail", 2): detail = words[1]
      case ("place", 2): place = words[1]
      case ("waiting", 1): isWaiting = true
      case ("leaf", 3): inputs.append(InputOrigin(words[1], .leaf(words[2])))
      case ("made", 4): inputs.append(InputOrigin(words[1], .output(node: words[3], name: words[2])))
      default: break
      }
    }
  }
}
