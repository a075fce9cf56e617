import ArgumentParser
import Testing

@testable import graph

@Suite("help")
struct ExampleTests {
  /// Every subcommand that help lists, with its words.
  static let commands: [(words: String, command: any ParsableCommand.Type)] = {
    func below(_ command: any ParsableCommand.Type, _ words: [String]) -> [(String, any ParsableCommand.Type)]
    {
      command.configuration.subcommands.filter { $0.configuration.shouldDisplay }.flatMap { subcommand in
        let name = subcommand.configuration.commandName ?? "\(subcommand)".lowercased()
        return [((words + [name]).joined(separator: " "), subcommand)] + below(subcommand, words + [name])
      }
    }
    return below(GraphProgram.self, [])
  }()

  /// The lines of a discussion that begin with the program, each up to what is the shell's.
  static func examples(of command: any ParsableCommand.Type) -> [String] {
    command.configuration.discussion.split(separator: "\n").filter { $0.hasPrefix("  graph ") }.map { line in
      var example = String(line.dropFirst(2))
      for sign in [" && ", " || ", " | ", " >", " <("] {
        if let range = example.firstRange(of: sign) { example = String(example[..<range.lowerBound]) }
      }
      return example
    }
  }

  /// Words as a shell cuts them, single quotes alone.
  static func words(_ line: String) -> [String] {
    var words: [String] = []
    var isOpen = false
    var word: String?
    for character in line {
      switch character {
      case "'":
        isOpen.toggle()
        word = word ?? ""
      case " " where !isOpen:
        if let done = word { words.append(done) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }

  @Test("every subcommand has examples, and each of them can be typed", arguments: commands.map(\.words))
  func examples(words: String) throws {
    let command = try #require(Self.commands.first { $0.words == words }?.command)
    let examples = Self.examples(of: command)
    #expect(examples.count >= 2, "\(words) has \(examples.count) examples")
    for example in examples {
      #expect(example.utf8.count <= 78, "too long for a terminal: \(example)")
      #expect(example.hasPrefix("graph \(words)"), "\(example) is no example of \(words)")
      // A folder of an example need not be here; whether it is there is said when it is used.
      let arguments = Self.words(example).dropFirst().filter { $0 != "--directory" && $0 != "examples/index" }
      #expect(throws: Never.self, "\(example)") { try GraphProgram.parseAsRoot(arguments) }
    }
  }

  @Test("wrong words are refused before anything is done")
  func wrong() {
    for line in [
      "query", "query //... --json --output dot", "query //... --count --json",
      "query //... --nodes --edges declared",
      "plan --json --dot", "log -n 0", "ls --directory /dev/null/none", "schema nothing", "completion tcsh",
      "show",
      "inputs", "build -j 0", "plan --refresh --offline",
    ] {
      #expect(throws: (any Error).self, "\(line)") { try GraphProgram.parseAsRoot(Self.words(line)) }
    }
  }
}
