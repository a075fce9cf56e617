import ArgumentParser
import GraphCore
import Manifests
import Report

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of a manifest, for editors and other tools.",
    discussion: """
      The schemas are of draft 2020-12. They say which keys there are and what forms values have; 'graph check' says \
      whether a workspace is right.

      Examples:
        graph schema
        graph schema index.d >index.schema.json
        graph schema graph.yml >graph.schema.json

      An editor with yaml-language-server finds it by a first line in graph.yml:
        # yaml-language-server: $schema=graph.schema.json
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case settings = "graph.yml"
    case targets = "graph.d"
    case index = "index.d"
    case pipeline = "cccp.yml"
    case container = "container.yaml"

    var mapping: ManifestMapping {
      switch self {
      case .settings: .settings
      case .targets: .targetsFile
      case .index: .indexFile
      case .pipeline: .pipeline
      case .container: .container
      }
    }
  }

  @Argument(
    help: "The kind of file: graph.yml, graph.d, index.d, cccp.yml or container.yaml. Default: lists them.")
  var kind: Kind?

  func run() {
    guard let kind else {
      return Console.print(Kind.allCases.map { "\($0.rawValue)\n" }.joined())
    }
    Console.print(JSONSchema(title: kind.rawValue, of: kind.mapping).document)
  }
}

/// The JSON Schema of a manifest. Scalars are text with any look here: what other readers of YAML take for numbers and
/// booleans is right where text is. A key without a value is as good as none.
struct JSONSchema {
  private let title: String
  private let mapping: ManifestMapping

  init(title: String, of mapping: ManifestMapping) { (self.title, self.mapping) = (title, mapping) }

  var document: String {
    guard case .object(var members) = Self.schema(of: mapping) else { return "" }
    members["$schema"] = .string("https://json-schema.org/draft/2020-12/schema")
    members["title"] = .string(title)
    // A file of comments alone declares nothing.
    if mapping.keys.allSatisfy({ !$0.isRequired }) { members["type"] = Self.types("object", "null") }
    return JSONValue.object(members).document
  }

  private static func types(_ names: String...) -> JSONValue { .array(names.map { .string($0) }) }

  private static let text = JSONValue.object(["type": types("string", "number", "boolean")])
  private static let nothing = JSONValue.object(["type": .string("null")])

  /// The schema, or no value. Its own form stays, so that a validator still says what exactly is wrong in it.
  private static func orNothing(_ schema: JSONValue) -> JSONValue {
    guard case .object(var members) = schema else { return schema }
    switch (members["type"], members["enum"], members["anyOf"]) {
    case (.string(let name), _, _): members["type"] = types(name, "null")
    case (.array(let names), _, _): members["type"] = .array(names + [.string("null")])
    case (_, .array(let words), _): members["enum"] = .array(words + [.null])
    case (_, _, .array(let schemas)): members["anyOf"] = .array(schemas + [nothing])
    default: return .object(["anyOf": .array([schema, nothing])])
    }
    return .object(members)
  }

  private static func any(_ schemas: JSONValue...) -> JSONValue { .object(["anyOf": .array(schemas)]) }

  private static func list(_ element: JSONValue) -> JSONValue {
    .object(["type": .string("array"), "items": element])
  }

  private static func schema(of mapping: ManifestMapping) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for key in mapping.ignored { properties[key] = .object(["deprecated": .boolean(true)]) }
    for key in mapping.keys {
      let shape = schema(of: key.shape)
      var members: [String: JSONValue] = [:]
      if case .object(let own) = key.isRequired ? shape : orNothing(shape) { members = own }
      if !key.meaning.isEmpty { members["description"] = .string(key.meaning) }
      if let fallback = key.fallback, !fallback.hasPrefix("[") { members["default"] = .string(fallback) }
      properties[key.name] = .object(members)
    }
    return .object([
      "type": .string("object"), "properties": .object(properties), "additionalProperties": .boolean(false),
      "required": .array(mapping.keys.filter(\.isRequired).map { .string($0.name) }),
    ])
  }

  private static func schema(of shape: ManifestShape) -> JSONValue {
    switch shape {
    case .text: text
    case .emptyText: orNothing(text)
    case .texts: any(text, list(text))
    case .number(let range):
      any(
        .object([
          "type": .string("integer"), "minimum": .integer(range.lowerBound),
          "maximum": .integer(range.upperBound),
        ]), .object(["type": .string("string"), "pattern": .string("^[0-9]+$")]))
    case .flag:
      any(
        .object(["type": .string("boolean")]),
        .object(["enum": .array(["true", "yes", "on", "false", "no", "off"].map { .string($0) })]))
    case .choice(let words): choice(words)
    case .choices(let words): any(choice(words), list(choice(words)))
    case .list(let mapping): list(schema(of: mapping))
    case .listOf(let element): list(schema(of: element))
    case .anything: .object([:])
    case .map(let value):
      .object(["type": .string("object"), "additionalProperties": orNothing(schema(of: value))])
    case .mapping(let mapping): schema(of: mapping)
    case .either(let shapes): .object(["anyOf": .array(shapes.map(schema))])
    }
  }

  private static func choice(_ words: [String]) -> JSONValue {
    .object(["enum": .array(words.map { .string($0) })])
  }
}
