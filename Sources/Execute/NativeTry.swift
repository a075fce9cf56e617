import GraphCore
import Glibc
import Subprocess
import SystemPackage

/// Whether this machine runs programs of a 32-bit architecture of its processor's family itself: found out by running
/// one, since the kernel may be made or started without them.
enum NativeTry {
  /// A program that ends with status 0; `nil` where none is known for the architecture.
  static func program(for architecture: Architecture) -> [UInt8]? {
    guard architecture.name == "i686" else { return nil }
    // xor ebx, ebx; lea eax, [ebx + 1]; int 0x80: exit(0).
    return executable([0x31, 0xdb, 0x8d, 0x43, 0x01, 0xcd, 0x80], magic: architecture.names.elfMagic)
  }

  static func succeeds(for architecture: Architecture) async -> Bool {
    guard architecture.mayRunNatively else { return false }
    if architecture == .host { return true }
    guard let program = program(for: architecture), let folder = try? FileSystem.makeScratch(in: "/tmp")
    else {
      return false
    }
    let path = folder + "/try"
    defer {
      unlink(path)
      rmdir(folder)
    }
    guard write(program, to: path) else { return false }
    // A process that another thread is just starting may hold the file open for writing, and so busy, for a moment.
    for _ in 0..<5 {
      if let result = try? await Subprocess.run(.path(FilePath(path)), output: .discarded, error: .discarded)
      {
        if case .exited(0) = result.terminationStatus { return true }
        return false
      }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  private static func write(_ bytes: [UInt8], to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o700)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count
  }

  /// A 32-bit little-endian ELF file of one segment that holds headers and code. Source: ELF-32, sections 1 and 2.
  private static func executable(_ code: [UInt8], magic: [UInt8]) -> [UInt8] {
    let (base, headers): (UInt32, UInt32) = (0x0804_8000, 84)
    let size = headers + UInt32(code.count)
    func words(_ values: [UInt32]) -> [UInt8] {
      values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }
    func halves(_ values: [UInt16]) -> [UInt8] {
      values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
    // version, entry, program headers, section headers, flags; then the sizes and counts of both tables.
    let header = magic + words([1, base + headers, 52, 0, 0]) + halves([52, 32, 1, 0, 0, 0])
    // PT_LOAD, readable and executable.
    return header + words([1, 0, base, base, size, size, 5, 0x1000]) + code
  }
}
