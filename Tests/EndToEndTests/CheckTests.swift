import FoundationEssentials
import Testing

extension EndToEnd {
  @Suite("check")
  struct Check {
    /// One file of each kind, each with a fault, and all that is wrong with them.
    static let broken = [
      "graph.yml": "name: demo\narches: [x86_64]\nstamp: []\n",
      "index.d/app.yml": """
      Projects:
        - id: 1
          app-id: app
          job-id: a
          git-url: .
          git-path: a
          target-file: Dockerfile
          desired-tag: latest
          notify-email: a@example.org
          depends-on: [app/b:latest, gone/é:1, app/a]
        - id: 2
          app-id: app
          job-id: b
          git-url: .
          git-path: b c
          target-file: Dockerfile
          desired-tag: latest
          notify-email: a@example.org
          depends-on: app/a:latest

      """,
      "a/Dockerfile": "FROM scratch\nCPOY x y\n", "a/cccp.yml": "job-id: b\n",
      "a/container.yaml": "tags: x\n",
      "b c/Dockerfile": "FROM scratch\nRUNN x\n", "b c/cccp.yml": "job-id: b\n",
      "graph.d/x.yml": "bases: {\n",
    ]
    static let places = [
      "a/Dockerfile:2:1 dockerfile", "a/cccp.yml:1:9 cccp", "a/container.yaml:1:7 container",
      "b c/Dockerfile:2:1 dockerfile", "graph.d/x.yml:2:1 yaml", "graph.yml:3:1 unknown-key",
      "index.d/app.yml:10:18 unused-edge", "index.d/app.yml:10:32 index", "index.d/app.yml:10:42 self-edge",
      "index.d/app.yml:19:17 cycle", "index.d/app.yml:19:17 unused-edge",
    ]

    @Test("--json tells everything that the text tells, at once, with exit code 1")
    func json() async throws {
      let world = try World(files: Self.broken)
      let ended = try await world.graph("check", "--json").run()
      #expect(ended.status == 1 && ended.errors == "", "\(ended.transcript)")
      struct Report: Decodable {
        struct Message: Decodable {
          let severity, rule, message: String
          let file, hint, source: String?
          let line, column, endColumn: Int?
        }
        let schema, errors, warnings: Int
        let messages: [Message]
      }
      let report = try JSONDecoder().decode(Report.self, from: Data(ended.output.utf8))
      #expect(
        report.messages.map { "\($0.file ?? ""):\($0.line ?? 0):\($0.column ?? 0) \($0.rule)" }
          == Self.places,
        "\(ended.transcript)")
      #expect(report.schema == 1 && report.errors == 8 && report.warnings == 3)
      #expect(report.messages.allSatisfy { $0.source != nil && $0.endColumn != nil })
      let text = try await world.graph("check").run()
      #expect(text.status == 1 && text.output == "")
      for message in report.messages {
        #expect(text.errors.contains("\(message.severity): \(message.message)\n"), "\(message)")
      }
      #expect(text.errors.hasSuffix("8 errors, 3 warnings\n"))
    }

    @Test("--sarif is SARIF 2.1.0: rules, levels, regions and relative paths")
    func sarif() async throws {
      let world = try World(files: Self.broken)
      let ended = try await world.graph("check", "--sarif").run()
      #expect(ended.status == 1 && ended.errors == "", "\(ended.transcript)")
      try await Self.validate(ended.output, in: world)
      struct Log: Decodable {
        struct Run: Decodable {
          let results: [Result]
          let tool: Tool
        }
        struct Tool: Decodable { let driver: Driver }
        struct Driver: Decodable { let rules: [Rule] }
        struct Rule: Decodable { let id: String }
        struct Result: Decodable {
          let ruleId, level: String
          let ruleIndex: Int
          let locations: [Place]
        }
        struct Place: Decodable { let physicalLocation: Physical }
        struct Physical: Decodable {
          let artifactLocation: Artifact
          let region: Region
        }
        struct Artifact: Decodable { let uri: String }
        struct Region: Decodable { let startLine, startColumn, endColumn: Int }
        let runs: [Run]
      }
      let run = try #require(try JSONDecoder().decode(Log.self, from: Data(ended.output.utf8)).runs.first)
      let places = run.results.map { result in
        let place = result.locations.first?.physicalLocation
        let (uri, region) = (place?.artifactLocation.uri ?? "", place?.region)
        return "\(uri):\(region?.startLine ?? 0):\(region?.startColumn ?? 0) \(result.ruleId)"
      }
      #expect(places == Self.places.map { $0.replacing("b c/", with: "b%20c/") })
      for result in run.results { #expect(run.tool.driver.rules[result.ruleIndex].id == result.ruleId) }
      #expect(
        run.results.filter { $0.level == "warning" }.map(\.ruleId) == [
          "unused-edge", "self-edge", "unused-edge",
        ])
      let own = try #require(run.results.first { $0.ruleId == "self-edge" })
      #expect(own.locations[0].physicalLocation.region.endColumn == 47)
    }

    @Test("a workspace without faults, one without a usable graph.yml, and two formats at once")
    func exitCodes() async throws {
      let right = try World(files: ["graph.yml": "name: demo\narches: [x86_64]\n"])
      for format in ["--json", "--sarif"] {
        let ended = try await right.graph("check", format).run()
        #expect(ended.status == 0, "\(ended.transcript)")
        if format == "--sarif" { try await Self.validate(ended.output, in: right) }
      }
      #expect(try await right.graph("check").check() == "no errors: 0 labels, 0 actions")
      #expect(try await right.graph("check", "--json", "--sarif").run().status == 64)
      let wrong = try World(files: ["graph.yml": "arches: [x86_64]\n"])
      let ended = try await wrong.graph("check", "--sarif").run()
      #expect(ended.status == 1 && ended.output.contains("graph.yml has no 'name'"), "\(ended.transcript)")
      try await Self.validate(ended.output, in: wrong)
      #expect(try await wrong.graph("check").run().errors.contains("graph.yml:1:1: error: "))
    }

    /// Has another program's JSON Schema validator look at the essential shape of the document.
    static func validate(_ document: String, in world: World) async throws {
      let shape = #"""
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
         "required": ["$schema", "version", "runs"], "additionalProperties": false,
         "properties": {"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"},
          "runs": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["tool", "results"],
           "properties": {"columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {"type": "object",
             "required": ["name"], "properties": {"name": {"type": "string"}, "semanticVersion": {"type": "string"},
              "rules": {"type": "array", "uniqueItems": true, "items": {"type": "object", "required": ["id"],
               "properties": {"id": {"type": "string", "pattern": "^[a-z][a-z-]*$"},
                "shortDescription": {"$ref": "#/$defs/text"}}}}}}}},
            "results": {"type": "array", "items": {"type": "object", "required": ["message", "ruleId", "level"],
             "properties": {"level": {"enum": ["none", "note", "warning", "error"]}, "ruleId": {"type": "string"},
              "ruleIndex": {"type": "integer", "minimum": 0}, "message": {"$ref": "#/$defs/text"},
              "locations": {"type": "array", "items": {"type": "object", "required": ["physicalLocation"],
               "properties": {"physicalLocation": {"type": "object", "required": ["artifactLocation", "region"],
                "properties": {
                 "artifactLocation": {"type": "object", "required": ["uri"], "properties": {
                  "uri": {"type": "string", "pattern": "^[!-~]+$", "format": "uri-reference"},
                  "uriBaseId": {"type": "string"}}},
                 "region": {"type": "object", "required": ["startLine", "startColumn", "endColumn"],
                  "additionalProperties": false, "properties": {
                   "startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1},
                   "endColumn": {"type": "integer", "minimum": 2}, "snippet": {"$ref": "#/$defs/text"}}}}}}}}}}}}}}},
         "$defs": {"text": {"type": "object", "required": ["text"], "properties": {
          "text": {"type": "string"}}}}}
        """#
      let (schema, log) = (world.scratch + "/shape.json", world.scratch + "/log.sarif")
      try Data(shape.utf8).write(to: URL(filePath: schema))
      try Data(document.utf8).write(to: URL(filePath: log))
      try await Program([
        "/usr/bin/python3", "-c",
        "import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))",
        schema, log,
      ]).check()
    }
  }
}
