import GraphCore

extension Lock {
  /// What moves from `old` to this, whatever drew it in.
  func moves(from old: Lock) -> [PackageMove] { PackageFile.moves(from: old.files, to: files) }

  private var files: [PackageFile] {
    packages.map { PackageFile(name: $0.name, arch: $0.arch, evr: $0.evr, checksum: $0.digest.hex) }
  }
}

extension RuleForesight {
  /// What the locks of a plan move, as far as that is foreseen: those that move something, in the order of the plan.
  ///
  /// A lock whose predecessor is not in the store any more is left out.
  /// - Throws: what the store throws.
  public func moves(in plan: Plan) throws -> [LockMoves] {
    try plan.foreseen.keys.sorted().compactMap { id in
      guard case .outputs(let outputs, let last) = plan.foreseen[id], outputs != last,
        let new = outputs["lock"], let old = last["lock"]
      else { return nil }
      do {
        let moves = try decoded.lock(new.digest, store).moves(from: try decoded.lock(old.digest, store))
        return moves.isEmpty ? nil : LockMoves(node: id, moves: moves)
      } catch is MissingBlob {
        return nil
      }
    }
  }
}
