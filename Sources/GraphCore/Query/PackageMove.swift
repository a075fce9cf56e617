/// What became of a package from one lock to the next.
public struct PackageMove: Hashable, Sendable {
  public let name: String
  /// As rpm calls it: `x86_64`, `noarch`.
  public let arch: String
  /// `epoch:version-release` without an epoch of 0; `nil` where it comes in.
  public let old: String?
  /// `nil` where it goes. Equal to `old` where the version is the same and the file is another one.
  public let new: String?

  public init(name: String, arch: String, old: String?, new: String?) {
    (self.name, self.arch, self.old, self.new) = (name, arch, old, new)
  }

  /// `openssl.x86_64 3.0-1 -> 3.0-2`, `+zlib.x86_64 1.2-1`, `-zlib.x86_64 1.2-1`, `bash.x86_64 5.2-1 rebuilt`.
  public var line: String {
    switch (old, new) {
    case (let old?, let new?):
      old == new ? "\(name).\(arch) \(new) rebuilt" : "\(name).\(arch) \(old) -> \(new)"
    case (nil, let new?): "+\(name).\(arch) \(new)"
    case (let old?, nil): "-\(name).\(arch) \(old)"
    case (nil, nil): "\(name).\(arch)"
    }
  }
}

/// The packages that a node's lock moves.
public struct LockMoves: Sendable {
  public let node: NodeID
  /// By name, then architecture.
  public let moves: [PackageMove]

  public init(node: NodeID, moves: [PackageMove]) { (self.node, self.moves) = (node, moves) }
}
