/// The name of something declared: `//package/name[@tag][:arch]`.
///
/// A structured value; it is never joined to a string and split again to find its parts. `tag` is `nil` for kinds that
/// have none (everything but images) and in a label that means every tag; `architecture` is `nil` in a label that means
/// every architecture.
public struct Label: Hashable, Sendable {
  public var package: String
  public var name: String
  public var tag: String?
  public var architecture: Architecture?

  public init(package: String, name: String, tag: String? = nil, architecture: Architecture? = nil) {
    self.package = package
    self.name = name
    self.tag = tag
    self.architecture = architecture
  }

  /// The packages that name kinds of targets; no index namespace may be called so.
  public static let reservedPackages = ["base", "disk", "ostree", "repo", "rpm"]

  /// Reads `//package/name[@tag][:arch]`.
  ///
  /// - Throws: `LabelError`, whose description says what is wrong and how to write it.
  public init(_ text: String) throws(LabelError) {
    guard text.hasPrefix("//") else {
      throw LabelError("'\(text)' is not a label: a label is //package/name[@tag][:arch]")
    }
    var rest = Substring(text.dropFirst(2))
    var architecture: Architecture?
    if let colon = rest.lastIndex(of: ":") {
      let name = rest[rest.index(after: colon)...]
      guard let known = Architecture(name) else {
        throw LabelError(
          "'\(name)' in '\(text)' is no architecture: \(Architecture.hint(for: String(name)))")
      }
      architecture = known
      rest = rest[..<colon]
    }
    var tag: String?
    if let at = rest.firstIndex(of: "@") {
      tag = String(rest[rest.index(after: at)...])
      rest = rest[..<at]
      guard tag?.isEmpty == false else { throw LabelError("'\(text)' has an empty tag after '@'") }
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      throw LabelError("'\(text)' is not a label: it holds a space or a control character")
    }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 2, parts.allSatisfy({ !["", ".", "..", "..."].contains($0) }) else {
      throw LabelError("'\(text)' is not a label: it needs a package and a name, as in //app/httpd")
    }
    self.init(
      package: parts.dropLast().joined(separator: "/"), name: String(parts[parts.count - 1]), tag: tag,
      architecture: architecture)
  }

  /// The same label for `architecture`.
  public func on(_ architecture: Architecture?) -> Label {
    Label(package: package, name: name, tag: tag, architecture: architecture)
  }

  /// The same label of every architecture.
  public var withoutArchitecture: Label { on(nil) }
}

/// Why a text is not a label, in a reader's words.
public struct LabelError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

extension Label: CustomStringConvertible {
  public var description: String {
    "//\(package)/\(name)" + (tag.map { "@\($0)" } ?? "") + (architecture.map { ":\($0)" } ?? "")
  }
}

extension Label: Comparable {
  public static func < (left: Label, right: Label) -> Bool {
    if left.package != right.package { return left.package.precedesInBytes(right.package) }
    if left.name != right.name { return left.name.precedesInBytes(right.name) }
    if left.tag != right.tag { return (left.tag ?? "").precedesInBytes(right.tag ?? "") }
    return (left.architecture?.name ?? "").precedesInBytes(right.architecture?.name ?? "")
  }
}
