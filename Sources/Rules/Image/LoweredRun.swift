import Manifests

/// A RUN instruction taken apart: package commands become transactions that graph carries out itself, cache cleaning
/// becomes nothing, and the rest stays shell commands.
///
/// Lowered exactly or not at all. Where the pieces succeed, their layers together hold what the one command would have
/// made; where a package command fails whose failure the shell would have passed over (`;`), the build fails.
struct LoweredRun: Hashable {
  enum Piece: Hashable {
    case transaction(PackageTransaction)
    /// `rm -rf` of absolute paths; a `*` as the last part stands for what a shell takes it for.
    case removal([String])
    /// A text for the shell.
    case shell(String)
  }

  /// What is known of the place where the instruction runs.
  struct Surroundings {
    /// The names of the declared repositories, best first.
    var repositories: [String]
    /// The environment, as far as it is known: ENV and ARG.
    var variables: [String: String]
    /// Whether no step below can have left a cache.
    var cleaningIsNothing: Bool
  }

  /// In order; empty where nothing is left to do.
  private(set) var pieces: [Piece] = []
  /// Why package commands among the shell's texts are there.
  private(set) var reasons: [String] = []
  /// Whether any of it is done without the shell.
  private(set) var isLowered = false

  init(_ form: Dockerfile.Form, in surroundings: Surroundings) {
    switch form {
    case .exec(let words): read(words, in: surroundings)
    case .shell(let text):
      let namesManager = Self.namesPackageManager(text)
      // A text that names none is a RUN like any other, whatever else of it could be taken apart.
      guard namesManager, let chain = ShellChain(text) else {
        if namesManager { reasons = ["its text is more than commands joined by '&&' and ';'"] }
        pieces = [.shell(text)]
        return
      }
      var reader = ChainReader(surroundings)
      reader.read(chain)
      (pieces, reasons, isLowered) = (reader.pieces, reader.reasons, reader.isLowered)
      if !isLowered { pieces = [.shell(text)] }
    }
  }

  /// The exec form of one package command.
  private mutating func read(_ words: [String], in surroundings: Surroundings) {
    switch PackageCommand.read(words, repositories: surroundings.repositories) {
    case .success(.transaction(let transaction)): pieces = [.transaction(transaction)]
    case .success(.makeCache): pieces = []
    case .success(.clean) where surroundings.cleaningIsNothing: pieces = []
    case .failure(let fault):
      reasons = [fault.reason]
      return
    default: return
    }
    isLowered = true
  }

  /// Whether a text may run a package manager, as far as it can be seen.
  static func namesPackageManager(_ text: String) -> Bool { text.contains("yum") || text.contains("dnf") }
}

/// Goes through the parts of a chain and cuts it at package commands.
///
/// A cut is exact where nothing of the shell passes over it: no folder, variable, option, descriptor, function or trap,
/// and no process. So the parts before it are programs from a list that leave nothing behind but files, and what is
/// known to change the shell (plain assignments, `export`, `set -e`) is repeated behind it.
private struct ChainReader {
  private enum Meaning {
    case transaction(PackageTransaction)
    case removal([String])
    case nothing
    /// Changes the shell, in a way that is known.
    case state([(name: String, value: String)])
    case other
  }

  private(set) var pieces: [LoweredRun.Piece] = []
  private(set) var reasons: [String] = []
  private(set) var isLowered = false

  private let surroundings: LoweredRun.Surroundings
  private var variables: [String: String]
  /// Texts that bring a fresh shell to where this one is.
  private var preamble: [String] = []
  /// What runs in the shell before the next cut.
  private var pending: [ShellChain.Part] = []
  private var pendingState: [String] = []
  private var namesManager = false
  private var lastList = 0

  init(_ surroundings: LoweredRun.Surroundings) {
    self.surroundings = surroundings
    variables = surroundings.variables.filter { !ShellFacts.isOwnVariable($0.key) }
    if surroundings.variables["IFS"] != nil { variables = [:] }
  }

  mutating func read(_ chain: ShellChain) {
    lastList = chain.parts.last?.list ?? 0
    var rest = chain.parts[...]
    while let part = rest.first {
      rest = rest.dropFirst()
      switch meaning(of: part) {
      case .transaction(let transaction):
        guard canCut(before: part, rest) else {
          reasons.append("what stands before it in the same RUN has to run in the same shell")
          namesManager = true
          stop(at: part, rest)
          return
        }
        flush(isIgnored: !part.needsSuccess)
        pieces.append(.transaction(transaction))
        isLowered = true
      case .nothing:
        isLowered = true
        if !pending.isEmpty { append("true", like: part) }
      case .removal(let paths):
        if pending.isEmpty { pieces.append(.removal(paths)) } else { pending.append(part) }
      case .state(let assigned):
        guard isCertain(part) else {
          stop(at: part, rest)
          return
        }
        for (name, value) in assigned { variables[name] = value }
        if pending.isEmpty {
          preamble.append(part.text)
        } else {
          pending.append(part)
          pendingState.append(part.text)
        }
      case .other: pending.append(part)
      }
    }
    flush(isIgnored: false)
  }

  // MARK: Meanings

  private mutating func meaning(of part: ShellChain.Part) -> Meaning {
    guard part.isSimple else {
      if LoweredRun.namesPackageManager(part.text) {
        namesManager = true
        reasons.append("'\(part.text.prefix(40))' is more than a plain command")
      }
      return .other
    }
    if let assigned = ShellCommand.assignments(part.text, variables: variables) {
      return assigned.allSatisfy { ShellFacts.isPlainVariable($0.name) } ? .state(assigned) : .other
    }
    if let paths = ShellFacts.removedPaths(part.text) { return .removal(paths) }
    guard let words = ShellCommand.split(part.text, variables: variables)?.first else {
      let first = part.text.prefix { $0 != " " }
      if PackageCommand.programs.contains(String(first)) {
        namesManager = true
        reasons.append("'\(part.text.prefix(40))' holds what only the shell can replace")
      } else if LoweredRun.namesPackageManager(part.text) {
        namesManager = true
      }
      return .other
    }
    switch PackageCommand.read(words, repositories: surroundings.repositories) {
    case .success(.transaction(let transaction)): return .transaction(transaction)
    case .success(.clean) where surroundings.cleaningIsNothing && !namesManager: return .nothing
    case .success(.makeCache) where !namesManager: return .nothing
    case .success: return .other
    case .failure(let fault):
      namesManager = true
      reasons.append(fault.reason)
      return .other
    case nil: break
    }
    if let assigned = ShellFacts.state(words, part.text) { return .state(assigned) }
    // A mention is a run for certain where a program of another name starts it.
    if LoweredRun.namesPackageManager(words[0]) || ["sudo", "sh", "bash", "env", "eval"].contains(words[0]) {
      namesManager = namesManager || LoweredRun.namesPackageManager(part.text)
    }
    return .other
  }

  // MARK: Cuts

  private func canCut(before part: ShellChain.Part, _ rest: ArraySlice<ShellChain.Part>) -> Bool {
    guard let last = pending.last else { return true }
    // In a list that others follow, a failure in front of the cut would only skip the rest of the list.
    if part.needsSuccess, last.list == part.list, part.list != lastList { return false }
    if pending.allSatisfy({ pendingState.contains($0.text) || ShellFacts.leavesOnlyFiles($0) }) {
      return true
    }
    // Nothing is left for the shell behind the cut, so that it does not matter what would pass over it.
    return !namesManager && pending.allSatisfy(ShellFacts.goesOn)
      && ([part] + rest).allSatisfy(isCarriedOutWithoutShell)
  }

  private func isCarriedOutWithoutShell(_ part: ShellChain.Part) -> Bool {
    if part.isSimple, ShellFacts.removedPaths(part.text) != nil { return true }
    guard part.isSimple, let words = ShellCommand.split(part.text)?.first else { return false }
    switch PackageCommand.read(words, repositories: surroundings.repositories) {
    case .success(.clean): return surroundings.cleaningIsNothing
    case .success: return true
    default: return false
    }
  }

  /// Whether a part runs whatever the parts before it do, or nothing would run after them.
  private func isCertain(_ part: ShellChain.Part) -> Bool {
    guard part.needsSuccess, let last = pending.last, last.list == part.list else { return true }
    return part.list == lastList
  }

  private mutating func stop(at part: ShellChain.Part, _ rest: ArraySlice<ShellChain.Part>) {
    pending.append(part)
    pending += rest
    flush(isIgnored: false)
  }

  private mutating func append(_ text: String, like part: ShellChain.Part) {
    var part = part
    (part.text, part.commands) = (text, [text])
    pending.append(part)
  }

  /// Makes one text of what is pending.
  ///
  /// - Parameter isIgnored: whether the status of the last part means nothing to what follows.
  private mutating func flush(isIgnored: Bool) {
    while let last = pending.last, last.text == "true", last.needsSuccess || pending.count == 1 {
      pending.removeLast()
    }
    defer {
      preamble += pendingState
      (pending, pendingState) = ([], [])
    }
    // Assignments alone do nothing.
    if pending.allSatisfy({ pendingState.contains($0.text) }) { return }
    var text = preamble.map { $0 + " && " }.joined()
    for (index, part) in pending.enumerated() {
      if index > 0 { text += part.needsSuccess ? " && " : "; " }
      text += part.text
    }
    pieces.append(.shell(isIgnored ? text + "; true" : text))
  }
}
