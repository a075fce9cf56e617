import Glibc
import GraphCore
import Subprocess
import SystemPackage

/// What this machine can and cannot do for graph, found out by trying it.
public struct Doctor: Sendable {
  /// What was found out about one thing that the machine has or lacks.
  public struct Finding: Sendable {
    public enum Verdict: String, Sendable {
      case fine = "ok"
      /// Something works less well, or not for everything.
      case limited
      /// Builds that need it fail.
      case missing
    }
    public let verdict: Verdict
    /// What was looked at.
    public let subject: String
    public let detail: String
    /// The command that mends it, where there is one.
    public let remedy: String?
  }

  private let helpers: HelperPool
  private let programs: any HostPrograms
  private let limits: ResourceLimits
  private let scratch: String

  /// - Parameters:
  ///   - limits: of actions on this machine.
  ///   - scratch: a folder for the sandboxes that are tried.
  public init(helpers: HelperPool, programs: any HostPrograms, limits: ResourceLimits, scratch: String) {
    self.helpers = helpers
    self.programs = programs
    self.limits = limits
    self.scratch = scratch
  }

  /// - Parameters:
  ///   - architectures: those that programs have to run for.
  ///   - tools: programs of the host that rules and commands run, with the Debian package each is in.
  public func examine(architectures: [Architecture], tools: [(name: String, package: String)]) async throws
    -> [Finding]
  {
    var findings = [try await sandbox(), try await overlay()]
    for architecture in architectures { findings.append(try await emulation(of: architecture)) }
    for tool in tools { findings.append(self.tool(tool.name, package: tool.package)) }
    findings.append(identities())
    return findings + (try bounds())
  }

  private func sandbox() async throws -> Finding {
    let (succeeded, text) = try await tryHelper(["--host-root", try FileSystem.makeScratch(in: scratch)])
    return succeeded
      ? Finding(
        verdict: .fine, subject: "sandbox", detail: "user, mount, pid, network namespaces", remedy: nil)
      : Finding(
        verdict: .missing, subject: "sandbox", detail: text,
        remedy: "sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000")
  }

  private func overlay() async throws -> Finding {
    let lower = try FileSystem.makeScratch(in: scratch)
    let (succeeded, text) = try await tryHelper([
      "--host-root", try FileSystem.makeScratch(in: scratch), "--target", "/target", "--lower", lower,
    ])
    return succeeded
      ? Finding(verdict: .fine, subject: "overlayfs", detail: "in a user namespace", remedy: nil)
      : Finding(verdict: .missing, subject: "overlayfs", detail: text, remedy: "modprobe overlay")
  }

  private func emulation(of architecture: Architecture) async throws -> Finding {
    let subject = "programs for \(architecture)"
    do {
      guard let emulator = try await Emulators().emulator(for: architecture) else {
        return Finding(verdict: .fine, subject: subject, detail: "native", remedy: nil)
      }
      let (succeeded, text) = try await tryHelper([
        "--host-root", try FileSystem.makeScratch(in: scratch), "--emulator", emulator.option,
      ])
      return succeeded
        ? Finding(
          verdict: .fine, subject: subject, detail: "\(emulator.version), registered by each sandbox",
          remedy: nil)
        : Finding(
          verdict: .missing, subject: subject, detail: text,
          remedy: "apt-get install binfmt-support qemu-user-static")
    } catch let error as GraphError where error.kind == .unavailable {
      return Finding(
        verdict: .missing, subject: subject, detail: error.message, remedy: "apt-get install qemu-user-static"
      )
    }
  }

  private func tool(_ name: String, package: String) -> Finding {
    if let path = programs.find(name) {
      return Finding(verdict: .fine, subject: name, detail: path, remedy: nil)
    }
    return Finding(
      verdict: .missing, subject: name, detail: "not in the search path",
      remedy: package.isEmpty ? nil : "apt-get install \(package)")
  }

  private func identities() -> Finding {
    let user = HostUser.effectiveID
    if user == 0 { return Finding(verdict: .fine, subject: "file owners", detail: "all (root)", remedy: nil) }
    if HostUser.hasSubordinateIDs, programs.find("newuidmap") != nil {
      return Finding(verdict: .fine, subject: "file owners", detail: "a subordinate range", remedy: nil)
    }
    return Finding(
      verdict: .limited, subject: "file owners",
      detail: "only one: packages and Dockerfiles that set other owners fail",
      remedy:
        "apt-get install uidmap && usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER")
  }

  /// What holds actions to the memory, processes and disk that they may use.
  private func bounds() throws -> [Finding] {
    let memory = "\(limits.memoryBytes >> 20) MiB for each action"
    let processes = "\(limits.processes) for each action"
    let disk = Finding(
      verdict: .fine, subject: "disk limit",
      detail: "measured now and then; \(limits.keepFreeBytes >> 20) MiB of the store's disk stay free",
      remedy: nil)
    switch try helpers.group {
    case .folder:
      return [
        Finding(verdict: .fine, subject: "memory limit", detail: "\(memory), by control groups", remedy: nil),
        Finding(
          verdict: .fine, subject: "process limit", detail: "\(processes), by control groups", remedy: nil),
        disk,
      ]
    case .none(let reason):
      let remedy = "systemd-run --user --scope -p Delegate=yes graph …"
      return [
        Finding(
          verdict: .limited, subject: "memory limit",
          detail:
            "\(memory), measured five times a second: \(reason), so what grows faster can fill the machine's memory",
          remedy: remedy),
        Finding(
          verdict: .limited, subject: "process limit", detail: "\(processes), \(Self.processLimit(reason))",
          remedy: remedy),
        disk,
      ]
    }
  }

  /// Without control groups, a pid namespace of Linux 6.14 has a bound of its own.
  private static func processLimit(_ reason: String) -> String {
    var system = utsname()
    uname(&system)
    let release = withUnsafeBytes(of: system.release) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    return numbers.lexicographicallyPrecedes([6, 14])
      ? "measured five times a second: \(reason)" : "by process numbers of its own: \(reason)"
  }

  private func tryHelper(_ options: [String]) async throws -> (succeeded: Bool, text: String) {
    let result = try await Subprocess.run(
      .path(FilePath(helpers.program)), arguments: Arguments(options + ["--", "/bin/true"]),
      output: .discarded,
      error: .string(limit: 1 << 16))
    if case .exited(0) = result.terminationStatus { return (true, "") }
    return (false, result.standardError.split(separator: "\n").first.map(String.init) ?? "it does not start")
  }
}
