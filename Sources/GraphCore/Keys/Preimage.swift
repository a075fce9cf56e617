/// What a key is the digest of, as lines that people can compare: `graph why` and `graph diff` read it, and the same
/// walk that makes it is what is hashed.
///
/// Canonical form, version 1. One fact a line, words separated by one space, every word escaped by `Escape`, so that no
/// two actions share a text:
///
///     graph-key 1
///     rule install@1
///     architecture aarch64
///     argument packages httpd mod_ssl
///     environment LANG=C.UTF-8
///     command /bin/sh -c make
///     directory /
///     root layers
///     stage source /build/in/source
///     mount /root/.cache cache rw pip
///     collect-changes layer
///     discard /var/cache/ldconfig
///     user 1001
///     input layer 1f0c…/1834 layer/00
///     output layer layer
///
/// Only what runs in the sandbox has the lines from `command` to `user`, and then `network` where it is allowed.
/// What an action does not have leaves no line. Holds content only: no path of a checkout, no name of a node, no
/// time, no previous result.
public struct Preimage: Hashable, Sendable {
  /// The lines, each ended by a line feed.
  public let text: String

  /// The preimage of `action` whose inputs are named by `names`, in the order of `action.inputs`.
  ///
  /// For a key a name is the input artifact; for a deep key it is the producer's deep key and output name.
  public init(_ action: Action, inputNames names: [String]) {
    precondition(names.count == action.inputs.count, "one name for each input")
    var lines = ["graph-key 1", Self.line("rule", action.rule.description)]
    if let architecture = action.architecture { lines.append(Self.line("architecture", architecture.name)) }
    for argument in action.arguments {
      lines.append(Self.line("argument", [argument.name] + argument.values))
    }
    for (name, value) in action.environment.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      lines.append(Self.line("environment", "\(name)=\(value)"))
    }
    if let command = action.command { lines += Self.lines(of: command) }
    for (input, name) in zip(action.inputs, names) {
      lines.append("input \(name) \(Escape.encode(input.role))")
    }
    for output in action.outputs { lines.append(Self.line("output", output.kind.rawValue, output.name)) }
    text = lines.joined(separator: "\n") + "\n"
  }

  public init(text: String) { self.text = text }

  public var key: Key { Key(digest: Digest(ofText: text)) }

  /// What an input was, as `kind hex/size`; `nil` where there is none of that role.
  public func value(ofInput role: String) -> String? {
    let end = " " + Escape.encode(role)
    for line in text.split(separator: "\n") where line.hasPrefix("input ") && line.hasSuffix(end) {
      return String(line.dropFirst(6).dropLast(end.count))
    }
    return nil
  }

  private static func lines(of command: Command) -> [String] {
    var lines = [line("command", command.argv), line("directory", command.workingDirectory)]
    switch command.root {
    case .host: lines.append("root host")
    case .layers: lines.append("root layers")
    case .hostWithLayers(let target): lines.append(line("root", "host-with-layers", target))
    }
    for stage in command.stages { lines.append(line("stage", stage.role, stage.path)) }
    for mount in command.mounts { lines.append(line("mount", mount.keyWords)) }
    for collect in command.collects {
      switch collect.from {
      case .path(let path): lines.append(line("collect", collect.output, path))
      case .changes: lines.append(line("collect-changes", collect.output))
      }
    }
    for discard in command.discards { lines.append(line("discard", discard)) }
    if !command.user.isEmpty { lines.append(line("user", command.user)) }
    if command.network { lines.append("network") }
    return lines
  }

  private static func line(_ word: String, _ rest: String...) -> String { line(word, rest) }

  private static func line(_ word: String, _ rest: [String]) -> String {
    ([word] + rest.map(Escape.encode)).joined(separator: " ")
  }
}

/// The name of an action with its inputs: the digest of its preimage.
public struct Key: Hashable, Sendable, CustomStringConvertible {
  public let digest: Digest
  public init(digest: Digest) { self.digest = digest }
  public var description: String { digest.hex }
}
