import GraphCore
import Testing

@testable import SourceControl

@Suite struct GitURLTests {
  @Test(
    "addresses that name a repository are accepted",
    arguments: [
      "https://example.org/a.git", "http://example.org:8080/a", "git://example.org/a",
      "ssh://git@example.org/a",
      "git@example.org:group/a.git", "example.org:a", "file:///srv/a b", "/srv/a b",
    ])
  func accepted(_ text: String) throws {
    #expect(try GitURL(text).text == text)
  }

  @Test(
    "addresses that could run something are refused",
    arguments: [
      ("", "is empty"),
      ("--upload-pack=sh", "begins with '-'"),
      ("ext::sh -c id", "has the scheme 'ext::', which runs programs and is not supported"),
      ("fd::7", "has the scheme 'fd::', which runs programs and is not supported"),
      ("ftp://example.org/a", "has the scheme 'ftp', which is not supported"),
      ("https://example.org/a\nb", "has a control character in it"),
      ("ssh://-oProxyCommand=id/a", "has a host that begins with '-'"),
      ("ssh://git@-oProxyCommand=id/a", "has a host that begins with '-'"),
      ("git@-oProxyCommand=id:a", "has a host that begins with '-'"),
      ("https:///a", "names no host"),
      ("file://", "names no path"),
      ("../a", "is neither a URL nor an absolute path"),
      ("a/b:c", "is neither a URL nor an absolute path"),
    ])
  func refused(_ text: String, _ fault: String) throws {
    let error = try failure { _ = try GitMirrors(folder: "/nonexistent/never made").fetch(text) }
    #expect(error.kind == .user)
    #expect(error.message.hasSuffix(fault), "\(error.message)")
  }

  @Test("messages never hold a password")
  func credentials() throws {
    let url = try GitURL("https://user:secret@example.org/a@b.git")
    #expect(url.shown == "https://example.org/a@b.git")
    #expect(
      url.redact("cannot open https://user:secret@example.org/a@b.git/info")
        == "cannot open https://example.org/a@b.git/info")
    #expect(url.redact("bad user:secret@example.org") == "bad example.org")
  }

  @Test("a server that does not answer is the environment's fault, named without its password")
  func unreachable() throws {
    let fixture = try GitFixture()
    let error = try failure { _ = try fixture.mirrors.fetch("http://user:secret@127.0.0.1:1/a.git") }
    #expect(error.kind == .environment)
    #expect(error.message.contains("'http://127.0.0.1:1/a.git'"))
    #expect(!error.description.contains("secret"))
  }

  @Test(
    "a local path without a repository is the user's fault",
    arguments: ["%/none", "%", "file://%/none", "file://%"])
  func missing(_ address: String) throws {
    let fixture = try GitFixture()
    let url = address.replacing("%", with: fixture.folder)
    let error = try failure { _ = try fixture.mirrors.fetch(url) }
    #expect(error.kind == .user)
    #expect(error.message.contains(url), "\(error)")
  }
}
