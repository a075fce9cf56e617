import Formats
import GraphCore

/// Gives diagnostics the text of their line where the stage that found them had no file at hand.
struct SourceLines {
  let root: String

  func completing(_ diagnostics: Diagnostics) -> Diagnostics {
    var files: [String: [Substring]] = [:]
    var completed = Diagnostics()
    for var diagnostic in diagnostics.all {
      if diagnostic.sourceLine == nil, let location = diagnostic.location, !location.file.contains("#") {
        let lines = files[location.file] ?? lines(of: location.file)
        files[location.file] = lines
        if location.line >= 1, location.line <= lines.count {
          diagnostic.sourceLine = String(lines[location.line - 1])
        }
      }
      completed.add(diagnostic)
    }
    return completed
  }

  private func lines(of file: String) -> [Substring] {
    let path = file.hasPrefix("/") ? file : "\(root)/\(file)"
    // A file that cannot be read now gives no line; the message stands without it.
    guard let bytes = try? OpenFile(reading: path).readAll(atMost: 64 << 20) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
  }
}
