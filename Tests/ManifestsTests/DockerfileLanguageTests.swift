import GraphCore
import Testing

@testable import Manifests

@Suite("the whole language of Dockerfiles")
struct DockerfileLanguageTests {
  /// What lines behind `FROM a` mean.
  static func kinds(_ lines: String) -> [Dockerfile.Kind] {
    let (file, diagnostics) = DockerfileReader.read("FROM a\n" + lines, file: "f")
    #expect(texts(diagnostics) == [])
    return file.instructions.dropFirst().map(\.kind)
  }

  private static func document(_ name: String, _ content: String, expands: Bool = true)
    -> Dockerfile.HereDocument
  {
    Dockerfile.HereDocument(name: name, content: content, expands: expands)
  }

  private static func run(_ text: String, _ documents: Dockerfile.HereDocument...) -> Dockerfile.Kind {
    var run = Dockerfile.Run(form: .shell(text))
    run.hereDocuments = documents
    return .run(run)
  }

  private static func check(
    _ command: Dockerfile.Form?, _ change: (inout Dockerfile.HealthCheck) -> Void = { _ in }
  )
    -> Dockerfile.Kind
  {
    var check = Dockerfile.HealthCheck(command: command)
    change(&check)
    return .healthCheck(check)
  }

  static let settings: [(String, Dockerfile.Kind)] = [
    ("SHELL [\"/bin/bash\", \"-c\"]", .shell(["/bin/bash", "-c"])), ("STOPSIGNAL $sig", .stopSignal("$sig")),
    ("stopsignal 9", .stopSignal("9")),
    ("MAINTAINER Jo <jo@example.org>", .maintainer("Jo <jo@example.org>")),
    ("VOLUME /a /b", .volume(["/a", "/b"])), ("VOLUME [\"/a b\", \" /c\"]", .volume(["/a b", "/c"])),
    ("VOLUME [/a", .volume(["[/a"])), ("HEALTHCHECK NONE", check(nil)), ("healthcheck none", check(nil)),
    ("HEALTHCHECK CMD a  b", check(.shell("a  b"))), ("HEALTHCHECK cmd [\"a\"]", check(.exec(["a"]))),
    (
      "HEALTHCHECK --interval=1m30s --timeout=0 --start-period=1.5h --start-interval=250ms --retries=3 \\\n CMD a",
      check(.shell("a")) {
        ($0.interval, $0.timeout) = (90_000_000_000, 0)
        ($0.startPeriod, $0.startInterval) = (5_400_000_000_000, 250_000_000)
        $0.retries = 3
      }
    ),
    ("CMD []", .command(.exec([]))),
  ]

  @Test("instructions that change settings", arguments: settings)
  func setting(text: String, expected: Dockerfile.Kind) { #expect(Self.kinds(text) == [expected]) }

  static let durations: [(String, Int64?)] = [
    ("0", 0), ("-0", 0), ("1ns", 1), ("1us", 1000), ("1\u{b5}s", 1000), ("1\u{3bc}s", 1000),
    ("1.5ms", 1_500_000),
    (".5s", 500_000_000), ("1.s", 1_000_000_000), ("1h2m3s", 3_723_000_000_000), ("-1s", -1_000_000_000),
    ("+1s", 1_000_000_000), ("2562047h47m16.854775807s", .max), ("2562048h", nil), ("", nil), ("1", nil),
    ("s", nil),
    (".s", nil), ("1x", nil), ("1 s", nil), ("1s ", nil), ("-", nil), ("99999999999999999999s", nil),
    ("1e3s", nil),
    ("é", nil), ("1\u{661}s", nil),
  ]

  @Test("durations as Go reads them", arguments: durations)
  func duration(text: String, expected: Int64?) { #expect(Duration.nanoseconds(fromGo: text) == expected) }

  static let sizes: [(String, Int64?)] = [
    ("512", 512), ("64m", 64 << 20), ("64MB", 64 << 20), ("64 MiB", 64 << 20), ("1.5k", 1536),
    ("1g", 1 << 30),
    ("2T", 2 << 40), ("1p", 1 << 50), ("10b", 10), ("", nil), ("m", nil), ("1ib", nil), ("1x", nil),
    ("-1", nil),
    ("1.2.3", nil), ("1e3", nil), (".5m", nil), ("99999999999p", nil), ("1  m", nil),
  ]

  @Test("sizes as Docker reads them", arguments: sizes)
  func size(text: String, expected: Int64?) { #expect(ByteSize.bytes(text) == expected) }

  static let modes: [(String, Bool)] = [
    ("0644", true), ("755", true), ("7777", true), ("10000", false), ("8", false), ("+7", false), ("", false),
    ("u=rwX,go=rX", true), ("+x", true), ("a-w", true), ("u=g", true), ("u+s,+t", true), ("u", false),
    ("u=", true),
    ("u=rw,", false), ("u!x", false), ("z+x", false), ("u+x-w", true),
  ]

  @Test("modes as chmod reads them", arguments: modes)
  func mode(text: String, isMode: Bool) { #expect(FileMode.isKnown(text) == isMode) }

  static let documents: [(String, Dockerfile.Kind)] = [
    ("RUN <<EOF\na\nb\nEOF", run("a\nb\n")),
    ("RUN <<  EOF  \na\nEOF", run("a\n")),
    ("RUN 3<<EOF\na\nEOF", run("a\n")),
    ("RUN <<EOF\nEOF", run("")),
    ("RUN <<-EOF\n\ta\n\t\tb\tc\n\tEOF", run("a\nb\tc\n")),
    ("RUN <<EOF\n\ta\n\tEOF\nEOF", run("\ta\n\tEOF\n")),
    ("RUN <<'a b'\n$x\na b", run("$x\n")),
    ("RUN <<E\"O\"F\n#c\n\n x\\\nEOF", run("#c\n\n x\\\n")),
    ("RUN <<$EOF\n$EOF", run("")), ("RUN <<a\\'b\na'b", run("")),
    ("RUN cat <<EOF > /x\na\nEOF", run("cat <<EOF > /x\na\nEOF")),
    ("RUN python3 <<EOF\na\nEOF", run("python3 <<EOF\na\nEOF")),
    ("RUN <<EOF python3\na\nEOF", run("<<EOF python3\na\nEOF")),
    (
      "RUN cat <<-A <<'B' \\\n # c\n && c\n\ta\n\tA\nb\nB",
      run("cat <<-A <<'B'  && c\n\ta\nA\nb\nB")
    ),
    (
      "RUN cat <<X <<Y\nY\nX\nX\nY",
      run("cat <<X <<Y\nY\nX\nX\nY")
    ),
    ("RUN <<EOF\r\na\r\nEOF\r\n", run("a\r\n")), ("RUN a <<< b", run("a <<< b")),
    ("RUN a <<<b", run("a <<<b")), ("RUN \"<<EOF\"", run("\"<<EOF\"")), ("RUN '<<EOF' x", run("'<<EOF' x")),
    ("RUN a<<EOF", run("a<<EOF")), ("RUN a <<", run("a <<")), ("RUN a <<''", run("a <<''")),
    ("RUN it's <<EOF", run("it's <<EOF")), ("RUN echo $((1<<2))", run("echo $((1<<2))")),
    ("RUN [\"<<EOF\"]", .run(.init(form: .exec(["<<EOF"])))), ("USER <<EOF", .user("<<EOF")),
    ("CMD <<EOF", .command(.shell("<<EOF"))),
  ]

  @Test("here-documents of RUN", arguments: documents)
  func hereDocument(text: String, expected: Dockerfile.Kind) { #expect(Self.kinds(text) == [expected]) }

  @Test("a here-document that is a program stays one, and the command is as it was written")
  func script() {
    func script(_ name: String, _ content: String, _ command: String, expands: Bool = true) -> [Dockerfile
      .Kind]
    {
      [Self.run(command, Self.document(name, content, expands: expands))]
    }
    #expect(Self.kinds("RUN <<EOF\n#!/bin/x\na\nEOF") == script("EOF", "#!/bin/x\na\n", "<<EOF"))
    #expect(
      Self.kinds("RUN --network=none <<-'a b' \n\t#!x\n\ta b").compactMap { kind in
        if case .run(let run) = kind { run.hereDocuments } else { nil }
      } == [[Self.document("a b", "#!x\n", expands: false)]])
    #expect(Self.kinds("RUN sh <<EOF\n#!x\nEOF") == [Self.run("sh <<EOF\n#!x\nEOF")])
    #expect(Self.kinds("RUN <<EOF\n #!x\nEOF") == [Self.run(" #!x\n")])
  }

  private static func located(_ text: String, _ column: Int, line: Int = 2) -> Located<String> {
    Located(text, at: SourceLocation(file: "f", line: line, column: column))
  }

  @Test("everything of COPY and ADD")
  func copies() {
    var copy = Dockerfile.Copy(sources: [Self.located("a", 100), Self.located("b", 102)], destination: "/x/")
    (copy.owner, copy.mode, copy.isLinked, copy.keepsParents) = ("$U:g", "u=rw", true, true)
    copy.from = Self.located("base", 43)
    copy.excludes = [Self.located("*.o", 67), Self.located("!k", 81)]
    #expect(
      Self.kinds(
        "COPY --chown=\"$U:g\" --chmod=u=rw --from=base --link --exclude=*.o --exclude=!k --parents=TRUE  a b /x/"
      )
      .map { Self.withoutPlaces($0) } == [Self.withoutPlaces(.copy(copy))])
    #expect(
      Self.kinds("COPY --link=false --parents=False a b")
        == [.copy(.init(sources: [Self.located("a", 35)], destination: "b"))])

    var files = Dockerfile.Copy(sources: [Self.located("f", 22)], destination: "/x/")
    files.hereDocuments = [Self.document("a.txt", "$x\n"), Self.document("b c", "y\n", expands: false)]
    #expect(Self.kinds("COPY <<a.txt <<'b c' f /x/\n$x\na.txt\ny\nb c\n") == [.copy(files)])

    var add = Dockerfile.Add(copy: .init(sources: [Self.located("http://h/f", 75)], destination: "/"))
    add.checksum = Self.located("sha256:0a", 16)
    (add.keepsGitFolder, add.unpacks, add.copy.owner) = (true, false, "1")
    #expect(
      Self.kinds("ADD --checksum=sha256:0a --keep-git-dir=true --unpack=false --chown=1       http://h/f /")
        .map { Self.withoutPlaces($0) } == [Self.withoutPlaces(.add(add))])
    #expect(
      Self.kinds("ADD --unpack --keep-git-dir a b").map { kind -> [Bool?] in
        guard case .add(let add) = kind else { return [] }
        return [add.unpacks, add.keepsGitFolder]
      } == [[true, true]])
  }

  /// Columns of long lines are the business of the tests of messages.
  private static func withoutPlaces(_ kind: Dockerfile.Kind) -> Dockerfile.Kind {
    func plain(_ text: Located<String>) -> Located<String> { located(text.value, 1) }
    func plain(_ copy: Dockerfile.Copy) -> Dockerfile.Copy {
      var copy = copy
      copy.sources = copy.sources.map(plain)
      copy.from = copy.from.map(plain)
      copy.excludes = copy.excludes.map(plain)
      return copy
    }
    switch kind {
    case .copy(let copy): return .copy(plain(copy))
    case .add(var add):
      add.copy = plain(add.copy)
      add.checksum = add.checksum.map(plain)
      return .add(add)
    default: return kind
    }
  }

  @Test("flags lose quotes and escapes, and '--' ends them")
  func quotes() {
    #expect(
      Self.kinds("COPY --chown='a b' --chmod=0\\6\"44\" -- a --b\nRUN -- --x") == [
        .copy(
          {
            var copy = Dockerfile.Copy(sources: [Self.located("a", 39)], destination: "--b")
            (copy.owner, copy.mode) = ("a b", "0644")
            return copy
          }()), Self.run("--x"),
      ])
  }

  @Test("everything of RUN")
  func runs() {
    func mounts(_ flags: String) -> [Dockerfile.Mount] {
      guard case .run(let run)? = Self.kinds("RUN \(flags) a").first else { return [] }
      #expect(run.form == .shell("a"))
      return run.mounts.map { mount in
        var mount = mount
        mount.location.column = 1
        mount.from = mount.from.map { Self.located($0.value, 1) }
        return mount
      }
    }
    func mount(_ kind: Dockerfile.Mount.Kind, _ change: (inout Dockerfile.Mount) -> Void) -> Dockerfile.Mount
    {
      var mount = Dockerfile.Mount(kind: kind, location: SourceLocation(file: "f", line: 2, column: 1))
      change(&mount)
      return mount
    }
    #expect(
      mounts("--mount=target=/x,rw --mount=type=bind,from=b,source=$s,dst=/y,ro") == [
        mount(.bind) { ($0.target, $0.isWritable) = ("/x", true) },
        mount(.bind) {
          ($0.target, $0.source, $0.isWritable) = ("/y", "$s", false)
          $0.from = Self.located("b", 1)
        },
      ])
    #expect(
      mounts("--mount=TYPE=Cache,destination=/c,id=i,sharing=locked,mode=0755,uid=1,gid=2,readonly=0") == [
        mount(.cache) {
          ($0.target, $0.id, $0.sharing, $0.mode) = ("/c", "i", .locked, "0755")
          ($0.user, $0.group, $0.isWritable) = ("1", "2", true)
        }
      ])
    #expect(
      mounts(
        "--mount=type=tmpfs,target=/t,size=1.5k --mount=type=secret,id=s,env=E,required,uid=$U --mount=type=ssh"
      )
        == [
          mount(.tmpfs) { ($0.target, $0.size) = ("/t", "1.5k") },
          mount(.secret) { ($0.id, $0.environmentName, $0.isRequired, $0.user) = ("s", "E", true, "$U") },
          mount(.ssh) { _ in },
        ])
    #expect(
      mounts("--mount='type=bind,\\\"target=/a,\\\"\\\"b\\\"'") == [mount(.bind) { $0.target = "/a,\"b" }])
    #expect(mounts("--mount=type=tmpfs,target=/t,size=1.5k").first?.sizeInBytes == 1536)

    guard case .run(let run)? = Self.kinds("RUN --network=host --security=sandbox [\"a\"]").first else {
      Issue.record("no RUN")
      return
    }
    #expect(run.network == .host)
    #expect(run.form == .exec(["a"]))
  }

  @Test("triggers keep their text as it was written")
  func triggers() {
    func inner(_ lines: String) -> [Dockerfile.Instruction] {
      Self.kinds(lines).compactMap { if case .onBuild(let instruction) = $0 { instruction } else { nil } }
    }
    let (first, second) = ("ONBUILD  run  a \\\n  b\n", "onbuild ARG a=1 b\nONBUILD COPY <<-F /x\n\ta\nF\n")
    let found = inner(first + second)
    #expect(found.map(\.text) == ["run  a   b", "ARG a=1 b", "COPY <<-F /x\n\ta\nF"])
    #expect(found.map(\.kind).prefix(2) == [Self.run("a   b"), .argument(name: "a", defaultValue: "1")])
    #expect(found.first?.location.column == 10)
  }

  @Test("a trigger that a configuration holds is read at the FROM that brought it")
  func trigger() {
    let place = SourceLocation(file: "f", line: 7, column: 1)
    let (copies, none) = DockerfileReader.trigger("COPY <<F a /x/\nb\nF", at: place)
    #expect(texts(none) == [])
    var copy = Dockerfile.Copy(sources: [Located("a", at: place)], destination: "/x/")
    copy.hereDocuments = [Self.document("F", "b\n")]
    #expect(copies.map(\.kind) == [.copy(copy)])
    #expect(copies.map(\.location) == [place])
    #expect(copies.map(\.text) == ["COPY <<F a /x/"])
    #expect(DockerfileReader.trigger("ARG a b=$a", at: place).0.count == 2)
    for (text, message) in [
      ("", "it is empty"), ("# x", "it is empty"), ("RUN a\nRUN b", "it is more than one instruction"),
      ("FROM a", "FROM cannot be a trigger"), ("ONBUILD RUN a", "ONBUILD cannot be a trigger itself"),
      ("RNU a", "'RNU' is no instruction"),
    ] {
      let diagnostics = DockerfileReader.trigger(text, at: place).1
      #expect(diagnostics.all.map(\.location) == [place])
      #expect(
        diagnostics.all.map(\.message) == ["the base brings the trigger '\(text.shortened)', but \(message)"])
    }
  }

  @Test("directives: 'check' says nothing here, whatever its value is")
  func directives() {
    let (file, diagnostics) = DockerfileReader.read(
      "# check=skip=all;nonsense=1\n# syntax=docker/dockerfile:1\n#escape=`\nFROM a\nRUN a `\nb\n", file: "f")
    #expect(texts(diagnostics) == [])
    #expect(file.instructions.map(\.text) == ["FROM a", "RUN a b"])
  }
}
