import Glibc
import Testing

@testable import GraphCore

@Suite("the table of architectures")
struct ArchitectureTests {
  @Test("names of one kind are used once, and every row ends in noarch")
  func unique() {
    for names in [
      Architecture.all.map(\.names.name), Architecture.all.map(\.names.machine),
      Architecture.all.map(\.names.debian),
      Architecture.all.map { $0.names.oci + ($0.names.ociVariant ?? "") }, Architecture.all.map(\.names.qemu),
    ] {
      #expect(Set(names).count == names.count, "\(names)")
    }
    for architecture in Architecture.all {
      #expect(architecture.names.compatible.last == "noarch")
      #expect(architecture.names.compatible.first == architecture.names.rpm)
      #expect(Architecture(architecture.name) == architecture)
    }
    #expect(Architecture("amd64") == nil)
  }

  /// The host's emulator package and the table say the same of an ELF header.
  @Test("ELF magic as binfmt.d of the host has it", arguments: Architecture.all)
  func magic(architecture: Architecture) throws {
    guard let file = fopen("/usr/lib/binfmt.d/qemu-\(architecture.names.qemu).conf", "r") else { return }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    let fields = text.split(separator: "\n")[0].split(separator: ":", omittingEmptySubsequences: false)
    let magic = try #require(Self.bytes(fields[4]))
    let mask = try #require(Self.bytes(fields[5]))
    #expect(magic.count == 20)
    // What the host would give to this emulator, so would the sandbox, and nothing of another architecture.
    for other in Architecture.all {
      func accepts(_ magic: [UInt8], _ mask: [UInt8]) -> Bool {
        zip(other.names.elfMagic, zip(magic, mask)).allSatisfy { $0 & $1.1 == $1.0 & $1.1 }
      }
      let names = architecture.names
      #expect(accepts(magic, mask) == (other == architecture), "the host's, for \(other)")
      #expect(accepts(names.elfMagic, names.elfMask) == (other == architecture), "ours, for \(other)")
    }
  }

  private static func bytes(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let first = rest.popFirst() {
      if first != 0x5c { bytes.append(first); continue }
      guard rest.popFirst() == 0x78, let byte = UInt8(String(Substring(rest.prefix(2))), radix: 16) else {
        return nil
      }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
