import CSolv
import GraphCore

/// What is different between two pools of the same repositories at two times, as far as it can matter to a solver.
struct PoolDifference {
  /// Packages that the other pool has not, in all that is said of them, or has at another place in its order.
  let old: [Id]
  let new: [Id]

  /// Where nothing else decides, libsolv takes what has the lower number, of a package or of its name. So whatever is not
  /// part of one longest common order counts as changed.
  init(_ old: PackagePool, _ new: PackagePool) {
    let (before, after) = (old.fingerprints(), new.fingerprints())
    let places = Dictionary(after.map { ($0.print, $0.package) }) { first, _ in first }
    let known = Dictionary(before.map { ($0.print, $0.package) }) { first, _ in first }
    var pairs: [(old: Id, new: Id)] = []
    var gone: [Id] = []
    for (package, print) in before {
      if let other = places[print], known[print] == package {
        pairs.append((package, other))
      } else {
        gone.append(package)
      }
    }
    let matched = Set(pairs.map(\.new))
    var came = after.map(\.package).filter { !matched.contains($0) }
    let kept = Self.longestRise(pairs.map(\.new))
    for (index, pair) in pairs.enumerated() where !kept.contains(index) {
      gone.append(pair.old)
      came.append(pair.new)
    }
    var names: [Id: Id] = [:]
    for pair in pairs { names[old.solvable(pair.old).pointee.name] = new.solvable(pair.new).pointee.name }
    let ordered = names.sorted { $0.key < $1.key }
    let keptNames = Self.longestRise(ordered.map(\.value))
    let moved = Set(ordered.indices.filter { !keptNames.contains($0) }.map { ordered[$0].key })
    for pair in pairs where moved.contains(old.solvable(pair.old).pointee.name) {
      gone.append(pair.old)
      came.append(pair.new)
    }
    (self.old, self.new) = (gone, came)
  }

  /// The places of a longest rising subsequence. (Patience sorting: O(n log n).)
  static func longestRise(_ values: [Id]) -> Set<Int> {
    var ends: [Int] = []
    var previous = [Int](repeating: -1, count: values.count)
    for (place, value) in values.enumerated() {
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        if values[ends[middle]] < value { low = middle + 1 } else { high = middle }
      }
      if low > 0 { previous[place] = ends[low - 1] }
      if low == ends.count { ends.append(place) } else { ends[low] = place }
    }
    var kept: Set<Int> = []
    var place = ends.last ?? -1
    while place >= 0 {
      kept.insert(place)
      place = previous[place]
    }
    return kept
  }
}

extension PackagePool {
  /// All that is said of each package of the repositories, as one number: equal where it is equal in another pool of this
  /// process.
  func fingerprints() -> [(package: Id, print: Int)] {
    var known: [Id: Int] = [:]
    return packages.compactMap { package in
      if isInstalled(package) { return nil }
      var hasher = Hasher()
      let solvable = solvable(package)
      for id in [solvable.pointee.name, solvable.pointee.evr, solvable.pointee.arch, solvable.pointee.vendor]
      {
        hasher.combine(fingerprint(id, &known))
      }
      var type: Id = 0
      if let checksum = solvable_lookup_bin_checksum(solvable, Id(SOLVABLE_CHECKSUM), &type),
        type == Id(REPOKEY_TYPE_SHA256)
      {
        hasher.combine(bytes: UnsafeRawBufferPointer(start: checksum, count: 32))
      }
      hasher.combine(solvable_lookup_num(solvable, Id(SOLVABLE_BUILDTIME), 0))
      hasher.combine(solvable_lookup_num(solvable, Id(SOLVABLE_DOWNLOADSIZE), 0))
      hasher.combine(solvable_lookup_location(solvable, nil).map { String(cString: $0) })
      hasher.combine(repositoryName(package))
      for kind in [
        SOLVABLE_PROVIDES, SOLVABLE_REQUIRES, SOLVABLE_CONFLICTS, SOLVABLE_OBSOLETES, SOLVABLE_RECOMMENDS,
        SOLVABLE_SUGGESTS, SOLVABLE_SUPPLEMENTS, SOLVABLE_ENHANCES,
      ] {
        let all = dependencies(package, kind)
        hasher.combine(all.count)
        for dependency in all { hasher.combine(fingerprint(dependency, &known)) }
      }
      return (package, hasher.finalize())
    }
  }

  private func fingerprint(_ id: Id, _ known: inout [Id: Int]) -> Int {
    if let print = known[id] { return print }
    var hasher = Hasher()
    if let relation = relation(id) {
      hasher.combine(fingerprint(relation.name, &known))
      hasher.combine(fingerprint(relation.evr, &known))
      hasher.combine(relation.flags)
    } else {
      hasher.combine(text(id))
    }
    let print = hasher.finalize()
    known[id] = print
    return print
  }
}
