import Glibc

/// A file descriptor that text is written to, given by the caller and never closed here.
///
/// What cannot be written is dropped: a reader of the output that went away must not fail a build.
struct DescriptorOutput: Sendable {
  let descriptor: Int32

  /// Writes all of `text`, waiting where the descriptor does not block and is full.
  func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count < 0, errno == EAGAIN {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = Glibc.poll(&poll, 1, -1)
      } else if count == 0 || errno != EINTR {
        return
      }
    }
  }
}

/// The size of a terminal, in characters.
struct TerminalSize: Hashable, Sendable {
  var columns: Int
  var rows: Int

  /// What terminals have been since the VT100, for descriptors that cannot tell.
  static let usual = TerminalSize(columns: 80, rows: 24)

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// The size of the terminal at `descriptor`, or the usual one where it is none or does not know.
  init(ofTerminal descriptor: Int32) {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 {
      self.init(columns: Int(size.ws_col), rows: Int(size.ws_row))
    } else {
      self = .usual
    }
  }
}
