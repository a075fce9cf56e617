import GraphCore
import Manifests

/// Where an export goes: a prefix as skopeo has it, or the path of a folder or file alone.
public enum ExportDestination: Hashable, Sendable {
  /// A path for what the label delivers, as it is.
  case plain(path: String)
  /// `oci:DIR[:TAG]`: an OCI layout, to which images are added.
  case layout(path: String, name: NameTemplate?)
  /// `oci-archive:FILE[:TAG]`
  case layoutArchive(path: String, name: NameTemplate?)
  /// `docker-archive:FILE[:NAME[:TAG]]`
  case dockerArchive(path: String, name: NameTemplate?)
  /// `dir:DIR`
  case folder(path: String)
  /// `docker://REGISTRY[/NAME[:TAG]]`
  case registry(NameTemplate)

  /// - Parameters:
  ///   - text: as the user wrote it.
  ///   - folder: what relative paths are relative to.
  /// - Throws: `GraphError(.usage)`
  public init(_ text: String, in folder: String) throws {
    func absolute(_ path: Substring) throws -> String {
      guard !path.isEmpty else {
        throw GraphError(.usage, "'\(text)' names no path", hint: "write, for example, 'oci:DIR:TAG'")
      }
      return path.hasPrefix("/") ? String(path) : "\(folder)/\(path)"
    }
    func split(_ rest: Substring) throws -> (String, NameTemplate?) {
      let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (try absolute(parts[0]), parts.count == 2 ? try NameTemplate(String(parts[1])) : nil)
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let rest = parts.count == 2 ? parts[1] : ""
    switch parts.count == 2 ? String(parts[0]) : "" {
    case "oci":
      let (path, name) = try split(rest)
      self = .layout(path: path, name: name)
    case "oci-archive":
      let (path, name) = try split(rest)
      self = .layoutArchive(path: path, name: name)
    case "docker-archive":
      let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.count == 2 ? try NameTemplate(Self.tagged(String(parts[1]))) : nil
      self = .dockerArchive(path: try absolute(parts[0]), name: name)
    case "dir": self = .folder(path: try absolute(rest))
    case "docker":
      guard rest.hasPrefix("//"), !rest.dropFirst(2).isEmpty else {
        throw GraphError(
          .usage, "'\(text)' names no registry",
          hint: "write 'docker://REGISTRY/NAME:TAG', or 'docker://REGISTRY/'")
      }
      self = .registry(try Self.registryTemplate(String(rest.dropFirst(2))))
    case "containers-storage", "docker-daemon":
      throw GraphError(
        .usage, "'\(text)' is an engine's own storage",
        hint: "use 'graph load LABEL' for podman, and 'graph load --into docker LABEL' for docker")
    case "http", "https":
      throw GraphError(
        .usage, "'\(text)' is no place to export to",
        hint: "a registry is written 'docker://REGISTRY/NAME:TAG'")
    default: self = .plain(path: try absolute(Substring(text)))
    }
  }

  /// Completes a registry, or a path in it that ends in `/`, with the published name; and a name with the tag.
  private static func registryTemplate(_ text: String) throws -> NameTemplate {
    guard !text.contains("@") else {
      throw GraphError(
        .usage, "the destination names a user or a digest with '@'",
        hint: "users are logged in with 'podman login'; an image is pushed under a tag")
    }
    var text = text
    if !text.contains("/") { text += "/" }
    if text.hasSuffix("/") { text += "{published-name}" }
    return try NameTemplate(tagged(text))
  }

  /// A name with the label's tag, where it has none.
  private static func tagged(_ name: String) -> String {
    (name.split(separator: "/").last ?? "").contains(":") ? name : name + ":{tag}"
  }

  /// Whether several labels can go there at once.
  public var takesSeveral: Bool {
    switch self {
    case .plain, .layoutArchive, .folder: false
    case .layout, .dockerArchive, .registry: true
    }
  }
}

/// A name with words in braces that a label fills in: `{published-name}`, `{tag}`, `{arch}` and `{oci-arch}`.
public struct NameTemplate: Hashable, Sendable {
  private let text: String
  private static let words = ["published-name", "tag", "arch", "oci-arch"]

  /// - Throws: `GraphError(.usage)` where a word in braces is unknown.
  public init(_ text: String) throws {
    self.text = text
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "{") {
      guard let close = rest[open...].firstIndex(of: "}") else {
        throw GraphError(.usage, "a '{' of '\(text)' is not closed", hint: "write '{published-name}:{tag}'")
      }
      let word = String(rest[rest.index(after: open)..<close])
      guard Self.words.contains(word) else {
        throw GraphError(
          .usage, "'{\(word)}' of '\(text)' means nothing",
          hint: Nearest.match(for: word, among: Self.words).map { "did you mean '{\($0)}'?" }
            ?? "known words: \(Self.words.map { "{\($0)}" }.joined(separator: ", "))")
      }
      rest = rest[rest.index(after: close)...]
    }
  }

  /// The name for a label. `{arch}` of one without architecture, which is an index over several, is an error.
  public func name(of label: Label) throws -> String {
    let isForOne = text.contains("{arch}") || text.contains("{oci-arch}")
    if isForOne, label.architecture == nil {
      throw GraphError(
        .usage, "\(label) has no one architecture for '\(text)'",
        hint: "name the architecture, as in '\(label):\(Architecture.host)'")
    }
    return text.replacing("{published-name}", with: label.publishedName)
      .replacing("{tag}", with: label.publishedTag)
      .replacing("{arch}", with: label.architecture?.name ?? "")
      .replacing("{oci-arch}", with: label.architecture?.names.oci ?? "")
  }
}

extension Label {
  /// The name that an image is published under, without registry and tag: `app/httpd`, `base/core`, or `python` alone
  /// where the package is `library`.
  public var publishedName: String { package == "library" ? name : "\(package)/\(name)" }

  /// The tag that an image is published under.
  public var publishedTag: String { tag ?? "latest" }
}
