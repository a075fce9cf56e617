import GraphCore
import Testing

@testable import Manifests

/// What the published index's own checks asked of an entry, what they let through, and what its files really hold.
@Suite("rules of the container index")
struct IndexRulesTests {
  /// An entry whose lines are replaced, by key; `nil` takes a line away.
  static func index(_ changes: [String: String?], app: String = "app") -> String {
    let lines = [
      ("id", "1"), ("app-id", app), ("job-id", "httpd"), ("git-url", "https://git.example.org/i.git"),
      ("git-path", "/httpd/"), ("git-branch", "main"), ("target-file", "Dockerfile"), ("desired-tag", "3.10"),
      ("notify-email", "a@example.org"), ("build-context", "./"), ("depends-on", "null"),
    ]
    var text = "Projects:\n"
    for (number, line) in lines.filter({ changes[$0.0] != .some(nil) }).enumerated() {
      text += (number == 0 ? "  - " : "    ") + "\(line.0): \((changes[line.0] ?? line.1) ?? "")\n"
    }
    for (key, value) in changes.sorted(by: { $0.key < $1.key }) where !lines.contains(where: { $0.0 == key })
    {
      text += "    \(key): \(value ?? "")\n"
    }
    return text
  }

  static func problems(_ changes: [String: String?], app: String = "app") -> [String] {
    texts(load(["graph.yml": settings, "index.d/\(app).yaml": index(changes, app: app)]).1)
  }

  @Test(
    "required keys: absent and empty are errors",
    arguments: [
      "id", "app-id", "job-id", "git-url", "git-path", "target-file", "notify-email", "desired-tag",
    ])
  func required(key: String) {
    #expect(Self.problems([key: nil]).contains { $0.contains("an index entry has no '\(key)'") })
    if key == "desired-tag" { return }
    for empty in ["", "''", "null"] {
      let problems = Self.problems([key: empty])
      #expect(
        problems.contains { $0.contains("'\(key)' of an index entry") && $0.contains(": error: ") },
        "\(problems)")
    }
  }

  @Test("keys with a default may be absent", arguments: ["git-branch", "build-context", "depends-on"])
  func optional(key: String) {
    #expect(Self.problems([key: nil]) == [])
    if key != "depends-on" {
      #expect(Self.problems([key: "''"]).first?.contains("'\(key)' of an index entry is empty") == true)
    }
  }

  static let cases: [([String: String?], String?)] = [
    // Numbers.
    (["id": "0"], "error: 'id' must be a whole number above 0, not '0'"),
    (["id": "number"], "error: 'id' must be a whole number above 0"),
    (["id": "1.5"], "error: 'id' must be a whole number above 0"),
    (["id": "-1"], "error: 'id' must be a whole number above 0"), (["id": "153"], nil),
    // Names.
    (["job-id": "a_b"], "warning: job-id 'a_b' contains '_'"),
    (["job-id": "a.b"], "warning: job-id 'a.b' contains '.'"),
    (["job-id": "a/b"], "error: job-id 'a/b' contains '/'"),
    (["job-id": "12"], "warning: job-id '12' is a number"),
    (["job-id": "\"a\\eb\""], "contains a control character"),
    (["job-id": "Wildfly"], "warning: job-id 'Wildfly'"),
    (["job-id": "é"], "warning: job-id 'é' cannot be part of a published image's name"),
    // Sources.
    (["git-url": "https://gitlab.com/a/b"], "warning: the address of a repository on GitLab ends in '.git'"),
    (["git-url": "https://gitlab.com/a/b.git"], nil), (["git-url": "http://github.com/a/b"], nil),
    (["git-url": "git://github.com/a/b"], nil), (["git-url": "https://github.com/CentOS/x"], nil),
    (["git-url": "--upload-pack=touch x"], "error: git-url '--upload-pack=touch x' begins with '-'"),
    (["git-url": "-oProxyCommand=x:y"], "error: git address '-oProxyCommand=x:y' begins with '-'"),
    (["git-url": "ssh://-oProxyCommand=x/y"], "has a host that begins with '-'"),
    (["git-url": "x@-oProxyCommand=x:y"], "has a host that begins with '-'"),
    (["git-url": "host:-x"], "has a path that begins with '-'"),
    (["git-url": "'ext::sh -c touch% x'"], "error: git address 'ext::sh -c touch% x' has the scheme 'ext::'"),
    (["git-url": "https://h/x;touch y"], "has ';' in it"), (["git-url": "https://h/$(id)"], "has '$' in it"),
    (["git-url": "\"https://h/x\\ny\""], "has a control character in it"),
    (["git-url": "https://h/x%0ay"], "has an escaped control character in it"),
    (["git-url": "https://h h/x"], "has no host name before its path"),
    (["git-url": "https://h:x/y"], "has a port that is no number"),
    (["git-url": "../outside"], "error: git-url '../outside' leaves the workspace"),
    (["git-url": "./sub"], nil), (["git-url": "\"a\\tb\""], "error: git-url has a control character in it"),
    (["git-branch": "-x"], "error: '-x' cannot be the name of a branch"),
    (["git-branch": "a..b"], "error: 'a..b' cannot be the name of a branch"),
    (["git-branch": "a b"], "cannot be the name of a branch"),
    (["git-branch": "\"a\\nb\""], "cannot be the name of a branch"),
    (["git-branch": "release/1.0_x"], nil), (["git-branch": "1e3"], nil),
    // Paths.
    (["git-path": "../x"], "error: git-path '../x' leaves the repository"), (["git-path": "/"], nil),
    (["git-path": "/a/../../x"], "error: git-path '/a/../../x' leaves the repository"),
    (["git-path": "a/../b"], nil),
    (["target-file": "../../Dockerfile"], "error: target-file '../../Dockerfile' leaves the repository"),
    (["target-file": "../Dockerfile"], nil), (["build-context": "../"], nil),
    (["build-context": "../../"], "error: build-context '../../' leaves the repository"),
    (["git-path": "a/b", "build-context": "../../"], nil),
    (["target-file": "\"a\\nb\""], "error: target-file has a control character in it"),
    (["prebuild-script": "x.sh"], "error: 'prebuild-script' needs 'prebuild-context' beside it"),
    (["prebuild-context": "/"], "error: 'prebuild-context' needs 'prebuild-script' beside it"),
    (
      ["prebuild-script": "''", "prebuild-context": "/"],
      "error: 'prebuild-script' of an index entry is empty"
    ),
    (["prebuild-script": "./x.sh", "prebuild-context": "a/b"], nil),
    (
      ["prebuild-script": "../../x.sh", "prebuild-context": "a"],
      "error: prebuild-script '../../x.sh' leaves the repository"
    ),
    (
      ["prebuild-script": "x", "prebuild-context": ".."], "error: prebuild-context '..' leaves the repository"
    ),
    // Mail.
    (["notify-email": "me"], "warning: 'me' is no mail address"), (["notify-email": "'a@x, b@y'"], nil),
    (["notify-email": "a@b@c"], "warning: 'a@b@c' is no mail address"),
    (["notify-email": "\"a@b\\nBcc: c@d\""], "error: notify-email has a control character in it"),
    // Tags, as text.
    (["desired-tag": "4.0"], nil), (["desired-tag": "10.0.0.Final"], nil), (["desired-tag": "4a61a48"], nil),
    (["desired-tag": ""], nil), (["desired-tag": "''"], nil),
    (["desired-tag": "a b"], "error: desired-tag 'a b'"),
    // Parents.
    (["depends-on": "''"], nil), (["depends-on": "'null'"], nil), (["depends-on": "~"], nil),
    (["depends-on": "[]"], nil), (["depends-on": "r.example.org/app/base:1"], nil),
    (["depends-on": "app/base@sha256:\(String(repeating: "a", count: 64))"], "which have no digest"),
  ]

  @Test("each value is taken, told or refused", arguments: cases.indices)
  func value(number: Int) {
    let (changes, message) = Self.cases[number]
    let problems = Self.problems(changes)
    if let message {
      #expect(problems.count == 1 && problems[0].contains(message), "\(changes): \(problems)")
    } else {
      #expect(problems == [], "\(changes)")
    }
  }

  @Test("the numbers of a file differ as numbers, and each file has its own")
  func numbers() {
    let second = Self.index(["id": "01", "job-id": "b"]).replacing("Projects:\n", with: "")
    #expect(
      texts(load(["graph.yml": settings, "index.d/app.yaml": Self.index([:]) + second]).1) == [
        "index.d/app.yaml:13:9: error: id '01' is used twice in this file"
          + " | the first is in line 2: give this entry an id of its own"
      ])
    let files = [
      "graph.yml": settings, "index.d/app.yaml": Self.index([:]),
      "index.d/app.yml": Self.index(["job-id": "b"]),
    ]
    #expect(texts(load(files).1) == [])
  }

  @Test("a file that is not YAML is an error, whatever the others hold")
  func notYAML() throws {
    let files = [
      "graph.yml": settings, "index.d/app.yaml": Self.index([:]), "index.d/bad.yaml": "Projects: [\n",
    ]
    let (workspace, diagnostics) = load(files)
    #expect(diagnostics.hasErrors)
    #expect(diagnostics.all.map { $0.location?.file } == ["index.d/bad.yaml"])
    #expect(try #require(workspace).images.count == 1)
  }

  @Test("a list without 'Projects' says what to put above it")
  func bareList() {
    let text = Self.index([:]).replacing("Projects:\n", with: "")
    #expect(
      texts(load(["graph.yml": settings, "index.d/app.yaml": text]).1) == [
        "index.d/app.yaml:1:3: error: the file is a list without 'Projects' | put the line 'Projects:' above the list"
      ])
  }

  @Test("what a typed loader would change stays as it is written")
  func text() throws {
    let text = Self.index([
      "id": "7", "desired-tag": "3.10", "git-branch": "010", "git-path": "1e1", "target-file": "yes",
      "notify-email": "\"\\u00e9@example.org\"", "depends-on": "app/base:1.0",
    ])
    let entry = try #require(load(["graph.yml": settings, "index.d/app.yaml": text]).0?.images.first)
    #expect(entry.label.description == "//app/httpd@3.10")
    #expect(
      [entry.gitBranch, entry.gitPath, entry.targetFile, entry.notifyEmail].map(\.value)
        == ["010", "1e1", "yes", "é@example.org"])
    #expect(entry.dependsOn.map(\.value) == ["app/base:1.0"])
  }

  @Test("comments that look like entries, templates, and upper-case tags are no trouble")
  func oddities() throws {
    let text =
      Self.index([
        "build_context": "./", "desired-tag": "4.8-PCP", "depends-on": "[app/httpd:4.8-PCP, gone/x:1]",
      ])
      + "#  - id: 2\n#    app-id: app\n#Projects:\n"
    let (workspace, diagnostics) = load([
      "graph.yml": settings, "index.d/app.yaml": text,
      "index.d/index_template.yaml": "Projects:\n - id: number\n",
    ])
    #expect(
      texts(diagnostics) == [
        "index.d/app.yaml:13:5: warning: 'build_context' has never had an effect"
          + " | remove it: 'build-context' is there too"
      ])
    let entries = try #require(workspace).images
    #expect(entries.map(\.label.description) == ["//app/httpd@4.8-PCP"])
    #expect(entries[0].dependsOn.map(\.value) == ["app/httpd:4.8-PCP", "gone/x:1"])
  }

  @Test("names that joining with '-' would make equal stay apart")
  func injective() throws {
    let first = Self.index(["job-id": "b-c"], app: "a")
    let second = Self.index(["job-id": "c"], app: "a-b")
    let (workspace, diagnostics) = load([
      "graph.yml": settings, "index.d/a.yaml": first, "index.d/a-b.yaml": second,
    ])
    #expect(texts(diagnostics) == [])
    #expect(Set(try #require(workspace).images.map(\.label)).count == 2)
  }

  @Test("one source under two names; 'library' is published without a namespace")
  func twice() throws {
    let files = [
      "graph.yml": settings, "index.d/library.yaml": Self.index(["job-id": "centos"], app: "library"),
      "index.d/centos.yaml": Self.index(["job-id": "centos"], app: "centos"),
    ]
    let (workspace, diagnostics) = load(files)
    #expect(texts(diagnostics) == [])
    #expect(try #require(workspace).images.map(\.publishedName) == ["centos/centos", "centos"])
  }

  @Test("manifests that links lead out of the workspace are refused")
  func links() {
    let files = ["graph.yml": settings, "index.d/app.yaml": Self.index([:]), "graph.d/x.yml": "bases: []\n"]
    #expect(
      texts(load(files, links: ["/w/index.d": "/elsewhere", "/w/graph.d/x.yml": "/etc/passwd"]).1) == [
        "graph.d/x.yml:1:1: error: 'graph.d/x.yml' leads out of the workspace through a symbolic link"
          + " | copy what it names into the workspace",
        "index.d:1:1: error: 'index.d' leads out of the workspace through a symbolic link"
          + " | copy what it names into the workspace",
      ])
  }
}
