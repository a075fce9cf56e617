/// "Did you mean": the nearest of some names to one that does not exist.
public enum Nearest {
  /// The candidate with the smallest edit distance to `name`, or `nil` where none is near (a third of its
  /// length or less).
  public static func match(for name: String, among candidates: some Sequence<String>) -> String? {
    var best: (distance: Int, candidate: String)?
    let limit = max(1, name.utf8.count / 3)
    for candidate in candidates {
      let distance = editDistance(Array(name.utf8), Array(candidate.utf8), limit: limit)
      if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.candidate
  }

  /// Insertions, deletions, replacements and swaps of neighbours; anything over `limit` is reported as `limit + 1`.
  static func editDistance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
    if abs(left.count - right.count) > limit { return limit + 1 }
    var beforePrevious = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for i in 0..<left.count {
      var current = [i + 1]
      for j in 0..<right.count {
        var cost = min(previous[j] + (left[i] == right[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, beforePrevious[j - 1] + 1)
        }
        current.append(cost)
      }
      (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
  }
}
