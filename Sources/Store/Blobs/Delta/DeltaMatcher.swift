import GraphCore

/// Finds what some content has in common with a base, segment by segment, and its runs of zeros.
///
/// Anchors of the content are looked up among those of the base. Where the bytes around both are really the same, the
/// match is extended to both sides as far as that holds. So a match is exact to the byte, and an insertion costs no more
/// than itself.
struct DeltaMatcher {
  let base: BlobFrames
  private let anchors: AnchorIndex
  private let rateBits: Int
  /// How far the base is ahead of the content where the last match was: the first guess for the next one.
  private(set) var ahead: Int64 = 0

  /// A range of a segment that the base has, too, or that is all zero.
  struct Match: Equatable {
    var start: Int
    var count: Int
    /// Where it is in the base; `nil` for zeros.
    var base: Int64?
    var end: Int { start + count }
    var baseEnd: Int64? { base.map { $0 + Int64(count) } }
  }

  /// What is shorter is cheaper among the literal bytes, which are compressed against the base.
  static let matchBytesMin = 128

  /// Reads the whole base once.
  init(base: BlobFrames) throws {
    self.base = base
    rateBits = AnchorIndex.rateBits(ofContentBytes: base.digest.size)
    var anchors = AnchorIndex(contentBytes: base.digest.size)
    var hash = GearHash()
    for index in 0..<base.frameCount {
      let start = Int64(index) * Int64(base.frameBytes)
      hash.forEachAnchor(in: try base.bytes(at: start), rateBits: rateBits) { end, hash in
        anchors.insert(hash, end: start + Int64(end))
      }
    }
    self.anchors = anchors
  }

  /// The matches of a segment in their order; no two overlap.
  ///
  /// - Parameter start: where the segment is in the content.
  mutating func matches(in segment: UnsafeRawBufferPointer, at start: Int64) throws -> [Match] {
    var matches: [Match] = []
    /// Where the bytes that are in no match yet begin.
    var open = 0
    var position = 0
    // What the last segment ended with mostly goes on.
    if let match = try longest(in: segment, at: start, around: 0, open: 0, anchor: nil) {
      matches.append(match)
      (open, position) = (match.end, match.end)
    }
    var hash: UInt64 = 0
    let shift = UInt64(64 - rateBits)
    while position < segment.count {
      // The loop over single bytes, without calls.
      var hasAnchor = false
      GearHash.table.withUnsafeBufferPointer { table in
        while position < segment.count {
          hash = hash &<< 1 &+ table[Int(segment[position])]
          position += 1
          if hash &>> shift == 0 {
            hasAnchor = true
            break
          }
        }
      }
      let found =
        if hasAnchor, hash == 0 {
          zeros(in: segment, around: position, open: open)
        } else {
          try longest(
            in: segment, at: start, around: position, open: open, anchor: hasAnchor ? anchors[hash] : nil)
        }
      guard let match = found else { continue }
      matches.append(match)
      (open, position) = (match.end, match.end)
      hash = 0
      for byte in segment[max(0, position - GearHash.windowBytes)..<position] {
        hash = hash &<< 1 &+ GearHash.table[Int(byte)]
      }
    }
    return matches
  }

  /// The run of zeros around a place.
  private func zeros(in segment: UnsafeRawBufferPointer, around position: Int, open: Int) -> Match? {
    var start = position
    while start > open, segment[start - 1] == 0 { start -= 1 }
    let count = position - start + segment.zeros(from: position)
    return count < Self.matchBytesMin ? nil : Match(start: start, count: count, base: nil)
  }

  /// The longer of the matches around a place that the last match's distance and the anchor promise.
  private mutating func longest(
    in segment: UnsafeRawBufferPointer, at start: Int64, around position: Int, open: Int, anchor: Int64?
  ) throws -> Match? {
    let guess = start + Int64(position) + ahead
    var best = try match(in: segment, around: position, open: open, base: guess)
    if let anchor, anchor != guess {
      let other = try match(in: segment, around: position, open: open, base: anchor)
      if other.count > best.count { best = other }
    }
    if best.count < Self.matchBytesMin { return nil }
    if let place = best.base { ahead = place - start - Int64(best.start) }
    return best
  }

  /// What is the same before and behind `position` in the segment and `place` in the base.
  private func match(
    in segment: UnsafeRawBufferPointer, around position: Int, open: Int, base place: Int64
  ) throws -> Match {
    guard place >= 0, place <= base.digest.size else { return Match(start: position, count: 0) }
    var forward = 0
    while position + forward < segment.count, place + Int64(forward) < base.digest.size {
      let bytes = try base.bytes(at: place + Int64(forward))
      let rest = UnsafeRawBufferPointer(rebasing: segment[(position + forward)...])
      let same = rest.commonPrefix(bytes)
      forward += same
      if same < min(rest.count, bytes.count) { break }
    }
    var backward = 0
    while position - backward > open, place > Int64(backward) {
      // The frame that ends with the byte before, up to that byte.
      let last = place - Int64(backward) - 1
      let frameStart = last - last % Int64(base.frameBytes)
      let bytes = try base.bytes(at: frameStart).prefix(Int(last - frameStart) + 1)
      let rest = UnsafeRawBufferPointer(rebasing: segment[open..<position - backward])
      let same = rest.commonSuffix(UnsafeRawBufferPointer(rebasing: bytes))
      backward += same
      if same < min(rest.count, bytes.count) { break }
    }
    return Match(start: position - backward, count: backward + forward, base: place - Int64(backward))
  }
}
