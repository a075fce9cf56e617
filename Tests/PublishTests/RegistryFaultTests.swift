import GraphCore
import Testing

@testable import Publish

/// What skopeo 1.9.3 really said, and, of what cannot be provoked here, what the libraries' sources have.
@Suite("faults of registries")
struct RegistryFaultTests {
  static let cases: [(text: String, kind: GraphError.Kind, says: String)] = [
    (
      "pinging container registry r.example: Get \\\"https://r.example/v2/\\\": x509: certificate has expired or is not yet valid",
      .environment, "certificate"
    ),
    (
      "writing blob: initiating layer upload to /v2/a/blobs/uploads/ in r.example: denied: requested access to the resource is denied",
      .user, "denies"
    ),
    ("checking whether a blob exists: toomanyrequests: rate exceeded", .environment, "fewer requests"),
    (
      "writing manifest: uploading manifest 1 to r.example/a: manifest invalid: manifest invalid", .user,
      "--format"
    ),
    (
      "pinging container registry r.example: Get \\\"https://r.example/v2/\\\": dial tcp: lookup r.example: no such host",
      .environment, "no address"
    ),
    (
      "pinging container registry r.example: Get \\\"https://r.example/v2/\\\": dial tcp 10.0.0.1:443: i/o timeout",
      .environment, "i/o timeout"
    ),
    ("reading manifest 1 in r.example/a: manifest unknown: manifest unknown", .user, "has no image"),
    ("received unexpected HTTP status: 503 Service Unavailable", .environment, "try again"),
  ]

  @Test("each has the kind of who has to act", arguments: cases.indices)
  func kinds(index: Int) {
    let item = Self.cases[index]
    let error = RegistryFault.error(
      "'/usr/bin/skopeo' failed: time=\"2026-11-21T09:31:11Z\" level=fatal msg=\"\(item.text)\"",
      about: "r.example/a:1")
    #expect(error.kind == item.kind)
    #expect(error.description.contains(item.says), "\(error)")
    #expect(!error.description.contains("level=fatal") && !error.description.contains("\\\""))
  }

  @Test("user and password of an address are left out")
  func credentials() {
    let text = RegistryFault.message(
      in: "level=fatal msg=\"Get \\\"https://me:secret@r.example/v2/\\\" through http://u:p@h@proxy:1: EOF\"")
    #expect(text == "Get \"https://r.example/v2/\" through http://proxy:1: EOF")
  }
}
