import GraphCore

#if canImport(Glibc)
  private import Glibc
#else
  private import Musl
#endif

/// The few questions that readers ask about files, as functions, so that tests need no disk.
public struct FileSystem: Sendable {
  public enum Kind: Sendable {
    case file, folder, other
  }

  /// What a path is after following symbolic links; `nil` where there is nothing.
  public var kind: @Sendable (_ path: String) -> Kind?
  /// The path without symbolic links; `nil` where there is nothing.
  public var resolved: @Sendable (_ path: String) -> String?
  /// The names in a folder, in any order; `nil` where it is none or cannot be read.
  public var names: @Sendable (_ folder: String) -> [String]?
  /// The bytes of a regular file, at most one more than `SourceText.bytesMax`; `nil` where it cannot be read.
  public var contents: @Sendable (_ path: String) -> [UInt8]?

  public init(
    kind: @escaping @Sendable (String) -> Kind?, resolved: @escaping @Sendable (String) -> String?,
    names: @escaping @Sendable (String) -> [String]?, contents: @escaping @Sendable (String) -> [UInt8]?
  ) {
    (self.kind, self.resolved, self.names, self.contents) = (kind, resolved, names, contents)
  }

  /// The same, with an observer that is told of each path first.
  public func observed(by observer: any FileObserver) -> FileSystem {
    func telling<Answer>(
      _ tell: @escaping @Sendable (String) -> Void, _ ask: @escaping @Sendable (String) -> Answer
    ) -> @Sendable (String) -> Answer {
      { path in
        tell(path)
        return ask(path)
      }
    }
    // Where a path leads depends on its folders, too: those are looked at by whoever lists them.
    return FileSystem(
      kind: telling(observer.willIdentify, kind), resolved: telling(observer.willIdentify, resolved),
      names: telling(observer.willLook, names), contents: telling(observer.willLook, contents))
  }

  /// The machine's own.
  public static let disk = FileSystem(
    kind: { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      switch status.st_mode & S_IFMT {
      case S_IFREG: return .file
      case S_IFDIR: return .folder
      default: return .other
      }
    },
    resolved: { path in
      guard let pointer = realpath(path, nil) else { return nil }
      defer { free(pointer) }
      return String(validatingCString: pointer)
    },
    names: { folder in
      guard let stream = opendir(folder) else { return nil }
      defer { closedir(stream) }
      var names: [String] = []
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
      }
      return names
    },
    contents: { path in
      // Opened without waiting, so that a pipe in the place of a file cannot hold us up.
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      var bytes: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while bytes.count <= SourceText.bytesMax {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return nil }
        if count == 0 { break }
        bytes += chunk[..<count]
      }
      return bytes
    })
}
