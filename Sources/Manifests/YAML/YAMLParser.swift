internal import CYAML
import GraphCore

/// Reads YAML 1.1 with libyaml into a `YAMLDocument`.
///
/// Stricter than YAML where that only hides mistakes: keys are scalars and differ, there is one document, and tags are
/// refused because every scalar is its source text. Depth, size and what aliases expand to are bounded.
enum YAMLParser {
  static let depthMax = 200
  /// How many nodes a document may have once its aliases are replaced by what they name.
  static let expandedNodesMax = 1_000_000

  /// - Returns: the document, or `nil` where a fault makes the rest unreadable; faults that do not are in
  ///   `findings` too.
  static func parse(_ bytes: [UInt8], findings: Findings) -> YAMLDocument? {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else {
      findings.error("no memory to read the file", at: findings.source.location(line: 1, column: 1))
      return nil
    }
    defer { yaml_parser_delete(&parser) }
    // libyaml keeps the pointer, so all of the reading happens where it is valid.
    return bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress, !buffer.isEmpty else {
        return YAMLDocument(source: findings.source, columns: YAMLDocument.Columns(), root: nil)
      }
      yaml_parser_set_input_string(&parser, start, buffer.count)
      var builder = YAMLBuilder(findings: findings)
      while true {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else {
          YAMLFault(parser).report(to: findings, bytes: bytes)
          return nil
        }
        defer { yaml_event_delete(&event) }
        switch builder.accept(event) {
        case .more: continue
        case .failed: return nil
        case .end: return builder.document()
        }
      }
    }
  }
}

/// Turns events into the columns of a document.
private struct YAMLBuilder {
  enum Outcome {
    case more, failed, end
  }

  private struct Frame {
    var node: Int32
    var anchor: String?
    var children: [Int32] = []
    var expanded = 1
    var height = 1
  }

  private let findings: Findings
  private var columns = YAMLDocument.Columns()
  private var expandedSizes: [Int] = []
  private var heights: [Int] = []
  private var anchors: [String: Int32] = [:]
  private var stack: [Frame] = []
  private var root: Int32?
  private var documents = 0

  init(findings: Findings) { self.findings = findings }

  func document() -> YAMLDocument { YAMLDocument(source: findings.source, columns: columns, root: root) }

  mutating func accept(_ event: yaml_event_t) -> Outcome {
    switch event.type {
    case YAML_STREAM_END_EVENT:
      return .end
    case YAML_DOCUMENT_START_EVENT:
      documents += 1
      guard documents == 1 else {
        findings.error(
          "a second document starts here", at: location(event), length: 3,
          hint: "keep one document in each file")
        return .failed
      }
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: Int(scalar.length)), as: UTF8.self)
      refuse(tag: scalar.tag, event)
      let node = append(scalar.style == YAML_PLAIN_SCALAR_STYLE ? .plain : .quoted, text, event)
      return attach(node, anchor: Self.text(scalar.anchor))
    case YAML_SEQUENCE_START_EVENT:
      refuse(tag: event.data.sequence_start.tag, event)
      return open(.list, anchor: Self.text(event.data.sequence_start.anchor), event)
    case YAML_MAPPING_START_EVENT:
      refuse(tag: event.data.mapping_start.tag, event)
      return open(.mapping, anchor: Self.text(event.data.mapping_start.anchor), event)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      return close()
    case YAML_ALIAS_EVENT:
      return alias(Self.text(event.data.alias.anchor) ?? "", event)
    default:
      break
    }
    return .more
  }

  private mutating func open(_ kind: YAMLDocument.Kind, anchor: String?, _ event: yaml_event_t) -> Outcome {
    guard stack.count < YAMLParser.depthMax else {
      findings.error(
        "lists and mappings are nested deeper than \(YAMLParser.depthMax)", at: location(event), code: "limit"
      )
      return .failed
    }
    stack.append(Frame(node: append(kind, "", event), anchor: anchor))
    return .more
  }

  private mutating func close() -> Outcome {
    guard let frame = stack.popLast() else { return .failed }
    let node = Int(frame.node)
    columns.childStarts[node] = Int32(columns.children.count)
    columns.childCounts[node] = Int32(frame.children.count)
    columns.children += frame.children
    expandedSizes[node] = frame.expanded
    heights[node] = frame.height
    if columns.kinds[node] == .mapping { checkKeys(frame.children) }
    return attach(frame.node, anchor: frame.anchor)
  }

  private mutating func alias(_ name: String, _ event: yaml_event_t) -> Outcome {
    let place = location(event)
    let length = name.unicodeScalars.count + 1
    guard let node = anchors[name] else {
      findings.error(
        "no anchor '&\(name)' before this alias, or the alias is inside it", at: place, length: length,
        hint: Nearest.match(for: name, among: anchors.keys.sorted()).map { "did you mean '*\($0)'?" })
      return .failed
    }
    guard stack.count + heights[Int(node)] <= YAMLParser.depthMax else {
      findings.error("this alias nests deeper than \(YAMLParser.depthMax)", at: place, length: length)
      return .failed
    }
    return attach(node, anchor: nil, place: place)
  }

  /// Makes the node a child of the open collection, or the root.
  private mutating func attach(_ node: Int32, anchor: String?, place: SourceLocation? = nil) -> Outcome {
    if let anchor { anchors[anchor] = node }
    guard !stack.isEmpty else {
      root = node
      return .more
    }
    let top = stack.count - 1
    stack[top].children.append(node)
    // Both terms are bounded by the limit, so the sum cannot overflow.
    stack[top].expanded += expandedSizes[Int(node)]
    stack[top].height = max(stack[top].height, heights[Int(node)] + 1)
    guard stack[top].expanded <= YAMLParser.expandedNodesMax else {
      let fallback = YAMLNode(document: document(), index: node).location
      findings.error(
        "the document has more than \(YAMLParser.expandedNodesMax) values once aliases are replaced by what they name",
        at: place ?? fallback, code: "limit")
      return .failed
    }
    return .more
  }

  private func checkKeys(_ children: [Int32]) {
    var seen: [String: Int32] = [:]
    for position in stride(from: 0, to: children.count, by: 2) {
      let key = children[position]
      let index = Int(key)
      let place = findings.source.location(
        line: Int(columns.lines[index]), column: Int(columns.columns[index]))
      let length = Int(columns.lengths[index])
      guard columns.kinds[index] == .plain || columns.kinds[index] == .quoted else {
        findings.error(
          "a key must be text, not \(columns.kinds[index] == .list ? "a list" : "a mapping")", at: place,
          length: length,
          hint: "put text that starts with { or [ in quotes")
        continue
      }
      let text = columns.texts[index]
      if let first = seen[text] {
        findings.error(
          "key '\(text.shortened)' is written twice in this mapping", at: place, length: length,
          hint: "the first is in line \(columns.lines[Int(first)]): keep one of them")
      } else {
        seen[text] = key
      }
    }
  }

  private mutating func append(_ kind: YAMLDocument.Kind, _ text: String, _ event: yaml_event_t) -> Int32 {
    let (start, end) = (event.start_mark, event.end_mark)
    let length = end.line == start.line ? Int(clamping: end.column) - Int(clamping: start.column) : .max
    columns.kinds.append(kind)
    columns.texts.append(text)
    columns.lines.append(Int32(clamping: start.line) + 1)
    columns.columns.append(Int32(clamping: start.column) + 1)
    columns.lengths.append(Int32(clamping: max(1, length)))
    columns.childStarts.append(0)
    columns.childCounts.append(0)
    expandedSizes.append(1)
    heights.append(1)
    return Int32(columns.kinds.count - 1)
  }

  private func refuse(tag: UnsafeMutablePointer<yaml_char_t>?, _ event: yaml_event_t) {
    guard var tag = Self.text(tag) else { return }
    if tag.hasPrefix("tag:yaml.org,2002:") { tag = "!!" + tag.dropFirst(18) }
    findings.error(
      "tag '\(tag.shortened)' has no meaning here", at: location(event),
      hint: "remove it: every value is text")
  }

  private func location(_ event: yaml_event_t) -> SourceLocation {
    findings.source.location(
      line: Int(clamping: event.start_mark.line) + 1, column: Int(clamping: event.start_mark.column) + 1)
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }
}
