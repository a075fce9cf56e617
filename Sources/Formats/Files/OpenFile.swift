import Glibc
import GraphCore

/// An open file descriptor that is closed when its owner goes away. Never inherited by a program we start.
public struct OpenFile: ~Copyable {
  public let descriptor: Int32
  /// As it was opened, for messages.
  public let path: String

  /// What a chunk of streamed bytes holds at most.
  public static let chunkSizeBytes = 256 * 1024

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Opens a file, or a folder to sync it. Anything else is refused: a pipe would be waited for without end.
  ///
  /// - Throws: `GraphError(.environment)` that names the path and the reason.
  public init(reading path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw OpenFile.failure("cannot read", path) }
    var status = stat()
    let isReadable = fstat(descriptor, &status) == 0 && [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    guard isReadable else {
      close(descriptor)
      throw GraphError(.environment, "cannot read '\(path)': it is not a file")
    }
    self.init(descriptor: descriptor, path: path)
  }

  /// Makes a new file for writing.
  ///
  /// - Throws: `GraphError(.environment)` where it exists already or cannot be made.
  public init(creating path: String, mode: UInt16 = 0o644) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
    guard descriptor >= 0 else { throw OpenFile.failure("cannot create", path) }
    self.init(descriptor: descriptor, path: path)
  }

  /// Opens what is there for writing at its end: a pipe, a terminal or a file that the shell made.
  public init(appendingTo path: String) throws {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw OpenFile.failure("cannot write to", path) }
    self.init(descriptor: descriptor, path: path)
  }

  /// Makes a new file with a name of its own in `folder`, readable by its owner only.
  public init(temporaryIn folder: String) throws {
    // Not mkstemp: its descriptor would be inherited by a program that another thread starts just now.
    while true {
      let path = "\(folder)/\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
      let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      if descriptor >= 0 {
        self.init(descriptor: descriptor, path: path)
        return
      }
      guard errno == EEXIST else { throw OpenFile.failure("cannot create", path) }
    }
  }

  /// The size and times of the file as it is now.
  public func status() throws -> stat {
    var result = stat()
    guard fstat(descriptor, &result) == 0 else { throw OpenFile.failure("cannot read", path) }
    return result
  }

  public func setMode(_ mode: UInt16) throws {
    guard fchmod(descriptor, mode_t(mode)) == 0 else {
      throw OpenFile.failure("cannot set the mode of", path)
    }
  }

  /// Writes all of `bytes` at the current position.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = Glibc.write(descriptor, start, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw OpenFile.failure("cannot write", path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  public func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  /// Reads up to the buffer's size; 0 at the end of the file.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if errno != EINTR { throw OpenFile.failure("cannot read", path) }
    }
  }

  /// Fills `buffer` from `offset` on, wherever the file stands.
  ///
  /// - Returns: how much was read: less only at the end of the file.
  public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
      if count < 0 {
        if errno == EINTR { continue }
        throw OpenFile.failure("cannot read", path)
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Some bytes from `offset` on; `nil` where the file ends before them.
  public func read(at offset: Int64, count: Int) throws -> [UInt8]? {
    let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
    return bytes.count == count ? bytes : nil
  }

  /// Hands the rest of the file to `sink`, in pieces of `chunkSizeBytes` at most.
  public func forEachChunk(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: OpenFile.chunkSizeBytes, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try read(into: buffer)
      if count == 0 { return }
      try sink(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// The rest of the file, at most `limit` bytes.
  ///
  /// - Throws: `GraphError(.environment)` where there is more than that.
  public func readAll(atMost limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let expected = Int(try status().st_size)
    guard expected <= limit else { throw tooLarge(limit) }
    bytes.reserveCapacity(expected)
    try forEachChunk { chunk in
      guard chunk.count <= limit - bytes.count else { throw tooLarge(limit) }
      bytes.append(contentsOf: chunk)
    }
    return bytes
  }

  private func tooLarge(_ limit: Int) -> GraphError {
    GraphError(.environment, "'\(path)' is larger than the \(limit) bytes that are expected of it")
  }

  /// The message for the system call that failed last.
  public static func failure(_ what: String, _ path: String, _ code: Int32 = errno) -> GraphError {
    if code == ENOSPC || code == EDQUOT { return DiskSpace.isUsedUp(for: "\(what) '\(path)'", at: path) }
    return GraphError(.environment, "\(what) '\(path)': \(String(cString: strerror(code)))")
  }
}
