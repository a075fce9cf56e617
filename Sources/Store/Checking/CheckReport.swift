import GraphCore

/// What a check of the store found.
public struct CheckReport: Sendable {
  /// Something that is not as it should be.
  public struct Finding: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
      /// SQLite says that a database is damaged, or a row is not what was written.
      case database
      /// The content of a blob is not what its name says.
      case blob
      /// A row whose file is not there.
      case missing
      /// A result that names what is not there.
      case result
      case snapshot
      case pin
      /// A checkout that is not what it was made of.
      case checkout
      /// A kept graph that is damaged: compiled anew, it takes its place.
      case graph
      /// A file that no row names: what a killed process left, or a database that was made again does not know.
      case unknownFile = "unknown file"
    }

    public var kind: Kind
    public var subject: String
    public var what: String
    /// What was done about it; `nil` where nothing was.
    public var repair: String?

    public init(kind: Kind, subject: String, what: String, repair: String? = nil) {
      (self.kind, self.subject, self.what, self.repair) = (kind, subject, what, repair)
    }

    /// Whether it is more than rubbish.
    public var isDamage: Bool { kind != .unknownFile }
  }

  public var findings: [Finding] = []
  public var blobs = 0
  /// Content that was read and compared with its digest.
  public var bytes: Int64 = 0
  public var results = 0
  public var seconds: Double = 0

  public init() {}

  /// Whether nothing is wrong that was not repaired.
  public var isSound: Bool { !findings.contains { $0.isDamage && $0.repair == nil } }
}
