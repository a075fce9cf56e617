import ArgumentParser
import Formats
import Glibc
import GraphCore
import Report
import Store

/// Where commands write: results to standard output, everything else to standard error.
enum Console {
  static func print(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

  static func print(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

  /// Writes to standard error what is no line.
  static func write(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

  static func note(_ text: String) { write(Array((text + "\n").utf8), to: STDERR_FILENO) }

  /// Whether to colour what goes to a descriptor.
  static func usesColor(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && Environment.variable("NO_COLOR") == nil
      && Environment.variable("TERM") != "dumb"
  }

  static func show(_ diagnostics: Diagnostics) {
    if diagnostics.all.isEmpty { return }
    let text = DiagnosticRenderer.render(diagnostics, color: usesColor(STDERR_FILENO))
    write(Array(text.utf8), to: STDERR_FILENO)
  }

  private static func isClosedTerminal(_ code: Int32, _ descriptor: Int32) -> Bool {
    var status = stat()
    return code == EIO && fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
  }

  private static func write(_ text: [UInt8], to descriptor: Int32) {
    var bytes = text[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // Nobody reads any more: there is nobody to tell.
      if count < 0 && (errno == EPIPE || isClosedTerminal(errno, descriptor)) { return }
      if count <= 0 {
        // A result that is not written whole must not look like one.
        let message =
          "graph: error: output cannot be written: \(strerror(errno).map { String(cString: $0) } ?? "")\n"
        _ = message.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
        exit(75)
      }
      bytes = bytes.dropFirst(count)
    }
  }
}

/// Turns failures into messages and the exit codes of BUILDGRAPH.md, section 12.5.
enum Exit {
  static let manifestErrors = ExitCode(1)
  static let interrupted = ExitCode(130)
  static let work = ExitCode(2)

  static func code(of kind: GraphError.Kind) -> ExitCode {
    switch kind {
    case .user: ExitCode(1)
    case .usage: ExitCode(64)
    case .unavailable: ExitCode(69)
    case .bug: ExitCode(70)
    case .environment: ExitCode(75)
    }
  }

  /// Runs a command's body; what it throws is said once, with the exit code that fits.
  ///
  /// A command that finds a database of its store damaged begins again: it is moved aside then, and made anew.
  static func reporting(_ body: () async throws -> Void) async throws {
    do {
      return try await once(body)
    } catch let code as ExitCode where code == Self.code(of: .environment) && DamagedDatabase.canBeMended {
      Console.note("graph: the command begins again")
    }
    try await once(body)
  }

  private static func once(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as GraphError {
      Console.note("graph: error: \(error.message)")
      if let hint = error.hint { Console.note("  hint: \(hint)") }
      throw code(of: error.kind)
    } catch let unusable as UnusableWorkspace {
      Console.show(unusable.diagnostics)
      throw manifestErrors
    } catch let error as LabelError {
      Console.note("graph: error: \(error)")
      throw ExitCode(64)
    } catch let missing where missing is MissingBlob || missing is LostResult {
      Console.note("graph: error: \(missing)")
      Console.note("  hint: run the command again: what is lost is made again")
      throw ExitCode(75)
    } catch let error as FormatError {
      Console.note("graph: error: \(error)")
      throw ExitCode(75)
    } catch is CancellationError {
      throw interrupted
    }
  }
}
