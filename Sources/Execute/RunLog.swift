import Synchronization

/// What a command prints, without secrets, and bounded: of more than twice `halfSizeBytes` the middle is left out.
final class RunLog: Sendable {
  private struct State {
    var head: [UInt8] = []
    /// A ring once it is full; `start` is the oldest byte.
    var tail: [UInt8] = []
    var start = 0
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
    for byte in bytes.dropFirst(room) {
      if state.tail.count < halfSizeBytes {
        state.tail.append(byte)
      } else {
        state.tail[state.start] = byte
        state.start = (state.start + 1) % halfSizeBytes
        state.dropped += 1
      }
    }
  }

  /// What was printed so far; nothing may be appended after it was read.
  var bytes: [UInt8] {
    state.withLock { state in
      keep(redactor.take(from: &state.pending, isEnd: true), in: &state)
      let note = state.dropped == 0 ? "" : "\n[… \(state.dropped) bytes left out …]\n"
      return state.head + Array(note.utf8) + state.tail[state.start...] + state.tail[..<state.start]
    }
  }
}
