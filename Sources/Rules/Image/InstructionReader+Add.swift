import GraphCore
import Manifests
import Resolve

/// ADD: what COPY does, and archives that are unpacked, files of the network by their checksum, and git repositories.
extension InstructionReader {
  mutating func readAdd(_ add: Dockerfile.Add, _ instruction: Dockerfile.Instruction) throws {
    let copy = add.copy
    let sources = expand(copy.sources, instruction)
    if add.keepsGitFolder {
      fail(
        "ADD --keep-git-dir is not built: graph takes the files of a commit, without its history",
        instruction,
        hint: "leave the flag out")
      return
    }
    if let checksum = add.checksum,
      sources.count != 1 || !sources.allSatisfy({ Self.isAddress($0.value) || GitReference($0.value) != nil })
    {
      failAt(checksum.location, "--checksum is for one address", hint: "write an ADD of its own for it")
      return
    }
    var files = CopySources()
    var local: [Located<String>] = []
    var numbers: [Int] = []
    for (number, source) in sources.enumerated() {
      if let reference = GitReference(source.value) {
        try addRepository(reference, source, number, add, instruction, to: &files)
      } else if Self.isAddress(source.value) {
        addFile(source, number, add, instruction, to: &files)
      } else {
        local.append(source)
        numbers.append(number)
      }
    }
    if hasFailed { return }
    if !local.isEmpty {
      guard let context = try context(instruction),
        try select(
          local, numbers: numbers, in: context, copy, instruction, unpacks: add.unpacks ?? true, into: &files)
      else { return }
    }
    addDocuments(copy, instruction, to: &files)
    addCopy(copy, [], files, [], instruction)
  }

  private static func isAddress(_ text: String) -> Bool {
    ["http://", "https://", "ftp://"].contains { text.lowercased().hasPrefix($0) }
  }

  /// A file of the network: fetched by a node of its own, by its checksum.
  private mutating func addFile(
    _ source: Located<String>, _ number: Int, _ add: Dockerfile.Add, _ instruction: Dockerfile.Instruction,
    to files: inout CopySources
  ) {
    let url = source.value
    guard let checksum = add.checksum else {
      failAt(
        source.location, "ADD of an address needs its checksum",
        hint: "write 'ADD --checksum=sha256:…'; 'curl -sSL \(url) | sha256sum' prints it")
      return
    }
    let text = expand(checksum.value, instruction).lowercased()
    let hex = text.hasPrefix("sha256:") ? String(text.dropFirst("sha256:".count)) : ""
    guard Digest(hex: hex, size: 0) != nil else {
      failAt(
        checksum.location, "'--checksum=\(checksum.value)' is no SHA-256",
        hint: "write 'sha256:' and 64 hexadecimal digits")
      return
    }
    guard compilation.resolved.workspace.settings.policy.allowsFetch(url) else {
      failAt(
        source.location, "'\(GitURL.shown(url))' is not allowed by 'policy' of graph.yml",
        hint: "name another source, or add it to 'repositories'")
      return
    }
    let path = url.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").dropFirst(2)
    let name = path.last.map { Self.decoded($0) } ?? ""
    let destination = expand(add.copy.destination, instruction)
    let isNamed = !name.isEmpty && name != "." && name != ".." && !name.contains("/")
    guard isNamed || !destination.hasSuffix("/") else {
      failAt(
        source.location, "'\(url)' names no file",
        hint: "give the file a name: write the destination without the slash at its end")
      return
    }
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(self.number) fetch", detail: isNamed ? name : url,
        action: Action(
          rule: FetchOperation.rule, arguments: [.init("sha256", hex)], outputs: [.init("file", .blob)],
          limits: .init(memoryMegabytes: 32, isWaiting: true), hints: ["url": url]),
        location: instruction.location))
    let kind = add.unpacks == true ? "private?" : "private"
    let own = isNamed ? name : "file"
    files.add(number, kind, add.copy.isAlone ? .named(own) : .below(own), .output(node, "file"))
  }

  /// The files of a repository at its pinned commit.
  private mutating func addRepository(
    _ reference: GitReference, _ source: Located<String>, _ number: Int, _ add: Dockerfile.Add,
    _ instruction: Dockerfile.Instruction, to files: inout CopySources
  ) throws {
    guard reference.revision != nil else {
      failAt(
        source.location, "ADD of a git repository names what of it",
        hint: "write a branch, a tag or a commit after '#': '\(reference.url)#main'")
      return
    }
    guard let repository = image.repositories[source.value] else {
      // What is said there has been reported by resolving; what only the base's environment says is not known there.
      failAt(
        source.location, "'\(source.value)' is not pinned",
        hint: "its variables have to be set by ARG or ENV of this Dockerfile")
      return
    }
    if let checksum = add.checksum.map({ expand($0.value, instruction) }),
      checksum.isEmpty || !repository.pin.commit.hasPrefix(checksum.lowercased())
    {
      failAt(
        source.location,
        "'\(source.value)' is at commit \(repository.pin.commit), which is not '\(checksum)'",
        hint: "correct --checksum, or name the commit itself after '#'")
      return
    }
    let context = try compilation.files(
      of: repository.tree, RepositoryPath.join("", repository.folder) ?? repository.folder)
    _ = try select(
      [Located(".", at: source.location)], numbers: [number], in: context, add.copy, instruction,
      unpacks: false, into: &files)
  }

  /// A part of a URL without its percent escapes; as it is where they are no UTF-8.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let two = String(rest.prefix(2)), let value = UInt8(two, radix: 16),
        two.utf8.count == 2
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    let name = String(validating: bytes, as: UTF8.self) ?? String(text)
    return name.utf8.contains(0) ? String(text) : name
  }
}
