import ArgumentParser
import Formats
import Glibc
import GraphCore
import Manifests

extension CompletionKind {
  /// Labels and patterns of the workspace that the command line means.
  static var labels: CompletionKind {
    .custom { words, _, prefix in
      let candidates = LabelCompletion(words: words)?.candidates(for: prefix) ?? []
      // What follows a colon is a description to zsh, and the script does not see to it.
      return CompletionShell.requesting == .zsh
        ? candidates.map { $0.replacing(":", with: "\\:") } : candidates
    }
  }
}

/// What a shell offers for the start of a label. It answers while somebody waits for a key, so it reads one small file of
/// the store and no manifest where it can.
struct LabelCompletion {
  private let labels: [String]

  /// - Parameter words: the command line so far, for its --directory and --store.
  /// - Returns: `nil` outside of a workspace.
  init?(words: [String]) {
    func value(of option: String) -> String? {
      for (index, word) in words.enumerated() {
        if word == option, words.indices.contains(index + 1) { return words[index + 1] }
        if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
      }
      return nil
    }
    var options = GlobalOptions()
    options.directory = value(of: "--directory")
    options.store = value(of: "--store")
    let loader = WorkspaceLoader()
    guard let root = try? loader.find(from: options.startFolder) else { return nil }
    labels = LabelFile(store: options.storeFolder, workspace: root).read() ?? Self.declared(root, loader)
  }

  /// Without a file of labels: those that the manifests declare, without their sources.
  private static func declared(_ root: String, _ loader: WorkspaceLoader) -> [String] {
    guard let workspace = loader.load(root: root).0 else { return [] }
    let plain =
      workspace.images.map(\.label) + workspace.bases.map(\.label.value)
      + workspace.repositories.map(\.label.value) + workspace.commands.map(\.label.value)
      + workspace.rpms.flatMap { [$0.label.value, $0.sourceLabel] }
    let architectures = workspace.settings.architectures.map(\.value)
    return plain.flatMap { label in [label] + architectures.map { label.on($0) } }.sorted().map(\.description)
  }

  /// Labels without an architecture, and patterns; labels with one where the text has come so far, or where there is only
  /// one label left.
  func candidates(for prefix: String) -> [String] {
    let matching = labels.filter { $0.hasPrefix(prefix) }
    if prefix.dropFirst(2).contains(":") { return matching }
    var plain: [String] = []
    var packages: [String] = []
    for label in matching {
      let text = String(label.prefix { $0 != ":" })
      if plain.last != text { plain.append(text) }
      guard let slash = text.lastIndex(of: "/") else { continue }
      let package = "\(text[...slash])..."
      if packages.last != package, package.hasPrefix(prefix) { packages.append(package) }
    }
    return plain.count == 1 ? Array(Set(plain + matching + packages)).sorted() : packages + plain
  }
}

/// All labels of a workspace, a line each, as the newest command that wrote into the store found them: a small file, so that
/// a shell can offer them at once.
struct LabelFile {
  private let store: String
  private var folder: String { "\(store)/labels" }
  private let path: String

  init(store: String, workspace: String) {
    self.store = store
    path = "\(store)/labels/\(Digest(ofText: workspace).hex)"
  }

  /// `nil` where there is none.
  func read() -> [String]? {
    guard let bytes = try? OpenFile(reading: path).readAll(atMost: 64 << 20) else { return nil }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Replaces what is there. That it cannot be written is no reason to fail: nothing is built from it.
  func write(_ labels: [Label]) {
    let text = Array(labels.map { "\($0)\n" }.joined().utf8)
    if let old = try? OpenFile(reading: path).readAll(atMost: 64 << 20), old == text { return }
    mkdir(folder, 0o755)
    // Made among the scratch, where what a killed process leaves is removed one day.
    guard let file = try? OpenFile(temporaryIn: "\(store)/scratch") else { return }
    if (try? file.write(text)) == nil || rename(file.path, path) != 0 { unlink(file.path) }
  }
}

/// Not for people: what the scripts of 'graph completion' ask.
struct CompleteLabelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "complete-labels", abstract: "Print the labels that begin with a text, for shells.",
    shouldDisplay: false)

  @Option var directory: String?
  @Option var store: String?
  @Argument var prefix: String = ""

  func run() {
    let words =
      (directory.map { ["--directory", $0] } ?? []) + (store.map { ["--store", $0] } ?? [])
    for candidate in LabelCompletion(words: words)?.candidates(for: prefix) ?? [] {
      Console.print(candidate + "\n")
    }
  }
}
