import GraphCore

/// A Dockerfile as written: instructions in order, variables not yet replaced.
public struct Dockerfile: Sendable, Hashable {
  public var instructions: [Instruction]
  /// What the `escape` directive chose: `\\` or a backtick; `Variables.expand` needs it.
  public var escape: Unicode.Scalar
  public init(instructions: [Instruction], escape: Unicode.Scalar = "\\") {
    self.instructions = instructions
    self.escape = escape
  }

  public struct Instruction: Sendable, Hashable {
    public var kind: Kind
    public var location: SourceLocation
    /// The instruction as written, continuation lines joined by one space: for messages and for `plan`.
    public var text: String
    public init(kind: Kind, location: SourceLocation, text: String) {
      self.kind = kind
      self.location = location
      self.text = text
    }
  }

  public enum Kind: Sendable, Hashable {
    case from(image: Located<String>, platform: String?, stageName: String?)
    case run(Form)
    case copy(Copy)
    case environment([Pair])
    case label([Pair])
    case argument(name: String, defaultValue: String?)
    case user(String)
    case workingDirectory(String)
    case expose([String])
    case entryPoint(Form)
    case command(Form)
    /// An instruction of the language that graph does not build yet; its use is an error at its line.
    case unsupported(name: String)
  }

  /// The two ways to write a command.
  public enum Form: Sendable, Hashable {
    /// `["program", "argument"]`
    case exec([String])
    /// Text for the shell.
    case shell(String)
  }

  public struct Pair: Sendable, Hashable {
    public var name: String
    /// As written, with its quotes and escapes: they decide what `Variables.expand` replaces.
    public var value: String
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public struct Copy: Sendable, Hashable {
    public var sources: [Located<String>]
    public var destination: String
    /// `--chown`, as written.
    public var owner: String?
    /// `--chmod`, as written (octal).
    public var mode: String?
    public init(sources: [Located<String>], destination: String, owner: String?, mode: String?) {
      self.sources = sources
      self.destination = destination
      self.owner = owner
      self.mode = mode
    }
  }
}

/// `cccp.yml` beside a Dockerfile. Its keys are in BUILDGRAPH.md, section 3.6.
public struct PipelineFile: Sendable, Hashable {
  public var jobID: Located<String>
  public var testSkip: Bool
  public var testScript: Located<String>?
  public var buildScript: Located<String>?
  public var deliveryScript: Located<String>?
  public var location: SourceLocation
  public init(
    jobID: Located<String>, testSkip: Bool, testScript: Located<String>?, buildScript: Located<String>?,
    deliveryScript: Located<String>?, location: SourceLocation
  ) {
    self.jobID = jobID
    self.testSkip = testSkip
    self.testScript = testScript
    self.buildScript = buildScript
    self.deliveryScript = deliveryScript
    self.location = location
  }
}
