import CSolv
import Formats
import GraphCore
import Glibc

/// The metadata of a repository as libsolv reads it at once: its solv format, made of `primary` and `filelists`.
///
/// All that is solved is solved on this, also the first time: to parse XML again may number names otherwise, and where
/// nothing else decides, the lower number does.
struct LoadedMetadata: Sendable {
  let bytes: [UInt8]

  /// - Parameters:
  ///   - primary: `primary.xml`, not compressed.
  ///   - filelists: `filelists.xml`, not compressed.
  ///   - repository: what messages call it.
  /// - Throws: `SolverError.metadata`.
  init(primary: [UInt8], filelists: [UInt8]?, repository: String) throws(SolverError) {
    // It only parses: which architectures fit is asked later.
    let pool = PackagePool(architecture: .host)
    guard let made = repo_create(pool.pointer, repository) else {
      throw .metadata(repository: repository, message: "no memory")
    }
    try Self.parse(primary, into: made, pool, flags: 0)
    if let filelists { try Self.parse(filelists, into: made, pool, flags: REPO_EXTEND_SOLVABLES) }
    Self.noteFileProvides(made, pool)
    var start: UnsafeMutablePointer<CChar>?
    var size = 0
    guard let stream = open_memstream(&start, &size) else {
      throw .metadata(repository: repository, message: "no memory")
    }
    let code = repo_write(made, stream)
    fclose(stream)
    defer { free(start) }
    guard code == 0, let start else {
      throw .metadata(repository: repository, message: pool.errorText)
    }
    bytes = Array(UnsafeRawBufferPointer(start: start, count: size))
  }

  /// Finds the paths that packages require in the lists of files now, and notes which it looked for, so that whoever loads
  /// this need not look for them again.
  private static func noteFileProvides(_ repository: UnsafeMutablePointer<Repo>, _ pool: PackagePool) {
    let paths = IDQueue()
    pool_addfileprovides_queue(pool.pointer, paths.pointer, nil)
    guard paths.pointer.pointee.count > 0, let data = repo_id2repodata(repository, 1) else { return }
    repodata_set_idarray(data, Id(SOLVID_META), Id(REPOSITORY_ADDEDFILEPROVIDES), paths.pointer)
    repodata_internalize(data)
  }

  /// What an earlier process made.
  init(made bytes: [UInt8]) { self.bytes = bytes }

  private static func parse(
    _ xml: [UInt8], into repository: UnsafeMutablePointer<Repo>, _ pool: PackagePool, flags: Int32
  ) throws(SolverError) {
    let code = reading(xml) { repo_add_rpmmd(repository, $0, nil, flags) }
    if code == 0 { return }
    let name = repository.pointee.name.map { String(cString: $0) } ?? ""
    throw .metadata(repository: name, message: xml.isEmpty ? "the file is empty" : pool.errorText)
  }

  /// Adds the packages to a repository of a pool.
  func add(to repository: UnsafeMutablePointer<Repo>, _ pool: PackagePool) throws(SolverError) {
    let code = Self.reading(bytes) { repo_add_solv(repository, $0, 0) }
    if code == 0 { return }
    let name = repository.pointee.name.map { String(cString: $0) } ?? ""
    throw .metadata(repository: name, message: pool.errorText)
  }

  private static func reading(_ bytes: [UInt8], _ body: (UnsafeMutablePointer<FILE>) -> Int32) -> Int32 {
    bytes.withUnsafeBufferPointer { buffer -> Int32 in
      guard let start = buffer.baseAddress,
        let stream = fmemopen(UnsafeMutableRawPointer(mutating: start), buffer.count, "r")
      else { return -1 }
      defer { fclose(stream) }
      return body(stream)
    }
  }
}

/// Loaded metadata of earlier processes, by what they were made of. Nothing is lost with them.
///
/// A file is the SHA-256 of what follows, and the metadata.
public struct MetadataCache: Sendable {
  private let folder: String
  private var keeps = true

  public init(folder: String) { self.folder = folder }

  /// The same for who writes nothing.
  public var readOnly: MetadataCache {
    var cache = self
    cache.keeps = false
    return cache
  }

  private static let ageMax = 30 * 86_400
  private static let checksumSize = 32
  private static let bytesMax = 1 << 30

  /// What metadata of these digests is called: another version of libsolv may read it otherwise.
  static func name(primary: Digest, filelists: Digest?) -> String {
    Digest(
      ofText:
        "graph-metadata 1 \(PackageSolver.libraryVersion) \(primary) \(filelists.map { "\($0)" } ?? "-")"
    ).hex
  }

  /// - Returns: `nil` where there is none that is whole.
  func load(_ name: String) -> LoadedMetadata? {
    let path = "\(folder)/\(name)"
    guard let content = try? OpenFile(reading: path).readAll(atMost: Self.bytesMax),
      content.count > Self.checksumSize
    else { return nil }
    let body = Array(content[Self.checksumSize...])
    guard Digest(of: body).bytes.elementsEqual(content[..<Self.checksumSize]) else { return nil }
    if keeps { utimensat(AT_FDCWD, path, nil, 0) }
    return LoadedMetadata(made: body)
  }

  /// Keeps it for the next process, and forgets what nobody used for a month. What cannot be kept is made again.
  func keep(_ metadata: LoadedMetadata, _ name: String) {
    if !keeps { return }
    mkdir(folder, 0o755)
    let oldest = time(nil) - Self.ageMax
    for other in (try? Folders.names(in: folder)) ?? [] {
      var status = stat()
      if stat("\(folder)/\(other)", &status) == 0, status.st_mtim.tv_sec < oldest {
        unlink("\(folder)/\(other)")
      }
    }
    let draft = "\(folder)/\(name).\(getpid())"
    let content = Array(Digest(of: metadata.bytes).bytes) + metadata.bytes
    guard (try? OpenFile(creating: draft).write(content)) != nil, rename(draft, "\(folder)/\(name)") == 0
    else {
      unlink(draft)
      return
    }
  }
}
