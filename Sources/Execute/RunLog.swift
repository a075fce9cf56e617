import Synchronization

/// What a command prints, without secrets, and bounded: of more than twice `halfSizeBytes` the middle is left out.
final class RunLog: Sendable {
  private struct State {
    var head: [UInt8] = []
    /// What came after it, as it came; whole parts are dropped from `start` on.
    var tail: [[UInt8]] = []
    var start = 0
    var tailCount = 0
    var dropped = 0
    /// What may be the beginning of a secret.
    var pending: [UInt8] = []
  }

  private let state = Mutex(State())
  private let halfSizeBytes: Int
  private let redactor: Redactor

  /// - Parameter halfSizeBytes: how much of the beginning and how much of the end is kept; 32 MiB each in production.
  init(halfSizeBytes: Int = 32 << 20, redactor: Redactor = Redactor()) {
    self.halfSizeBytes = halfSizeBytes
    self.redactor = redactor
  }

  func append(_ bytes: [UInt8]) {
    state.withLock { state in
      state.pending += bytes
      keep(redactor.take(from: &state.pending, isEnd: false), in: &state)
    }
  }

  private func keep(_ bytes: [UInt8], in state: inout State) {
    let room = halfSizeBytes - state.head.count
    state.head += bytes.prefix(room)
    if bytes.count <= room { return }
    state.tail.append(room > 0 ? Array(bytes.dropFirst(room)) : bytes)
    state.tailCount += bytes.count - room
    while state.tailCount - state.tail[state.start].count >= halfSizeBytes {
      state.tailCount -= state.tail[state.start].count
      state.dropped += state.tail[state.start].count
      state.tail[state.start] = []
      state.start += 1
    }
    // Not at each part, because what is left has to be moved.
    if state.start > 1024 {
      state.tail.removeFirst(state.start)
      state.start = 0
    }
  }

  /// What was printed so far; nothing may be appended after it was read.
  var bytes: [UInt8] {
    state.withLock { state in
      keep(redactor.take(from: &state.pending, isEnd: true), in: &state)
      var tail = Array(state.tail[state.start...].joined())
      let dropped = state.dropped + max(0, tail.count - halfSizeBytes)
      tail = tail.suffix(halfSizeBytes)
      let note = dropped == 0 ? "" : "\n[… \(dropped) bytes left out …]\n"
      return state.head + Array(note.utf8) + tail
    }
  }
}
