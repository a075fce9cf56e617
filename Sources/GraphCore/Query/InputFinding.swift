/// What a file that somebody changed has to do with a target: why the change runs nothing, or what it runs.
public struct InputFinding: Hashable, Sendable {
  /// Relative to the workspace where it is inside, as it was written else.
  public let path: String
  public let verdict: Verdict

  /// What it has to do with the target.
  public enum Verdict: Hashable, Sendable {
    /// It is a leaf input: of these nodes, with the content that it has now.
    case input(Digest, readers: [Reader])
    /// Its meaning counts and not its bytes.
    case manifest
    /// It is in the build context of an image, and a file of this name leaves it out.
    case ignored(by: String, Label)
    /// It is in the build context of an image, and no instruction takes it: these take others.
    case notTaken(Label, context: String, instructions: [String])
    /// It is an input of other targets, the first ones by name.
    case elsewhere([Label])
    /// The target's source is a commit, so that files of the workspace play no part.
    case pinned(Label, url: String, branch: String, commit: String)
    /// No target of the workspace reads it.
    case unread
    case outside
    case missing(near: String?)
  }

  /// A node that reads a file, and under which role.
  public struct Reader: Hashable, Sendable {
    public let node: NodeID
    public let role: String
    public init(node: NodeID, role: String) { (self.node, self.role) = (node, role) }
  }

  public init(path: String, verdict: Verdict) { (self.path, self.verdict) = (path, verdict) }
}
