import Glibc

/// The package's own Swift files, read from where this test was compiled.
enum SourceFiles {
  static let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  struct File: CustomStringConvertible, Sendable {
    /// Relative to the package.
    let path: String
    let lines: [String]
    /// The lines without strings and comments, as far as that can be told line by line.
    let code: [String]
    /// The target: the folder below Sources or Tests.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var description: String { path }
  }

  static let sources = files(below: "Sources")
  static let tests = files(below: "Tests")

  private static func files(below folder: String) -> [File] {
    var paths: [String] = []
    func walk(_ path: String) {
      guard let stream = opendir("\(package)/\(path)") else { return }
      defer { closedir(stream) }
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name.hasPrefix(".") { continue }
        if name.hasSuffix(".swift") { paths.append("\(path)/\(name)") } else { walk("\(path)/\(name)") }
      }
    }
    walk(folder)
    return paths.sorted().map { path in
      let lines = text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      return File(path: path, lines: lines, code: code(lines))
    }
  }

  static func text(_ path: String) -> String {
    guard let file = fopen("\(package)/\(path)", "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func code(_ lines: [String]) -> [String] {
    var isInText = false
    return lines.map { line in
      if line.contains("\"\"\"") {
        isInText.toggle()
        return isInText ? String(line.prefix { $0 != "\"" }) : ""
      }
      if isInText { return "" }
      var code = ""
      var isInString = false
      var previous: Character = " "
      for character in line {
        if character == "\"", previous != "\\" { isInString.toggle() }
        if !isInString {
          if character == "/", previous == "/" { return String(code.dropLast()) }
          code.append(character)
        }
        previous = previous == "\\" && character == "\\" ? " " : character
      }
      return code
    }
  }
}
