import CGit2
import GraphCore

/// An object of the library with the function that frees it: owned in one place, freed with it.
struct Handle: ~Copyable {
  let pointer: OpaquePointer
  private let free: @Sendable (OpaquePointer?) -> Void

  /// - Parameter make: calls the library, which writes the new object through its argument.
  /// - Throws: `LibraryFailure` where the library reports an error or makes nothing.
  init(
    free: @escaping @Sendable (OpaquePointer?) -> Void,
    _ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(LibraryFailure) {
    Library.start()
    var made: OpaquePointer?
    let code = make(&made)
    guard code >= 0, let made else { throw LibraryFailure(code: code) }
    pointer = made
    self.free = free
  }

  deinit { free(pointer) }
}

/// What the library said when a call failed.
struct LibraryFailure: Error {
  let code: Int32
  /// Which part of the library failed: a `GIT_ERROR_…`.
  let part: Int32
  let message: String

  /// Reads the message that the library keeps for this thread: make it before the next call.
  init(code: Int32) {
    self.code = code
    part = git_error_last()?.pointee.klass ?? 0
    message = git_error_last().map { String(cString: $0.pointee.message) } ?? "git error \(code)"
  }

  /// A failure of ours, among those of the library.
  init(_ message: String) { (code, part, self.message) = (-1, 0, message) }

  /// Whether what was opened is no repository, or not one that this user may open.
  var isAboutRepository: Bool { part == Int32(GIT_ERROR_REPOSITORY.rawValue) || code == GIT_EOWNER.rawValue }

  /// Whether the failure may be the fault of a mirror: not where the origin cannot be reached or refuses.
  var mayBeDamage: Bool {
    let elsewhere = [GIT_ERROR_NET, GIT_ERROR_SSL, GIT_ERROR_SSH, GIT_ERROR_HTTP, GIT_ERROR_CALLBACK]
    return !elsewhere.contains { Int32($0.rawValue) == part } && code != GIT_EAUTH.rawValue
      && code != GIT_ECERTIFICATE.rawValue
  }

  /// Throws unless `code` is that of a success.
  static func check(_ code: Int32) throws(LibraryFailure) {
    if code < 0 { throw LibraryFailure(code: code) }
  }
}

/// The library is started when it is first needed, so that commands without git do not pay for it.
enum Library {
  /// A snapshot names commits, so what was fetched has to be there after a power cut, too.
  private static let started: Bool = git_libgit2_init() > 0 && git_sync_what_is_written() == 0

  static func start() { _ = started }
}

extension git_oid {
  /// - Parameter hex: 40 hexadecimal digits; anything else gives `nil`.
  init?(hex: String) {
    guard hex.utf8.count == 40, Hex.decode(hex) != nil else { return nil }
    self.init()
    guard git_oid_fromstr(&self, hex) == 0 else { return nil }
  }

  /// 40 lower-case hexadecimal digits.
  var hex: String { withUnsafeBytes(of: id) { Hex.encode($0) } }
}
