import GraphCore

/// What has become of the places that a graph depends on.
struct PlaceCheck: Sendable {
  /// Other contents of source files, by number.
  var edits: [Int: Digest] = [:]
  /// What was found of places whose stamp did not tell, by place: part and position in it.
  var findings: [Position: Place.Finding] = [:]

  struct Position: Hashable, Sendable {
    let part: Int
    let index: Int
  }

  /// Whether nothing at all is different from how it was kept.
  var isUntouched: Bool { findings.isEmpty }

  /// Looks at all places, side by side.
  ///
  /// - Parameters:
  ///   - parts: as `PlaceCoding.parts` gives them; they live until this returns.
  ///   - known: the digest of a source file.
  /// - Returns: `nil` where the graph is not the one of today: something of its structure moved, or cannot be told.
  static func look(at parts: Parts, known: @escaping @Sendable (Int) -> Digest) async -> PlaceCheck? {
    await withTaskGroup(of: PlaceCheck?.self) { group in
      for part in parts.all.indices { group.addTask { look(at: parts, part, known) } }
      var whole = PlaceCheck()
      for await found in group {
        guard let found else {
          group.cancelAll()
          return nil
        }
        whole.edits.merge(found.edits) { $1 }
        whole.findings.merge(found.findings) { $1 }
      }
      return whole
    }
  }

  /// The parts of encoded places, for several tasks to read.
  struct Parts: @unchecked Sendable {
    // Sendable: nobody changes the bytes.
    let all: [UnsafeRawBufferPointer]
    /// Keeps the bytes.
    let owner: FlatBytes
  }

  private static func look(at parts: Parts, _ part: Int, _ known: (Int) -> Digest) -> PlaceCheck? {
    var reader = PlaceReader(parts.all[part])
    var check = PlaceCheck()
    var index = 0
    while !reader.isAtEnd {
      guard !Task.isCancelled, reader.next() else { return nil }
      defer { index += 1 }
      let now = reader.path.withUnsafeBufferPointer { $0.baseAddress.map { FileStamp($0) } ?? FileStamp() }
      if reader.isTrusted, now == reader.stamp { continue }
      let finding = reader.place.look(known: known)
      switch finding {
      case .same: continue
      case .moved: return nil
      case .touched: break
      case .edited(let digest, _, _):
        guard case .source(let number) = reader.role else { return nil }
        check.edits[number] = digest
      }
      check.findings[Position(part: part, index: index)] = finding
    }
    return check
  }

  /// All places, with what was found of them taken in.
  func places(_ parts: Parts) -> [Place] {
    var places: [Place] = []
    for part in parts.all.indices {
      var reader = PlaceReader(parts.all[part])
      var index = 0
      while !reader.isAtEnd, reader.next() {
        var place = reader.place
        switch findings[Position(part: part, index: index)] {
        case .touched(let stamp, let isTrusted), .edited(_, let stamp, let isTrusted):
          (place.stamp, place.isTrusted) = (stamp, isTrusted)
        case .same, .moved, nil: break
        }
        places.append(place)
        index += 1
      }
    }
    return places
  }
}
