import Glibc
import Formats
import GraphCore

/// The groups and environments of repositories, from the `group` file of their metadata (comps.xml).
///
/// Format: libcomps, `comps.dtd`. Groups of one id in several repositories are one group, as for dnf.
struct PackageGroups: Hashable {
  /// One package of a group.
  struct Member: Hashable {
    var name: String
    /// `mandatory`, `default`, `optional` or `conditional`.
    var type: String
    /// The package without which a conditional one is not wanted.
    var requires: String?
    /// Whether only the architecture's own packages are meant.
    var isBaseArchitectureOnly = false
  }

  private struct Group: Hashable {
    var id: String
    var name = ""
    var members: [Member] = []
    /// Of an environment: the groups that belong to it in any case.
    var groups: [String] = []
    var isEnvironment: Bool
  }

  private var groups: [Group] = []

  /// Reads one file and adds what it declares.
  mutating func add(comps bytes: [UInt8]) {
    var scanner = XMLScanner(String(decoding: bytes, as: UTF8.self))
    var current: Group?
    var isOptionList = false
    func keep(_ group: Group?, in groups: inout [Group]) {
      guard let group, !group.id.isEmpty else { return }
      let known = groups.firstIndex { $0.id == group.id && $0.isEnvironment == group.isEnvironment }
      guard let known else { return groups.append(group) }
      groups[known].members += group.members.filter { !groups[known].members.contains($0) }
      groups[known].groups += group.groups.filter { !groups[known].groups.contains($0) }
    }
    while let element = scanner.next() {
      switch element.name {
      case "group", "environment":
        keep(current, in: &groups)
        current = Group(id: "", isEnvironment: element.name == "environment")
        isOptionList = false
      case "category", "langpacks", "blacklist":
        keep(current, in: &groups)
        current = nil
      case "id": current?.id = element.text
      case "name" where element.attributes["lang"] == nil: current?.name = element.text
      case "packagereq":
        current?.members.append(
          Member(
            name: element.text, type: element.attributes["type"] ?? "mandatory",
            requires: element.attributes["requires"].flatMap { $0.isEmpty ? nil : $0 },
            isBaseArchitectureOnly: element.attributes["basearchonly"] == "true"))
      case "grouplist": isOptionList = false
      case "optionlist": isOptionList = true
      case "groupid" where !isOptionList: current?.groups.append(element.text)
      default: break
      }
    }
    keep(current, in: &groups)
  }

  /// The packages of all groups and environments that a pattern means: an id or a name, or else a pattern of either in
  /// any case of letters.
  ///
  /// - Returns: each once, sorted by name; `nil` where there is no such group.
  func members(of pattern: String, types: [String]) -> [Member]? {
    let pattern = pattern.hasPrefix("^") ? String(pattern.dropFirst()) : pattern
    var found = groups.filter { $0.id == pattern || $0.name == pattern }
    if found.isEmpty {
      let flags = 1 << 4  // FNM_CASEFOLD, which the header hides behind _GNU_SOURCE
      found = groups.filter {
        fnmatch(pattern, $0.id, Int32(flags)) == 0 || fnmatch(pattern, $0.name, Int32(flags)) == 0
      }
    }
    guard !found.isEmpty else { return nil }
    let ids = found.flatMap { $0.isEnvironment ? $0.groups : [$0.id] }
    let members = groups.filter { !$0.isEnvironment && ids.contains($0.id) }.flatMap(\.members)
    var seen: Set<Member> = []
    return members.filter { types.contains($0.type) && seen.insert($0).inserted }.sorted {
      $0.name.precedesInBytes($1.name)
    }
  }

  /// Ids, for messages.
  var names: [String] { groups.map(\.id) }
}
