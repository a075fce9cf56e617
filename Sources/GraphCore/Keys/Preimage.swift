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
    self.init(PreimageWriter(action) { .text(names[$0]) })
  }

  /// The preimage of `action` with these input artifacts, in the order of `action.inputs`.
  public init(_ action: Action, inputs: [Artifact]) {
    precondition(inputs.count == action.inputs.count, "one artifact for each input")
    self.init(PreimageWriter(action) { .artifact(inputs[$0]) })
  }

  private init(_ writer: PreimageWriter) { text = String(decoding: writer.bytes, as: UTF8.self) }

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

  /// What a deep key is the digest of, for comparisons.
  public init(deepOf action: Action, producers: (NodeID) -> Key) {
    self.init(PreimageWriter(deepOf: action, producers: producers))
  }
}

extension Key {
  /// The key over leaf inputs only: a produced input is named by its producer's deep key and the output's name.
  public init(deepOf action: Action, producers: (NodeID) -> Key) {
    self.init(digest: Digest(of: PreimageWriter(deepOf: action, producers: producers).bytes))
  }
}

/// The name of an action with its inputs: the digest of its preimage.
public struct Key: Hashable, Sendable, CustomStringConvertible {
  public let digest: Digest
  public init(digest: Digest) { self.digest = digest }
  public var description: String { digest.hex }
}
