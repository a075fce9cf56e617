import GraphCore
import Manifests
import Testing

@testable import Resolve

@Suite("stages of a Dockerfile")
struct StageTests {
  static let place = GraphCore.SourceLocation(file: "graph.d/images.yml", line: 1, column: 1)

  static func options(
    arguments: [String: String] = [:], contexts: [String: ImageOptions.Context.Source] = [:],
    stage: String? = nil, pattern: String = "//app/a"
  ) throws -> ImageOptions {
    var options = ImageOptions(pattern: Located(try LabelPattern(pattern), at: place), location: place)
    options.buildArguments = arguments.sorted { $0.key < $1.key }.map {
      .init(name: Located($0.key, at: place), value: Located($0.value, at: place))
    }
    options.contexts = contexts.sorted { $0.key < $1.key }.map {
      .init(name: Located($0.key, at: place), source: $0.value)
    }
    options.stage = stage.map { Located($0, at: place) }
    return options
  }

  /// A plan where every image is of one declared registry.
  static func plan(
    _ text: String, architecture: String = "x86_64", _ items: [ImageOptions] = []
  ) throws -> StagePlan {
    let (dockerfile, faults) = DockerfileReader.read(Array(text.utf8), file: "Dockerfile")
    try #require(!faults.hasErrors, "\(faults.all)")
    let settings = Settings(
      name: Located("d", at: place),
      architectures: [Located(try #require(Architecture("x86_64")), at: place)])
    var workspace = Workspace(root: "/w", settings: settings)
    workspace.settings.registries = [
      .init(name: Located("r.example", at: place), isOwn: false, isInsecure: false)
    ]
    return StagePlan(
      dockerfile, for: try #require(Architecture(architecture)), build: try #require(Architecture("x86_64")),
      options: EntryOptions(items, for: Label(package: "app", name: "a", tag: "latest")),
      names: ImageNames(workspace))
  }

  static func externals(_ plan: StagePlan) -> [String] {
    plan.references.compactMap {
      if case .external(let name, _) = $0.source { "\(name) \($0.architecture)" } else { nil }
    }
  }

  @Test("only what the image needs is named: unused stages pin nothing")
  func used() throws {
    let text = """
      FROM r.example/a:1 AS one
      FROM r.example/b:1 AS two
      COPY --from=r.example/c:1 /x /x
      FROM one AS three
      FROM r.example/d:1
      COPY --from=THREE /x /x
      """
    let plan = try Self.plan(text)
    #expect(plan.used == [0, 2, 3])
    #expect(Self.externals(plan) == ["r.example/a:1 x86_64", "r.example/d:1 x86_64"])
    #expect(try Self.plan(text, [Self.options(stage: "two")]).used == [1])
    #expect(try Self.plan(text, [Self.options(stage: "1")]).used == [1])
    #expect(
      try Self.externals(Self.plan(text, [Self.options(stage: "two")])) == [
        "r.example/b:1 x86_64", "r.example/c:1 x86_64",
      ])
    let missing = try Self.plan(text, [Self.options(stage: "thre")])
    #expect(missing.target == nil && missing.faults.first?.hint == "did you mean 'three'?")
    #expect(missing.faults.first?.location == Self.place)
  }

  @Test("what a name means: a context, then a stage above, then a label, then an image")
  func meanings() throws {
    let plan = try Self.plan(
      "FROM scratch AS base\nFROM r.example/x:1 AS mid\nFROM base AS last\nFROM scratch AS later\n",
      [
        Self.options(contexts: [
          "ctx": .folder(Located("f", at: Self.place)),
          "r.example/y": .image(Located("r.example/z:2", at: Self.place)),
        ])
      ])
    func meaning(_ name: String, in stage: Int = 2) -> ImageSource {
      plan.source(named: name, in: plan.stages[stage])
    }
    #expect(meaning("ctx") == .folder(Located("f", at: Self.place)))
    #expect(meaning("Base") == .stage(0) && meaning("1") == .stage(1) && meaning("scratch") == .nothing)
    #expect(meaning("//app/x:aarch64") == .target(try Label("//app/x:aarch64")))
    #expect(meaning("r.example/x:1") == .external(reference: "r.example/x:1", isInsecure: false))
    #expect(meaning("r.example/y:latest") == .external(reference: "r.example/z:2", isInsecure: false))
    for (name, hint) in [
      ("2", "the stages above have the numbers 0 to 1"), ("last", "move it up"), ("later", "move it up"),
      ("bass", "did you mean the stage 'base'?"), ("7", "the stages above"), ("//x", "is not a label"),
    ] {
      guard case .unknown(let text) = meaning(name) else {
        Issue.record("\(name) is \(meaning(name))")
        continue
      }
      #expect(text.contains(hint), "\(name): \(text)")
    }
    #expect(plan.stages[2].base == .stage(0))
  }

  @Test("a context takes the place of a stage and of an image")
  func contexts() throws {
    let plan = try Self.plan(
      "FROM r.example/x:1 AS build\nFROM scratch\nCOPY --from=build /a /a\n",
      [Self.options(contexts: ["build": .folder(Located("out", at: Self.place))])])
    #expect(plan.used == [1] && Self.externals(plan).isEmpty)
  }

  @Test(
    "platforms",
    arguments: [
      ("linux/arm64", "aarch64"), ("linux/arm64/v8", "aarch64"), ("arm64", "aarch64"), ("amd64", "x86_64"),
      ("Linux/AMD64", "x86_64"), ("linux/arm/v7", "armhfp"), ("linux/arm", "armhfp"),
      ("linux/arm/v5", nil), ("windows/amd64", nil), ("linux/riscv64", "riscv64"), ("linux/386", "i686"),
      ("linux", nil), ("", nil), ("linux/arm64/v8/x", nil), ("$BUILDPLATFORM", "x86_64"),
      ("$TARGETPLATFORM", "s390x"),
    ] as [(String, String?)])
  func platforms(text: String, expected: String?) throws {
    if text.isEmpty {
      #expect(Architecture(platform: text) == nil)
      return
    }
    let plan = try Self.plan(
      "FROM --platform=\(text) r.example/x:1 AS a\nFROM a\nCOPY --from=r.example/y:1 x y\n",
      architecture: "s390x")
    #expect(plan.faults.isEmpty == (expected != nil), "\(plan.faults)")
    guard let expected else { return }
    #expect(plan.stages.map(\.architecture.name) == [expected, expected])
    // The base is of the stage's architecture, what is copied from of the image's.
    #expect(Self.externals(plan) == ["r.example/x:1 \(expected)", "r.example/y:1 s390x"])
  }

  @Test("arguments from outside replace defaults where they are declared, platforms too")
  func given() throws {
    let text = "ARG V=1\nARG N\nFROM --platform=$BUILDPLATFORM r.example/x:$V$N AS a\n"
    let given = try Self.options(arguments: ["V": "2", "N": "n", "BUILDPLATFORM": "linux/arm64"])
    let plan = try Self.plan(text, [given])
    #expect(plan.stages[0].image == "r.example/x:2n" && plan.stages[0].architecture.name == "aarch64")
    var arguments = plan.arguments
    arguments.beginStage()
    arguments.declare("V", "7")
    arguments.declare("HTTP_PROXY", nil)
    #expect(arguments.values == ["V": "2"])
    // The last item that sets one counts.
    let later = try Self.options(arguments: ["V": "3"], pattern: "//app/...")
    #expect(try Self.plan(text, [given, later]).stages[0].image == "r.example/x:3n")
  }

  @Test("a variable in --from is an error that says what to write")
  func variables() throws {
    let plan = try Self.plan("FROM scratch\nCOPY --from=x$V /a /a\n")
    #expect(plan.faults.count == 1 && plan.faults[0].message == "'--from' takes no variable")
    // Nobody needs the stage.
    #expect(try Self.plan("FROM scratch\nCOPY --from=x$V /a /a\nFROM scratch\n").faults.isEmpty)
  }

  @Test(
    "what ADD takes for a repository",
    arguments: [
      ("https://example.org/a/b.git#main:sub/dir", "https://example.org/a/b.git main sub/dir"),
      ("https://example.org/a/b.git", "https://example.org/a/b.git - "),
      ("https://example.org/a.tar.gz", nil), ("git@example.org:a/b.git#v1", "git@example.org:a/b.git v1 "),
      ("git://example.org/a#:x", "git://example.org/a - x"), ("ssh://h/a#main", "ssh://h/a main "),
      ("a/b.git", nil), ("./x:y", nil), ("file@x", nil), ("@h:x", nil),
    ] as [(String, String?)])
  func repositories(text: String, expected: String?) {
    let reference = GitReference(text)
    #expect(reference.map { "\($0.url) \($0.revision ?? "-") \($0.folder)" } == expected)
  }

  @Test("repositories of ADD, with the variables that the Dockerfile itself sets")
  func added() throws {
    let plan = try Self.plan(
      """
      ARG V=1
      FROM scratch AS a
      ARG V
      ENV H=example.org
      FROM a
      ADD https://$H/x.git#v$V https://example.org/f.txt local /
      FROM scratch
      COPY --from=1 / /
      """)
    let added = plan.addedRepositories(escape: "\\")
    #expect(added.map(\.text.value) == ["https://example.org/x.git#v1"])
  }
}
