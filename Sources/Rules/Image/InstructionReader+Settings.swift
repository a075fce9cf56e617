import GraphCore
import Manifests

/// Instructions that change how a container starts, and no files.
extension InstructionReader {
  /// EXPOSE, SHELL, HEALTHCHECK, STOPSIGNAL, VOLUME, MAINTAINER and ONBUILD.
  mutating func readSetting(_ instruction: Dockerfile.Instruction) throws {
    switch instruction.kind {
    case .expose(let texts):
      // A variable may hold several ports.
      let ports = texts.flatMap { expand($0, instruction).split { $0.isWhitespace }.map(String.init) }
      guard ports.allSatisfy(Self.isPort) else {
        fail("EXPOSE takes ports from 1 to 65535, such as 8080 or 53/udp", instruction)
        return
      }
      try change(.expose(ports.map { $0.contains("/") ? $0 : $0 + "/tcp" }), instruction)
    case .shell(let argv): try change(.shell(argv), instruction)
    case .healthCheck(let check): try change(.healthCheck(.init(check)), instruction)
    case .stopSignal(let text):
      let signal = expand(text, instruction)
      guard Signal.isKnown(signal) else {
        fail(
          "STOPSIGNAL takes a signal, not '\(signal)'", instruction,
          hint: "write a number or a name, such as SIGTERM or SIGRTMIN+3")
        return
      }
      try change(.stopSignal(signal), instruction)
    case .volume(let texts):
      let paths = texts.map { expand($0, instruction) }
      guard !paths.contains("") else {
        fail("a folder of VOLUME is empty", instruction, hint: "write, for example, 'VOLUME /data'")
        return
      }
      try change(.volumes(paths), instruction)
    case .maintainer(let name): try change(.author(name), instruction)
    case .onBuild(let trigger): try change(.trigger(trigger.text), instruction)
    default: fail("graph does not build the instruction \(instruction.keyword) yet", instruction)
    }
  }

  /// - Parameter isStep: whether the change is a step of the image's history.
  mutating func change(
    _ change: SettingsChange, _ instruction: Dockerfile.Instruction, layer: Int? = nil, isStep: Bool = true
  ) throws {
    guard var current = state else { return }
    change.apply(to: &current.settings)
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) settings", detail: instruction.shortText,
        action: Action(
          rule: ConfigureOperation.rule, arguments: change.arguments,
          inputs: [Input("settings", current.settingsSource)], outputs: [.init("settings", .blob)]),
        location: instruction.location))
    current.settingsSource = .output(node, "settings")
    if isStep { current.history.append((instruction.text, layer)) }
    state = current
  }

  /// The program and the arguments of a command; the shell form is run by what SHELL chose.
  func argv(_ form: Dockerfile.Form) -> [String] {
    switch form {
    case .exec(let argv): return argv
    case .shell(let text):
      let shell = state?.settings.shell ?? []
      return (shell.isEmpty ? ["/bin/sh", "-c"] : shell) + [text]
    }
  }

  /// Whether the shell form means plain commands to the program that runs it: a POSIX shell, started without anything
  /// that could change them.
  var shellIsPlain: Bool {
    guard let shell = state?.settings.shell, let program = shell.first else { return true }
    let name = program.split(separator: "/").last.map(String.init) ?? ""
    guard ["sh", "bash", "dash", "ash", "ksh"].contains(name), shell.last?.hasSuffix("c") == true else {
      return false
    }
    var options = shell.dropFirst()
    while let option = options.popFirst() {
      // Any of -e, -u, -x, and -o pipefail, before the -c that takes the command.
      let letters = option.dropFirst()
      let isLast = options.isEmpty
      guard option.hasPrefix("-"), letters.allSatisfy({ "euxoc".contains($0) }),
        letters.contains("c") == isLast
      else { return false }
      if letters.contains("o"), letters.last != "o" || options.popFirst() != "pipefail" { return false }
    }
    return true
  }

  static func isPort(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 1 || (parts.count == 2 && ["tcp", "udp"].contains(parts[1])) else { return false }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) ?? 0 }
    return (1...2).contains(ends.count) && ends.allSatisfy { $0 > 0 } && ends[0] <= ends[ends.count - 1]
  }
}

/// The signals of Linux, as STOPSIGNAL may name them. Source: signal(7); moby/sys, signal.
enum Signal {
  /// A number but 0, or a name with or without `SIG`, in any case.
  static func isKnown(_ text: String) -> Bool {
    if let number = Int32(text) { return number != 0 }
    let upper = text.uppercased()
    let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
    if let count = number(in: name, behind: "RTMIN+") { return (1...15).contains(count) }
    if let count = number(in: name, behind: "RTMAX-") { return (1...14).contains(count) }
    return names.contains(name)
  }

  private static func number(in name: String, behind prefix: String) -> Int? {
    guard name.hasPrefix(prefix) else { return nil }
    let digits = name.dropFirst(prefix.count)
    return digits.allSatisfy { $0.isASCII && $0.isNumber } ? Int(digits) : nil
  }

  private static let names: Set<String> = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL",
    "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG",
    "USR1",
    "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
  ]
}
