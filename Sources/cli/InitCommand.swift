import ArgumentParser
import Glibc
import GraphCore

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a small workspace that builds: graph.yml, one index entry and its Dockerfile.",
    discussion: """
      Nothing that is there is changed: a folder that has a graph.yml, or one of the other files, is refused. What it \
      makes builds without a network and without a tool of the host.

      Examples:
        graph init my-index && cd my-index && graph build
        graph init
      """)

  @Argument(help: "The folder; made where it does not exist. Default: this one.", completion: .directory)
  var folder: String = "."

  func run() throws {
    do {
      try make()
    } catch let error as GraphError {
      Console.note("graph: error: \(error.message)")
      if let hint = error.hint { Console.note("  hint: \(hint)") }
      throw Exit.code(of: error.kind)
    }
  }

  private func make() throws {
    let files = NewWorkspace(name: try name()).files
    for (path, _) in files {
      var status = stat()
      if lstat("\(folder)/\(path)", &status) == 0 {
        throw GraphError(
          .usage, "'\(folder)' already has '\(path)'",
          hint: path == "graph.yml"
            ? "it is a workspace; 'graph ls' lists what it declares" : "name another folder")
      }
    }
    for (path, text) in files { try write(text, to: path) }
    let place = folder == "." ? "" : "cd \(folder) && "
    Console.print(files.map { "\(folder == "." ? "" : "\(folder)/")\($0.path)\n" }.joined())
    Console.note("graph: a new workspace; build it with: \(place)graph build")
  }

  /// The folder's own name, as far as it can be one.
  private func name() throws -> String {
    let folders = folder.split(separator: "/").filter { $0 != "." }
    var last = folders.last.map(String.init) ?? ""
    if last.isEmpty || last == "..", let path = realpath(folder, nil) {
      defer { free(path) }
      last = String(cString: path).split(separator: "/").last.map(String.init) ?? ""
    }
    let kept = last.utf8.map { byte -> UInt8 in
      let isName =
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || byte == 0x5f || byte == 0x2e
      return isName ? byte : 0x2d
    }
    let text = String(decoding: kept, as: UTF8.self).drop { !$0.isLetter }
    return text.isEmpty ? "my-index" : String(text)
  }

  private func write(_ text: String, to path: String) throws {
    let full = "\(folder)/\(path)"
    var parent = ""
    for part in full.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
      parent += parent.isEmpty && !part.isEmpty ? "\(part)" : "/\(part)"
      mkdir(parent, 0o755)
    }
    // Never over something that came in the meantime.
    let descriptor = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(full) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw failure(full) }
  }

  private func failure(_ path: String) -> GraphError {
    GraphError(
      .environment, "cannot write '\(path)': \(strerror(errno).map { String(cString: $0) } ?? "")",
      hint: "name a folder that you may write to")
  }
}

/// The files of a new workspace.
private struct NewWorkspace {
  let name: String

  var files: [(path: String, text: String)] {
    [
      (
        "graph.yml",
        """
        # What people call this workspace, and the architectures that everything is built for.
        name: \(name)
        arches: [\(Architecture.host)]

        """
      ),
      (
        "index.d/app.yml",
        """
        # The images of the namespace 'app': //app/hello, published as app/hello:latest.
        Projects:
          - id: 1
            app-id: app
            job-id: hello
            git-url: .
            git-path: images/hello
            git-branch: main
            target-file: Dockerfile
            desired-tag: latest
            notify-email: someone@example.org
            build-context: ./
            depends-on: null

        """
      ),
      (
        "images/hello/Dockerfile",
        """
        FROM scratch
        COPY hello.txt /hello.txt
        LABEL org.opencontainers.image.title="hello"

        """
      ),
      ("images/hello/cccp.yml", "job-id: hello\n"),
      ("images/hello/hello.txt", "Hello from \(name)\n"),
    ]
  }
}
