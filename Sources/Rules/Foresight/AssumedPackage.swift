import GraphCore

/// A package that somebody might publish: what a plan is asked to take as there.
public struct AssumedPackage: Hashable, Sendable {
  let name: String
  /// `[epoch:]version[-release]`; `nil` for a next release of whatever is the newest.
  let evr: String?

  /// Reads `NAME` or `NAME=[EPOCH:]VERSION[-RELEASE]`.
  ///
  /// - Throws: `GraphError(.usage)`.
  public init(_ text: String) throws(GraphError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let allowed = { (text: String) in
      !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"<>&\"'".utf8.contains($0) }
    }
    guard parts.allSatisfy(allowed) else {
      throw GraphError(.usage, "'\(text)' is no package", hint: "write NAME or NAME=VERSION-RELEASE")
    }
    (name, evr) = (parts[0], parts.count > 1 ? parts[1] : nil)
  }

  init(name: String, evr: String) { (self.name, self.evr) = (name, evr) }

  /// Epoch, version and release, where `old` is the newest that there is.
  func version(after old: EVR) -> EVR {
    guard let evr else {
      var next = old
      next.release += ".next"
      return next
    }
    var rest = evr[...]
    var new = EVR(epoch: old.epoch, version: "", release: old.release)
    if let colon = rest.firstIndex(of: ":") {
      new.epoch = String(rest[..<colon])
      rest = rest[rest.index(after: colon)...]
    }
    if let dash = rest.lastIndex(of: "-") {
      new.release = String(rest[rest.index(after: dash)...])
      rest = rest[..<dash]
    }
    new.version = String(rest)
    return new
  }
}

/// Epoch, version and release as metadata has them.
struct EVR: Hashable {
  var epoch: String
  var version: String
  var release: String

  /// As libsolv compares them.
  var text: String { "\(epoch):\(version)-\(release)" }
}
