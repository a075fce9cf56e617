import FoundationEssentials
import Glibc
import GraphCore
import Testing

/// The workspace that faults are injected into, with what a clean build of it makes: commands in several layers, a
/// folder as input, small and large outputs, files and folders, an action that fails as it may, and images.
final class Workshop: Sendable {
  /// What everything is part of that can be made.
  static let all = "//all/all"
  static let architecture = Architecture.host.description

  let kind: Kind
  let world: World
  /// What `all` delivers, as a clean build made it.
  let outputs: String
  /// The names of all nodes with a result.
  let nodes: Set<String>
  /// How many operations of the store's files a build makes.
  let operations: Int
  let milliseconds: Int

  private init(_ kind: Kind) async throws {
    self.kind = kind
    world = try World(files: Self.files(kind, repository: try await Shelf.shared.repository()))
    if kind == .withRuns {
      try await Program(["cp", "/bin/busybox", world.workspace + "/images/tool/busybox"]).check()
    }
    let store = StoreFolder(world.store, of: world, beside: world.scratch)
    var shim = Shim(below: store.path)
    shim.log = world.scratch + "/operations"
    let begin = ContinuousClock.now
    try await shim.preloaded(store.graph("build")).check()
    milliseconds = Int(begin.duration(to: .now) / .milliseconds(1))
    operations = try OperationLog(file: world.scratch + "/operations").count { $0.kind != .said }
    nodes = Set(try await store.facts().finished.keys.map(\.node))
    outputs = world.scratch + "/outputs"
    try await store.graph("export", Self.all, outputs).check()
  }

  /// A store of its own for one test, in memory where there is room for it: what a test does to many stores is not to
  /// wait for the disk's syncs.
  func fresh(in parent: String = inMemory) throws -> StoreFolder { try StoreFolder(in: parent, of: world) }

  static let inMemory: String = {
    var status = statvfs()
    guard statvfs("/dev/shm", &status) == 0, access("/dev/shm", W_OK) == 0,
      UInt64(status.f_bavail) * UInt64(status.f_frsize) > 1 << 30
    else { return "/tmp" }
    return "/dev/shm"
  }()

  enum Kind {
    /// With an image whose RUNs note each of their starts in a cache.
    case withRuns
    case plain
    /// As `plain`, after an edit that many nodes read.
    case edited
  }

  static func with(_ kind: Kind) async throws -> Workshop { try await Shelf.shared.workshop(kind) }

  private actor Shelf {
    static let shared = Shelf()
    private var made: [Kind: Task<Workshop, any Error>] = [:]
    private var source: Task<TemporaryFolder, any Error>?

    /// The address of a git repository, the same for all workshops.
    func repository() async throws -> String {
      let task =
        source
        ?? Task {
          let folder = try TemporaryFolder()
          let script = """
            git init -q -b main . && echo 'job-id: site' >cccp.yml && echo page >page &&
            printf '%s\\n' 'FROM scratch' 'COPY page /page' >Dockerfile && git add . &&
            git -c user.name=a -c user.email=a@example.org commit -q -m first
            """
          var program = Program(["sh", "-c", script])
          program.folder = folder.path
          try await program.check()
          return folder
        }
      source = task
      return "file://\(try await task.value.path)"
    }

    func workshop(_ kind: Kind) async throws -> Workshop {
      let task = made[kind] ?? Task { try await Workshop(kind) }
      made[kind] = task
      return try await task.value
    }
  }
}

extension Workshop {
  private static func files(_ kind: Kind, repository: String) -> [String: String] {
    var files = [
      "graph.yml": "name: faults\narches: [\(architecture)]\n",
      "graph.d/commands.yml": commands,
      "index.d/app.yml": """
      Projects:
        - {id: 1, app-id: app, job-id: tool, git-url: images/tool, git-path: /, target-file: Dockerfile,
           desired-tag: 1, notify-email: release@example.org, depends-on: null}
        - {id: 2, app-id: app, job-id: app, git-url: images/app, git-path: /, target-file: Dockerfile,
           desired-tag: 1, notify-email: release@example.org, depends-on: app/tool:1}
        - {id: 3, app-id: app, job-id: site, git-url: "\(repository)", git-path: /, git-branch: main,
           target-file: Dockerfile, desired-tag: 1, notify-email: release@example.org, depends-on: null}

      """,
      "images/tool/cccp.yml": "job-id: tool\n",
      "images/tool/Dockerfile": kind == .withRuns
        ? "FROM scratch\nCOPY busybox /bin/busybox\n" : "FROM scratch\nCOPY lines /lines\n",
      "images/tool/lines": lines(20_000, "tool"),
      "images/app/cccp.yml": "job-id: app\n",
      "images/app/text": "a text\n",
      "images/app/Dockerfile": "FROM app/tool:1\nCOPY text /text\n" + (kind == .withRuns ? runs : "")
        + "LABEL a=b\n",
      "data/table": lines(50, kind == .edited ? "edited" : "table"),
      "data/noise": noise(200_000),
      "data/lines": lines(20_000, "data"),
      "source/deep/all": "all\n",
    ]
    for number in 0...5 { files["source/p\(number)"] = "source \(number)\n" }
    return files
  }

  /// Each start of a RUN leaves a line in a cache, which is no part of any result.
  private static let runs =
    ["one", "two", "three"].map { name in
      let script = """
        echo \(name) >>/count/starts; /bin/busybox mkdir /\(name); /bin/busybox seq 1 2000 >/\(name)/lines; echo ran \(name)
        """
      return "RUN --mount=type=cache,target=/count [\"/bin/busybox\", \"sh\", \"-c\", \"\(script)\"]\n"
    }.joined() + "RUN [\"/bin/busybox\", \"rm\", \"-r\", \"/two\"]\n"

  private static let commands = """
    commands:
      - name: //part/{item}
        root: host
        tools: [sh, cat]
        inputs: {folder: source, table: data/table}
        command: [sh, -c, "echo part {item}; cat {inputs.folder}/{item} {inputs.folder}/deep/all {inputs.table} >{outputs.text}"]
        outputs: {text: file}
        for-each: [p0, p1, p2, p3, p4, p5]
      - name: //large/{item}
        root: host
        tools: [sh, cat]
        inputs: {data: "data/{item}", text: //part/p0}
        command: [sh, -c, "cat {inputs.data} {inputs.text} >{outputs.file}"]
        outputs: {file: file}
        for-each: [noise, lines]
      - name: //pair/{item}
        root: host
        tools: [sh, cat, mkdir, ln, cp]
        inputs: {one: "//part/p{item}", two: //part/p5, large: //large/noise}
        command:
          - sh
          - -c
          - mkdir -p {outputs.files}/deep && cd {outputs.files} && cat {inputs.one} {inputs.two} >deep/both &&
            cp {inputs.large} large && ln -s deep/both link && echo made {item}
        outputs: {files: folder}
        for-each: ["1", "2", "3", "4"]
      - name: //broken/one
        root: host
        tools: [sh]
        inputs: {one: //part/p1}
        failable: [\(architecture)]
        command: [sh, -c, "echo it fails >{outputs.text}; cat {outputs.text}; exit 3"]
        outputs: {text: file}
      - name: \(all)
        root: host
        tools: [sh, cp, mkdir]
        inputs: {a: //pair/1, b: //pair/2, c: //pair/3, d: //pair/4, lines: //large/lines, app: //app/app, site: //app/site}
        command:
          - sh
          - -c
          - mkdir {outputs.all} && cd {outputs.all} && cp -R {inputs.a} a && cp -R {inputs.b} b &&
            cp -R {inputs.c} c && cp -R {inputs.d} d && cp {inputs.lines} lines && cp -R {inputs.app} app &&
            cp -R {inputs.site} site
        outputs: {all: folder}

    """

  private static func lines(_ count: Int, _ word: String) -> String {
    (1...count).map { "\(word) \($0)\n" }.joined()
  }

  /// Text that does not shrink by a tenth, so that it is stored as it is.
  private static func noise(_ count: Int) -> String {
    var random = Seeded(17)
    // Seven bits of each byte are random: anything that is one byte in UTF-8.
    return String(decoding: (0..<count).map { _ in UInt8.random(in: 0...127, using: &random) }, as: UTF8.self)
  }
}
