import GraphCore
import Testing

@testable import Rules

@Suite("stacked layers")
struct StackedRootTests {
  static func folder(_ path: String, mode: UInt16 = 0o755) -> Layer.Entry {
    .init(path: path, content: .directory, mode: mode, modified: 5)
  }
  static func file(_ path: String, _ text: String = "x") -> Layer.Entry {
    .init(path: path, content: .file(Digest(ofText: text)), mode: 0o644, modified: 7)
  }
  static func link(_ path: String, _ target: String) -> Layer.Entry {
    .init(path: path, content: .symlink(target: target), mode: 0o777)
  }
  static func gone(_ path: String) -> Layer.Entry { .init(path: path, content: .whiteout, mode: 0) }

  @Test(
    "links are followed as a process in the root would",
    arguments: [
      ("/a/b", "a/b"), ("lib/x", "usr/lib/x"), ("/lib64/x", "usr/lib/x"), ("up/x", "x"),
      ("/usr/../etc", "etc"),
      ("../../x", "x"), ("usr/lib/l", "usr/share/f"), ("./a//b/", "a/b"), ("", ""), ("loop", nil),
      ("loop/x", nil),
      ("missing/../a", "a"), ("deep/x", "usr/lib/x"),
    ] as [(String, String?)])
  func resolve(path: String, expected: String?) {
    let root = StackedRoot([
      Layer(entries: [
        Self.folder("usr/lib"), Self.link("lib", "usr/lib"), Self.link("lib64", "/lib"),
        Self.link("up", "../../.."),
        Self.link("usr/lib/l", "../share/f"), Self.link("loop", "loop2"), Self.link("loop2", "/loop"),
        Self.link("deep", "lib64/../lib"),
      ])
    ])
    #expect(root.resolve(path) == expected)
  }

  @Test("whiteouts, opaque folders and files take away what is below")
  func stacking() {
    let lower = Layer(entries: [
      Self.folder("a"), Self.file("a/1"), Self.folder("a/sub"), Self.file("a/sub/2"), Self.file("ab"),
      Self.file("b"),
    ])
    #expect(StackedRoot([lower, Layer(entries: [Self.gone("a")])]).entry("a/sub/2") == nil)
    #expect(StackedRoot([lower, Layer(entries: [Self.gone("a")])]).entry("ab") != nil)
    let opaque = Layer(entries: [
      .init(path: "a", content: .opaqueDirectory, mode: 0o700), Self.file("a/3"),
    ])
    let covered = StackedRoot([lower, opaque])
    #expect(covered.isFolder("a") && covered.entry("a/1") == nil && covered.entry("a/3") != nil)
    #expect(StackedRoot([lower, Layer(entries: [Self.file("a")])]).entry("a/1") == nil)
    let merged = StackedRoot([lower, Layer(entries: [Self.folder("a", mode: 0o700)])])
    #expect(merged.entry("a")?.mode == 0o700 && merged.entry("a/sub/2") != nil)
    #expect(merged.newest == 7 && StackedRoot([]).newest == 0)
    // A layer may leave out the folders on the way.
    #expect(StackedRoot([Layer(entries: [Self.file("x/y")])]).isFolder("x"))
    let hard = Layer.Entry(path: "z", content: .hardlink(target: "b"), mode: 0o644)
    #expect(
      StackedRoot([Layer(entries: [Self.file("b", "t"), hard])]).entry("z")?.content
        == .file(Digest(ofText: "t")))
  }

  @Test("a root of 50,000 files is stacked in well under a second or two")
  func large() {
    let entries = (0..<50_000).map { Self.file("usr/share/\($0 % 500)/\($0)") }
    let layer = Layer(entries: entries)
    let begin = ContinuousClock.now
    let root = StackedRoot([layer, layer])
    #expect(root.entry("usr/share/7/7") != nil)
    #expect(begin.duration(to: .now) < .seconds(5))
  }
}
