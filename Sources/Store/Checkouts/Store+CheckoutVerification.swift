import Formats
import Glibc
import GraphCore
import Synchronization

/// The checkouts that this process has been given, by path, and what is known of their content.
///
/// What it made itself is right. What was there before is compared with its digests once, beside the action that uses it:
/// a bad disk must not reach a result, and waiting for the comparison first would cost more than most actions do.
struct GivenCheckouts {
  enum State {
    case made
    case found(Task<Bool, Never>)
  }

  var states: [String: State] = [:]
  /// What was found damaged, and the how manieth that was.
  private var damages: [String: Int] = [:]
  private(set) var damageCount = 0

  /// Notes that a comparison found a checkout damaged.
  ///
  /// - Returns: whether it still is there to be taken away.
  mutating func noteDamage(_ path: String, found comparison: Task<Bool, Never>) -> Bool {
    guard case .found(comparison)? = states[path] else { return false }
    states[path] = nil
    damageCount += 1
    damages[path] = damageCount
    return true
  }

  func isDamaged(_ path: String, since count: Int) -> Bool { damages[path, default: 0] > count }
}

/// What a checkout has to hold.
enum CheckoutContent: Sendable {
  case file(Digest)
  case entries(of: Artifact)
}

extension Store {
  public func damagesSoFar() -> Int { given.withLock { $0.damageCount } }

  public func confirm(_ artifacts: [Artifact], since damages: Int) async throws -> Bool {
    var isRight = true
    for artifact in artifacts {
      for path in checkoutPaths(of: artifact) {
        if case .found(let comparison)? = given.withLock({ $0.states[path] }), await !comparison.value,
          given.withLock({ $0.noteDamage(path, found: comparison) })
        {
          // The stored file itself: what made it has to run again.
          if path == filePath(artifact.digest, .fileRaw) { throw try damaged(artifact.digest) }
          try setAside(path)
        }
        // Another action may have been the one to find it.
        if given.withLock({ $0.isDamaged(path, since: damages) }) { isRight = false }
      }
    }
    return isRight
  }

  /// Notes that this process made a checkout.
  func noteMade(_ path: String) { given.withLock { $0.states[path] = .made } }

  /// Begins to compare a checkout that was there, where nothing is known of it yet.
  func noteFound(_ path: String, holding content: CheckoutContent) {
    given.withLock { given in
      if given.states[path] != nil { return }
      given.states[path] = .found(Task.detached { await self.isRight(path, holding: content) })
    }
  }

  private func checkoutPaths(of artifact: Artifact) -> [String] {
    switch artifact.kind {
    case .blob: [checkoutPath(ofFile: artifact.digest), filePath(artifact.digest, .fileRaw)]
    case .tree: [checkoutPath(ofTree: artifact)]
    case .layer: [checkoutPath(ofTree: artifact), checkoutPath(ofLayer: artifact)]
    }
  }

  private func isRight(_ path: String, holding content: CheckoutContent) async -> Bool {
    switch content {
    case .file(let digest): return Self.holds(path, digest)
    case .entries(let artifact):
      // A recipe that cannot be read any more is found by whoever needs it.
      guard let layer = try? readLayer(artifact) else { return true }
      for entry in layer.entries {
        guard case .file(let digest) = entry.content else { continue }
        guard Self.holds("\(path)/\(entry.path)", digest) else { return false }
        // The threads of the language are few.
        await Task.yield()
      }
      return true
    }
  }

  private static func holds(_ path: String, _ digest: Digest) -> Bool {
    // Without root some files are not even their owner's to read.
    if access(path, R_OK) != 0, errno == EACCES { return true }
    guard let file = try? OpenFile(reading: path) else { return false }
    var hasher = DigestHasher()
    guard (try? file.forEachChunk { hasher.update($0) }) != nil else { return false }
    return hasher.finish() == digest
  }

  /// Takes a checkout away that is not what it has to be. Not removed at once: actions that have it mounted end first.
  private func setAside(_ path: String) throws {
    let lock = try FileLock(at: "\(locks)/checkouts")
    try lock.wait(exclusive: true)
    let rubbish = try makeScratchFolder()
    if rename(path, rubbish + "/damaged") != 0, errno != ENOENT {
      throw OpenFile.failure("cannot remove", path)
    }
    unlink(path + ".used")
  }
}
