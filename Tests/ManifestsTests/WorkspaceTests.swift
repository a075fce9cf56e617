import Glibc
import GraphCore
import Testing

@testable import Manifests

@Suite("a workspace becomes declarations")
struct WorkspaceTests {
  @Test("graph.yml with everything")
  func settingsFile() throws {
    let text = """
      name: demo
      arches: aarch64
      registries:
        registry.example.org: {own: true}
        localhost:5000: {insecure: yes}
        docker.io:
        r.example.org: {ca: certificates/ca.crt}
      aliases:
        centos:centos7: registry.example.org/centos/centos:7
        centos: //base/centos
      stamps: []
      compression: gzip
      """
    let (workspace, diagnostics) = load(["graph.yml": text, "certificates/ca.crt": ""])
    #expect(texts(diagnostics) == [])
    let settings = try #require(workspace).settings
    #expect(settings.name.value == "demo")
    #expect(settings.name.location.description == "graph.yml:1:7")
    #expect(settings.architectures.map(\.value.name) == ["aarch64"])
    #expect(
      settings.registries.map(\.name.value) == [
        "registry.example.org", "localhost:5000", "docker.io", "r.example.org",
      ])
    #expect(settings.registries.map(\.isOwn) == [true, false, false, false])
    #expect(settings.registries.map(\.isInsecure) == [false, true, false, false])
    #expect(settings.registries.map(\.authorities?.value) == [nil, nil, nil, "certificates/ca.crt"])
    #expect(
      settings.aliases.map(\.target.value) == ["registry.example.org/centos/centos:7", "//base/centos"])
    #expect(settings.aliases.map(\.reference.location.line) == [9, 10])
    #expect(settings.stamps == [])
    #expect(settings.compression == .gzip)
  }

  @Test("defaults, and registries as a list are own")
  func defaults() throws {
    let settings = try #require(load(["graph.yml": settings + "registries: [r.example.org]\n"]).0).settings
    #expect(settings.stamps == [.revision, .base])
    #expect(settings.compression == .zstd)
    #expect(settings.registries.map(\.isOwn) == [true])
  }

  @Test("index entries keep their scalars as text, and null is none")
  func index() throws {
    let text = """
      Projects:
        - id: 1
          app-id: library
          job-id: python
          git-url: https://git.example.org/p
          git-path: /
          target-file: Dockerfile.3.10
          desired-tag: 3.10
          notify-email: a@example.org
          depends-on: null
        - {id: 007, app-id: library, job-id: b, git-url: u, git-path: p/q, git-branch: 1e3, target-file: f,
           desired-tag: , notify-email: m@h, build-context: ../../, prebuild-script: x.sh, prebuild-context: /,
           depends-on: [r.example.org/library/python:3.10, "null", '', a/b]}
      """
    let files = [
      "graph.yml": settings, "index.d/library.v1.yaml": text, "index.d/index_template.yaml": "Projects: [",
      "index.d/README.md": "no", "index.d/.hidden.yml": "no",
    ]
    let (workspace, diagnostics) = load(files)
    #expect(texts(diagnostics) == [])
    let images = try #require(workspace).images
    #expect(images.map(\.label.description) == ["//library/python@3.10", "//library/b@latest"])
    #expect(images.map(\.publishedName) == ["python", "b"])
    #expect(images.map(\.gitBranch.value) == ["master", "1e3"])
    #expect(images.map(\.buildContext.value) == ["./", "../../"])
    #expect(images.map(\.id.value) == ["1", "007"])
    #expect(images.map { $0.dependsOn.map(\.value) } == [[], ["r.example.org/library/python:3.10", "a/b"]])
    #expect(images[1].dependsOn[1].location.description == "index.d/library.v1.yaml:13:66")
    #expect(images.map { $0.prebuildScript?.value } == [nil, "x.sh"])
  }

  @Test("bases, repositories and commands")
  func targets() throws {
    let text = """
      bases:
        - name: //base/minimal
          repositories: //repo/os
          packages: [bash, /usr/bin/env, glibc-2.34]
          env: {PATH: /usr/bin, EMPTY: }
          cmd: [/bin/bash]
          labels: {a: b}
      repositories:
        - {name: //repo/os, members: [//rpm/..., //rpm/bash], arches: aarch64}
      commands:
        - name: //rpm/{item}
          for-each: [bash, zlib]
          root: //base/minimal
          inputs:
            spec: ./specs//{item}.spec
            tool: {label: //tools/x}
            other: //tools/y
          command: [rpmbuild, '{inputs.spec}', --target, '{rpm-arch}', '{outputs.rpms}', '{fetch}', '{{item}}', '${x}']
          env: {NAME: '{item}'}
          outputs: {rpms: folder}
          fetch: {resolve: [resolve.py, '{item}']}
        - {name: //tools/x, root: host, tools: tar, command: [tar, '{outputs.o}'], outputs: {o: file}, arches: noarch,
           timeout: 5}
      """
    let (workspace, diagnostics) = load([
      "graph.yml": settings, "graph.d/t.yaml": text, "specs/bash.spec": "", "specs/zlib.spec": "",
      "resolve.py": "",
    ])
    #expect(texts(diagnostics) == [])
    let loaded = try #require(workspace)
    let base = try #require(loaded.bases.first)
    #expect(base.label.value.description == "//base/minimal")
    #expect(base.repositories.map(\.value.description) == ["//repo/os"])
    #expect(base.packages.map(\.value) == ["bash", "/usr/bin/env", "glibc-2.34"])
    #expect(base.environment == ["PATH": "/usr/bin", "EMPTY": ""])
    #expect(base.command == ["/bin/bash"])
    #expect(base.architectures.map(\.value.name) == ["x86_64", "aarch64"])
    #expect(loaded.repositories.first?.members.map(\.value.description) == ["//rpm/...", "//rpm/bash"])
    #expect(loaded.repositories.first?.architectures.map(\.value.name) == ["aarch64"])
    #expect(loaded.commands.map(\.label.value.description) == ["//rpm/bash", "//rpm/zlib", "//tools/x"])
    let first = loaded.commands[0]
    #expect(first.item == "bash")
    #expect(first.environment == ["NAME": "bash"])
    #expect(first.fetch?.resolver.map(\.value) == ["resolve.py", "bash"])
    #expect(first.outputs.map(\.isFolder) == [true])
    #expect(first.timeoutSeconds == 3600)
    let sources = first.inputs.map { input in
      switch input.source {
      case .path(let path): path.value
      case .label(let label): label.value.description
      }
    }
    #expect(sources == ["specs/bash.spec", "//tools/x", "//tools/y"])
    #expect(loaded.commands[2].architectures == [])
    #expect(loaded.commands[2].timeoutSeconds == 5)
    #expect(loaded.commands[2].item == nil)
  }

  @Test("braces are placeholders only where they name something")
  func template() {
    #expect(
      Template("a{inputs.X_1}b{{item}}{print $1}${name}{}{a.}{item}").parts == [
        .text("a"), .placeholder("inputs.X_1"), .text("b{item}{print $1}${name}{}{a.}"), .placeholder("item"),
      ])
    #expect(Template("{arch}-{x}").filled { $0 == "arch" ? "s390x" : nil } == "s390x-{x}")
    #expect(Template("").parts == [])
  }

  @Test("cccp.yml: tests are skipped unless it says otherwise")
  func pipelineFile() throws {
    let read = { (text: String) in CCCPReader.read(Array(text.utf8), file: "cccp.yml").0 }
    #expect(try #require(read("job-id: a\n")).testSkip == true)
    let file = try #require(read("job-id: 12\ntest-skip: False\ntest-script: t.sh\nbuild-script: ''\n"))
    #expect(file.jobID.value == "12")
    #expect(file.testSkip == false)
    #expect(file.testScript?.value == "t.sh")
    #expect(file.buildScript == nil)
  }

  @Test("on disk: the workspace is found from below, links may not leave it, and a pipe is no manifest")
  func disk() throws {
    var template = Array("/tmp/graph-manifests-XXXXXX".utf8CString)
    let root = try #require(mkdtemp(&template).flatMap { FileSystem.disk.resolved(String(cString: $0)) })
    let made = ["index.d", "graph.d", "src", "src/deep"]
    let files = [
      "graph.yml": settings, "src/inside": "x",
      "graph.d/t.yml":
        "commands:\n  - {name: //t/a, root: host, command: [a, '{outputs.o}'], outputs: {o: file},\n"
        + "     inputs: {a: src/inside, b: src/out, c: src/in, d: src, e: src/none}}\n",
    ]
    defer {
      for name in files.keys + ["src/out", "src/in", "index.d/pipe.yml"] { unlink("\(root)/\(name)") }
      for name in made.reversed() + [""] { rmdir("\(root)/\(name)") }
    }
    for name in made { #expect(mkdir("\(root)/\(name)", 0o755) == 0) }
    for (name, text) in files {
      let descriptor = open("\(root)/\(name)", O_WRONLY | O_CREAT, 0o644)
      #expect(write(descriptor, text, text.utf8.count) == text.utf8.count)
      close(descriptor)
    }
    #expect(symlink("/etc/passwd", "\(root)/src/out") == 0)
    #expect(symlink("inside", "\(root)/src/in") == 0)
    #expect(mkfifo("\(root)/index.d/pipe.yml", 0o644) == 0)
    let loader = WorkspaceLoader()
    #expect(try loader.find(from: "\(root)/src/deep") == root)
    let (workspace, diagnostics) = loader.load(root: root)
    #expect(
      texts(diagnostics) == [
        "graph.d/t.yml:3:33: error: 'src/out' leads out of the workspace through a symbolic link"
          + " | copy what it names into the workspace, or declare it as a source of its own",
        "graph.d/t.yml:3:64: error: 'src/none' does not exist in the workspace"
          + " | paths are relative to the folder of graph.yml",
        "index.d/pipe.yml:1:1: error: the file cannot be read | it must be a regular file that you may read",
      ])
    #expect(workspace?.root == root)
  }

  @Test("places are right behind a byte order mark, CRLF and other line ends")
  func lineEnds() throws {
    let text = "\u{feff}name: demo\r\n# é\u{85}arches: [x86_64, é, 'amd64']\r\n"
    let (_, diagnostics) = load(["graph.yml": text])
    #expect(diagnostics.all.map { $0.location?.description } == ["graph.yml:3:18", "graph.yml:3:21"])
    #expect(diagnostics.all.map(\.sourceLine) == Array(repeating: "arches: [x86_64, é, 'amd64']", count: 2))
    #expect(diagnostics.all.map(\.length) == [1, 7])
  }

  @Test("later stages can show the line of a declared value")
  func sources() throws {
    let workspace = try #require(load(["graph.yml": settings]).0)
    let message = workspace.diagnostic(.warning, "odd name", at: workspace.settings.name, hint: "change it")
    #expect(message.sourceLine == "name: demo")
    #expect(message.length == 4)
    #expect(message.location?.column == 7)
    let architecture = workspace.diagnostic(.error, "no", at: workspace.settings.architectures[1])
    #expect(architecture.length == 7)
  }

  @Test("without a graph.yml above, the error says how to start")
  func find() {
    let loader = WorkspaceLoader(files: fileSystem(["a/b": []]))
    #expect {
      try loader.find(from: "/w/a")
    } throws: { error in
      String(describing: error)
        == "no graph.yml in '/w/a' or in a folder above it\n  hint: go to your workspace, "
        + "or start one: graph init my-index"
    }
    #expect {
      try loader.find(from: "/w/none")
    } throws: { String(describing: $0).hasPrefix("'/w/none' is not a folder") }
  }

  @Test("text that is not UTF-8, and a file that is too large, say so")
  func bytes() {
    let invalid = Array("name: d\narches: é".utf8) + [0xff, 0x41]
    let (_, diagnostics) = WorkspaceLoader(files: fileSystem(["graph.yml": invalid])).load(root: "/w")
    #expect(
      texts(diagnostics) == ["graph.yml:2:10: error: byte 0xff is not UTF-8 text | save the file as UTF-8"])
    let large = [UInt8](repeating: 0x20, count: SourceText.bytesMax + 1)
    let (_, more) = WorkspaceLoader(files: fileSystem(["graph.yml": large])).load(root: "/w")
    #expect(
      texts(more) == [
        "graph.yml:1:1: error: the file is larger than 8 MiB | split it, or keep data in files of its own"
      ])
  }
}
