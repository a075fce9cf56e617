import GraphCore
import Manifests

/// Reads the options of one RUN --mount. Source: the Dockerfile reference, RUN --mount, with BuildKit's defaults.
struct MountReader {
  /// What is wrong, and how to mend it.
  struct Fault: Error {
    let message: String
    let hint: String?
    init(_ message: String, _ hint: String?) {
      self.message = message
      self.hint = hint
    }
  }

  /// With its variables replaced.
  let mount: Dockerfile.Mount
  let workingDirectory: String
  /// How many sockets of agents the RUN has already.
  let socketNumber: Int

  /// - Parameter content: what a bind shows, and a cache with `from=` begins with.
  func read(showing content: Command.Mount.Content) throws(Fault) -> Command.Mount {
    switch mount.kind {
    case .bind:
      return Command.Mount(
        target: try requiredTarget(), .bind(content, isWritable: mount.isWritable == true))
    case .tmpfs: return Command.Mount(target: try requiredTarget(), .memory(sizeBytes: try size()))
    case .cache:
      let target = try requiredTarget()
      return Command.Mount(
        target: target,
        .cache(
          .init(
            id: mount.id ?? target, sharing: sharing, isReadOnly: mount.isWritable == false,
            access: try access(mode: 0o755), content: mount.from == nil ? nil : content)))
    case .secret: return try secret()
    case .ssh:
      let target = try target() ?? "/run/buildkit/ssh_agent.\(socketNumber)"
      return Command.Mount(
        target: target,
        .agent(
          .init(id: mount.id ?? "default", isRequired: mount.isRequired, access: try access(mode: 0o600))))
    }
  }

  private func secret() throws(Fault) -> Command.Mount {
    let written = mount.source ?? mount.id
    let base = mount.target?.split(separator: "/").last.map(String.init)
    guard let id = written ?? base, !id.isEmpty else {
      throw Fault("a secret needs a name", "write --mount=type=secret,id=NAME")
    }
    if let name = mount.environmentName, name.isEmpty || name.contains("=") {
      throw Fault("'\(name)' is no name of a variable", "write --mount=type=secret,id=NAME,env=VARIABLE")
    }
    var place = try target() ?? ""
    if place.isEmpty, mount.environmentName == nil {
      let name = id.split(separator: "/").last.map(String.init) ?? id
      place = InstructionReader.join("/run/secrets", name)
    }
    return Command.Mount(
      target: place,
      .secret(
        .init(
          id: id, isRequired: mount.isRequired, access: try access(mode: 0o400),
          environmentName: mount.environmentName)))
  }

  private var sharing: Command.Mount.Cache.Sharing {
    switch mount.sharing {
    case .shared: .shared
    case .private: .private
    case .locked: .locked
    }
  }

  // MARK: Values

  /// Absolute, from WORKDIR on; `nil` where nothing is said.
  private func target() throws(Fault) -> String? {
    guard let written = mount.target, !written.isEmpty else { return nil }
    let path = InstructionReader.join(workingDirectory, written)
    if path == "/" {
      throw Fault("a mount cannot cover the whole root", "name a folder as its target")
    }
    return path
  }

  private func requiredTarget() throws(Fault) -> String {
    if let target = try target() { return target }
    throw Fault(
      "a mount of type \(mount.kind.rawValue) needs a target",
      "write --mount=type=\(mount.kind.rawValue),target=FOLDER")
  }

  private func access(mode: UInt16) throws(Fault) -> Command.Mount.Access {
    var access = Command.Mount.Access(mode: mode)
    if let text = mount.mode {
      guard let value = UInt16(text, radix: 8), value <= 0o7777 else {
        throw Fault("mode '\(text)' is no octal mode", "write it such as mode=0440")
      }
      access.mode = value
    }
    access.user = try id(mount.user, "uid")
    access.group = try id(mount.group, "gid")
    return access
  }

  private func id(_ text: String?, _ option: String) throws(Fault) -> UInt32 {
    guard let text else { return 0 }
    // The last number means nobody to the kernel.
    guard let value = UInt32(text), value < .max else {
      throw Fault("\(option) '\(text)' is no number of a user or group", "write it such as \(option)=1000")
    }
    return value
  }

  /// In bytes; none, which is no limit, also for 0.
  private func size() throws(Fault) -> UInt64? {
    guard let text = mount.size else { return nil }
    guard let bytes = mount.sizeInBytes.flatMap({ UInt64(exactly: $0) }) else {
      throw Fault("size '\(text)' is no number of bytes", "write it such as size=64m")
    }
    return bytes == 0 ? nil : bytes
  }
}
