import GraphCore

/// User and group names as a root's own /etc/passwd and /etc/group have them.
struct UserNames {
  private let users: [String: (id: UInt32, group: UInt32)]
  private let groups: [String: UInt32]

  init(_ root: StackedRoot, store: any BlobStore) throws {
    func lines(_ path: String) throws -> [[String]] {
      guard let resolved = root.resolve(path), case .file(let digest)? = root.entry(resolved)?.content else {
        return []
      }
      return try store.readText(digest).split(separator: "\n").map {
        $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      }
    }
    var users: [String: (UInt32, UInt32)] = [:]
    for fields in try lines("etc/passwd") where fields.count >= 4 {
      if let id = UInt32(fields[2]), let group = UInt32(fields[3]) { users[fields[0]] = (id, group) }
    }
    var groups: [String: UInt32] = [:]
    for fields in try lines("etc/group") where fields.count >= 3 {
      if let id = UInt32(fields[2]) { groups[fields[0]] = id }
    }
    self.users = users
    self.groups = groups
  }

  /// `user[:group]`, each a number or a name. Without a group, a name brings its group of /etc/passwd, and a number
  /// the same number. Empty is root.
  func resolve(_ text: String) throws -> (UInt32, UInt32) {
    if text.isEmpty { return (0, 0) }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let user: UInt32
    var group: UInt32
    if let id = UInt32(parts[0]) {
      (user, group) = (id, id)
    } else if let known = users[parts[0]] {
      (user, group) = known
    } else {
      throw ActionFailed(.deterministic, "the image has no user '\(parts[0])' in /etc/passwd")
    }
    if parts.count > 1 {
      guard let id = UInt32(parts[1]) ?? groups[parts[1]] else {
        throw ActionFailed(.deterministic, "the image has no group '\(parts[1])' in /etc/group")
      }
      group = id
    }
    return (user, group)
  }
}
