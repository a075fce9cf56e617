import Glibc
import GraphCore
import Testing

@testable import SourceControl

/// A git repository made with the git command line, and mirrors, in a folder that goes away with it.
final class GitFixture {
  let folder: String
  let origin: String
  let mirrors: GitMirrors

  init(origin name: String = "origin") throws {
    var template = Array("/tmp/graph-git-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    folder = try #require(made)
    origin = "\(folder)/\(name)"
    mirrors = GitMirrors(folder: "\(folder)/cache/git")
    try run("git init -q -b main \"$ORIGIN\"")
  }

  deinit { _ = system("rm -rf '\(folder)'") }

  /// Runs a script in the origin's folder, with a fixed author and no configuration of this machine.
  @discardableResult
  func run(_ script: String) throws -> String {
    let output = "\(folder)/output"
    let wrapped = """
      set -e; export ORIGIN='\(origin)' HOME='\(folder)' GIT_CONFIG_NOSYSTEM=1
      export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
      export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
      if [ -d "$ORIGIN" ]; then cd "$ORIGIN"; fi
      \(script)
      """
    try write(Array(wrapped.utf8), to: "\(folder)/script")
    let status = system("sh '\(folder)/script' > '\(output)' 2>&1")
    let text = try read(output)
    #expect(status == 0, "\(script): \(text)")
    return text.split(separator: "\n").last.map(String.init) ?? ""
  }

  func commit(_ files: [String: String]) throws -> String {
    for (path, content) in files.sorted(by: { $0.key < $1.key }) {
      try run("mkdir -p \"$(dirname '\(path)')\"; printf '%s' '\(content)' > '\(path)'; git add '\(path)'")
    }
    return try run("git commit -q --allow-empty -m c; git rev-parse HEAD")
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
  }

  private func read(_ path: String) throws -> String {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The error that `body` throws; fails the test where it throws none.
func failure(_ body: () throws -> Void) throws -> GraphError {
  do {
    try body()
  } catch let error as GraphError {
    return error
  }
  Issue.record("nothing was thrown")
  return GraphError(.bug, "")
}
