import Glibc
import Testing

@testable import GraphCore

@Suite("the table of architectures")
struct ArchitectureTests {
  @Test("names of one kind are used once, and every row ends in noarch")
  func unique() {
    for names in [
      Architecture.all.map(\.names.name), Architecture.all.map(\.names.machine),
      Architecture.all.map(\.names.debian), Architecture.all.map(\.names.baseArch),
      Architecture.all.compactMap(\.names.dockerPrefix),
      Architecture.all.map { $0.names.oci + ($0.names.ociVariant ?? "") },
    ] {
      #expect(Set(names).count == names.count, "\(names)")
    }
    for architecture in Architecture.all {
      #expect(architecture.names.compatible.last == "noarch")
      #expect(architecture.names.compatible.first == architecture.names.rpm)
      #expect(Architecture(architecture.name) == architecture)
      for synonym in architecture.names.synonyms { #expect(Architecture(synonym) == architecture) }
    }
  }

  @Test("the names of the field: a synonym is read as the canonical name, another one only leads to it")
  func otherNames() throws {
    #expect(Architecture("i386")?.name == "i686" && Architecture("i686")?.name == "i686")
    #expect(try Label("//app/a:i386") == Label("//app/a:i686"))
    #expect(try Label("//app/a:i386").description == "//app/a:i686")
    #expect(try LabelPattern("//...:i386").matches(Label("//app/a:i686")))
    let names = [
      "amd64": "x86_64", "x86-64": "x86_64", "386": "i686", "i586": "i686", "arm64": "aarch64",
      "arm64v8": "aarch64", "arm32v7": "armhfp", "armhf": "armhfp", "armv7hl": "armhfp", "armv7l": "armhfp",
      "arm32v6": "armel", "ppc64el": "ppc64le", "ppc64p7": "ppc64",
    ]
    for (name, canonical) in names {
      #expect(Architecture(name) == nil)
      #expect(Architecture.known(as: name)?.name == canonical, "\(name)")
      #expect(throws: LabelError.self) { try Label("//app/a:\(name)") }
      for text in ["//app/a:\(name)", "//app/...:\(name)"] {
        do {
          _ = try LabelPattern(text)
          Issue.record("'\(text)' was read")
        } catch {
          #expect(
            error.description.hasPrefix("'\(name)' in '\(text)' is no architecture: write '\(canonical)';"))
        }
      }
    }
    #expect(Architecture.hint(for: "noarch").contains("every architecture"))
    #expect(Architecture.hint(for: "nosrc").contains("the source of packages"))
    #expect(Architecture.hint(for: "risc64").contains("did you mean 'riscv64'?"))
  }

  @Test("platforms of OCI documents, normalised as engines do it")
  func platforms() {
    let read: [(String, String?, String?)] = [
      ("amd64", nil, "x86_64"), ("amd64", "v1", "x86_64"), ("x86_64", nil, "x86_64"), ("amd64", "v3", nil),
      ("386", nil, "i686"), ("i386", "", "i686"), ("arm64", nil, "aarch64"), ("arm64", "v8", "aarch64"),
      ("arm64", "8", "aarch64"), ("aarch64", "v8.0", "aarch64"), ("arm64", "v9", nil), ("arm", nil, "armhfp"),
      ("arm", "7", "armhfp"), ("armhf", nil, "armhfp"), ("arm", "v6", "armel"), ("armel", nil, "armel"),
      ("arm", "v5", nil), ("ppc64le", nil, "ppc64le"), ("ppc64", nil, "ppc64"), ("s390x", nil, "s390x"),
      ("riscv64", nil, "riscv64"), ("wasm", nil, nil),
    ]
    for (name, variant, expected) in read {
      #expect(
        Architecture(oci: name, variant: variant)?.name == expected,
        "\(name) \(variant ?? "without a variant")")
    }
    for architecture in Architecture.all {
      let names = architecture.names
      #expect(Architecture(oci: names.oci, variant: names.ociVariant) == architecture)
    }
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
      #expect(
        accepts(magic, mask) == (other.names.qemu == architecture.names.qemu), "the host's, for \(other)")
      #expect(
        accepts(names.elfMagic, names.elfMask) == (other.names.qemu == names.qemu), "ours, for \(other)")
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
