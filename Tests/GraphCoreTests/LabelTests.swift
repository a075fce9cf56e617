import Testing

@testable import GraphCore

@Suite("labels, patterns and near misses")
struct LabelTests {
  @Test("labels are read as they are written", arguments: [UInt64(1), 2, 3])
  func roundTrip(seed: UInt64) throws {
    var random = Random(seed: seed)
    let words = ["app", "httpd", "a-b", "x.y", "centos7", "é"]
    for _ in 0..<300 {
      let package = (0...random.below(2)).map { _ in words[random.below(words.count)] }.joined(separator: "/")
      let label = Label(
        package: package, name: words[random.below(words.count)],
        tag: random.below(2) == 0 ? nil : words[random.below(words.count)],
        architecture: random.below(2) == 0 ? nil : Architecture.all[random.below(Architecture.all.count)])
      #expect(try Label(label.description) == label, "seed=\(seed)")
      #expect(try LabelPattern(label.description).exactLabel == label)
      #expect(try LabelPattern(label.description).matches(label))
    }
  }

  @Test(
    "what is no label is refused with what to write",
    arguments: [
      "", "app/httpd", "//", "//httpd", "//app/", "///httpd", "//app//httpd", "//app/../x", "//./x",
      "//app/httpd@",
      "//app/httpd:sparc", "//app/ht tpd", "//app/x\n", "//.../x",
    ])
  func refused(text: String) {
    #expect(throws: LabelError.self) { try Label(text) }
  }

  @Test(
    "patterns mean what they leave out",
    arguments: [
      ("//...", ["//a/b@1:x86_64", "//a/c/d", "//b/b@2:aarch64"]), ("//...:aarch64", ["//b/b@2:aarch64"]),
      ("//a/...", ["//a/b@1:x86_64", "//a/c/d"]), ("//a/b", ["//a/b@1:x86_64"]), ("//a/b@2", []),
      ("//b/b:aarch64", ["//b/b@2:aarch64"]), ("//a/...:x86_64", ["//a/b@1:x86_64"]), ("//aa/...", []),
    ])
  func patterns(pattern: String, matched: [String]) throws {
    let labels = try ["//a/b@1:x86_64", "//a/c/d", "//b/b@2:aarch64"].map { try Label($0) }
    let parsed = try LabelPattern(pattern)
    #expect(labels.filter { parsed.matches($0) }.map(\.description) == matched)
  }

  @Test(
    "what is no pattern is refused", arguments: ["///...", "//a//...", "...", "//...:sparc", "//a/.../b"])
  func refusedPatterns(text: String) {
    #expect(throws: LabelError.self) { try LabelPattern(text) }
  }

  @Test(
    "the nearest name",
    arguments: [
      ("htpd", "httpd"), ("httdp", "httpd"), ("httpd", "httpd"), ("zzzzz", nil), ("ngin", "nginx"),
      ("x", nil),
    ] as [(String, String?)])
  func nearest(name: String, expected: String?) {
    #expect(Nearest.match(for: name, among: ["nginx", "httpd", "mariadb"]) == expected)
  }

  @Test("edit distance agrees with the plain recursive one", arguments: [UInt64(1), 2])
  func distance(seed: UInt64) {
    var random = Random(seed: seed)
    func slow(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
      guard let x = a.last, let y = b.last else { return max(a.count, b.count) }
      let (a1, b1) = (a.dropLast(), b.dropLast())
      var best = min(slow(a1, b1) + (x == y ? 0 : 1), slow(a1, b) + 1, slow(a, b1) + 1)
      if let x2 = a1.last, let y2 = b1.last, x == y2, x2 == y {
        best = min(best, slow(a1.dropLast(), b1.dropLast()) + 1)
      }
      return best
    }
    for _ in 0..<200 {
      let a = (0..<random.below(6)).map { _ in UInt8(97 + random.below(3)) }
      let b = (0..<random.below(6)).map { _ in UInt8(97 + random.below(3)) }
      #expect(Nearest.editDistance(a, b, limit: 99) == slow(a[...], b[...]), "seed=\(seed) \(a) \(b)")
    }
  }
}
