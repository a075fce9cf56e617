import Synchronization

/// What a command prints, bounded: of more than twice `halfSizeBytes` the middle is left out.
final class RunLog: Sendable {
  private struct State {
    var head: [UInt8] = []
    /// A ring once it is full; `start` is the oldest byte.
    var tail: [UInt8] = []
    var start = 0
    var dropped = 0
  }

  private let state = Mutex(State())
  private let halfSizeBytes: Int

  /// - Parameter halfSizeBytes: how much of the beginning and how much of the end is kept; 32 MiB each in production.
  init(halfSizeBytes: Int = 32 << 20) { self.halfSizeBytes = halfSizeBytes }

  func append(_ bytes: [UInt8]) {
    state.withLock { state in
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
  }

  var bytes: [UInt8] {
    state.withLock { state in
      let note = state.dropped == 0 ? "" : "\n[… \(state.dropped) bytes left out …]\n"
      return state.head + Array(note.utf8) + state.tail[state.start...] + state.tail[..<state.start]
    }
  }
}
