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
    case from(From)
    case run(Run)
    case copy(Copy)
    case add(Add)
    case environment([Pair])
    case label([Pair])
    case argument(name: String, defaultValue: String?)
    case user(String)
    case workingDirectory(String)
    case expose([String])
    case entryPoint(Form)
    case command(Form)
    /// The program that runs the shell form from here on, with its arguments.
    case shell([String])
    case healthCheck(HealthCheck)
    case stopSignal(String)
    case volume([String])
    case maintainer(String)
    /// A trigger: an instruction for the images that are built from this one. Its text is what the image's
    /// configuration holds, and what is read again there: exactly as written, here-documents with it. Where ARG declares
    /// several, its kind is the first of them.
    indirect case onBuild(Instruction)
  }

  /// The two ways to write a command.
  public enum Form: Sendable, Hashable {
    /// `["program", "argument"]`
    case exec([String])
    /// Text for the shell.
    case shell(String)
  }

  public struct From: Sendable, Hashable {
    public var image: Located<String>
    /// `--platform`, as written.
    public var platform: String?
    public var stageName: String?
    public init(image: Located<String>, platform: String? = nil, stageName: String? = nil) {
      self.image = image
      self.platform = platform
      self.stageName = stageName
    }
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

  /// Text that stands in the Dockerfile itself, between `<<NAME` and a line `NAME`.
  public struct HereDocument: Sendable, Hashable {
    /// Without quotes.
    public var name: String
    /// Lines with their ends; leading tabs are gone where it was written `<<-NAME`.
    public var content: String
    /// Whether COPY and ADD replace variables in it (`Variables.expandDocument`): the name is not quoted.
    public var expands: Bool
    public init(name: String, content: String, expands: Bool) {
      self.name = name
      self.content = content
      self.expands = expands
    }
  }

  public struct Run: Sendable, Hashable {
    /// What runs, complete. A here-document that is the whole command (`RUN <<EOF`) is the text of the shell form; others
    /// follow the command line with the lines that end them, as a shell reads them.
    public var form: Form
    public var mounts: [Mount] = []
    public var network: Network = .default
    /// The one that is the whole command and begins with `#!`: a program that is run itself, from a file of that name
    /// with mode 0755. The form has it as it is written then (`<<EOF`). Any other is part of the form.
    public var hereDocuments: [HereDocument] = []
    public init(form: Form) { self.form = form }

    /// `--network`
    public enum Network: String, Sendable, CaseIterable { case `default`, none, host }
  }

  /// `RUN --mount`, as written: variables are replaced where the reference allows them (`from`, `source`, `target`, `id`;
  /// also in `mode`, `uid`, `gid`, `size` and `env`, which are checked where they have none).
  public struct Mount: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable { case bind, cache, tmpfs, secret, ssh }
    public enum Sharing: String, Sendable, CaseIterable { case shared, `private`, locked }
    public var kind: Kind
    /// `target`, `dst`, `destination`.
    public var target: String?
    /// `source`, `src`.
    public var source: String?
    public var from: Located<String>?
    public var id: String?
    /// `rw`, `readwrite`; `ro`, `readonly` the other way round. `nil` where nothing is said.
    public var isWritable: Bool?
    public var isRequired = false
    public var sharing: Sharing = .shared
    /// Octal, as written.
    public var mode: String?
    public var user: String?
    public var group: String?
    /// Of a tmpfs, in bytes, as written.
    public var size: String?
    /// Of a secret: the environment variable that it becomes.
    public var environmentName: String?
    public var location: SourceLocation
    public init(kind: Kind, location: SourceLocation) {
      self.kind = kind
      self.location = location
    }
  }

  public struct Copy: Sendable, Hashable {
    /// Names of files as written; those of here-documents are not among them.
    public var sources: [Located<String>]
    public var destination: String
    /// Each becomes a file of its name, which is one part of a path.
    public var hereDocuments: [HereDocument] = []
    /// `--chown`, as written.
    public var owner: String?
    /// `--chmod`, as written: octal, symbolic as chmod takes it, or with variables.
    public var mode: String?
    /// `--from`: a stage by name or number, a named context, or an image.
    public var from: Located<String>?
    /// `--link`
    public var isLinked = false
    /// `--parents`
    public var keepsParents = false
    /// `--exclude`, in order.
    public var excludes: [Located<String>] = []
    public init(sources: [Located<String>], destination: String) {
      self.sources = sources
      self.destination = destination
    }
  }

  public struct Add: Sendable, Hashable {
    public var copy: Copy
    /// `--checksum`, as written.
    public var checksum: Located<String>?
    /// `--keep-git-dir`
    public var keepsGitFolder = false
    /// `--unpack`; `nil` where nothing is said: local archives are unpacked, remote ones are not.
    public var unpacks: Bool?
    public init(copy: Copy) { self.copy = copy }
  }

  /// Source: the Dockerfile reference, HEALTHCHECK. Durations are in nanoseconds.
  public struct HealthCheck: Sendable, Hashable {
    /// `nil` for `HEALTHCHECK NONE`.
    public var command: Form?
    public var interval: Int64?
    public var timeout: Int64?
    public var startPeriod: Int64?
    public var startInterval: Int64?
    public var retries: Int?
    public init(command: Form?) { self.command = command }
  }
}

extension Dockerfile.Instruction {
  /// In capitals, as the language writes it: `RUN`.
  public var keyword: String { text.prefix { !$0.isWhitespace }.uppercased() }

  /// What stands behind the keyword, shortened for a list.
  public var detail: String {
    String(text.drop { !$0.isWhitespace }.drop { $0.isWhitespace }.prefix(60))
  }

  /// The instruction, shortened for a list.
  public var shortText: String { String(text.prefix(60)) }
}
