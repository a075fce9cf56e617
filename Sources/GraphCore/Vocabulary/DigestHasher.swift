import CCrypto

/// Streaming SHA-256 by libcrypto, which uses the processor's own instructions where it has them.
public struct DigestHasher: ~Copyable {
  private let context: OpaquePointer?
  private var size: Int64 = 0

  /// The library would take itself apart at the end of the process, while other threads may still be hashing.
  private static let staysToTheEnd = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

  public init() {
    _ = Self.staysToTheEnd
    context = EVP_MD_CTX_new()
    precondition(
      context != nil && EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1,
      "libcrypto has no SHA-256: it is built without its default provider")
  }

  deinit { EVP_MD_CTX_free(context) }

  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    size += Int64(bytes.count)
  }

  /// The digest of everything since the last `finish()`; the hasher starts over.
  public mutating func finish() -> Digest {
    var output = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &output, nil)
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    defer { size = 0 }
    guard let digest = Digest(sha256: output, size: size) else {
      preconditionFailure("SHA-256 is 32 bytes")
    }
    return digest
  }
}
