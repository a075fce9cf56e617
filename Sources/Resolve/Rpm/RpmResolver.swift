import GraphCore
import Manifests

/// Reads the specs of `rpms:` and finds their sources.
struct RpmResolver {
  let ports: Resolver.Ports
  let workspace: Workspace

  private struct Opened {
    let rpm: RpmTarget
    let tree: any SourceTree
    let spec: SpecFile
    let leaf: Leaf
    let home: Architecture

    func request(_ architecture: Architecture, in workspace: Workspace) -> SpecReader.Request {
      SpecReader.Request(
        rpm: rpm, spec: spec, path: rpm.git == nil ? "\(workspace.root)/\(rpm.spec.value)" : nil,
        architecture: architecture)
    }
  }

  /// - Parameter asked: the architectures that are asked for; `nil` for all.
  func resolve(
    asked: Set<Architecture>?, pins: inout Pins, diagnostics: inout Diagnostics
  ) async throws -> [ResolvedRpm] {
    var opened: [Opened] = []
    for rpm in workspace.rpms {
      do {
        if let spec = try open(rpm, pins: &pins) { opened.append(spec) }
      } catch let error as GraphError where error.kind == .user {
        diagnostics.add(
          .error(error.message, at: (rpm.git?.url ?? rpm.spec).location, hint: error.hint, code: error.code))
      } catch let error as GraphError where pins.isListing && error.kind != .bug {}
    }
    let reader = SpecReader(programs: ports.programs)
    let first = try await reader.facts(opened.map { $0.request($0.home, in: workspace) })
    var rpms: [(opened: Opened, rpm: ResolvedRpm)] = []
    var more: [(index: Int, request: SpecReader.Request)] = []
    for (spec, answer) in zip(opened, first) {
      switch answer {
      case .failure(let error): diagnostics.add(spec.spec.diagnostic(of: error))
      case .success(let facts):
        var rpm = ResolvedRpm(target: spec.rpm, spec: spec.leaf, home: spec.home, facts: [spec.home: facts])
        for architecture in spec.rpm.architectures.map(\.value) {
          guard let tag = facts.exclusion(of: architecture) else { continue }
          rpm.exclusions[architecture] = (tag, spec.spec.location(ofTag: tag))
        }
        if !rpm.isNoarch {
          let wanted = rpm.architectures.filter {
            $0 != spec.home && (asked?.contains($0) ?? true || $0 == rpm.sharedFrom)
          }
          more += wanted.map { (rpms.count, spec.request($0, in: workspace)) }
        }
        rpms.append((spec, rpm))
      }
    }
    for (item, answer) in zip(more, try await reader.facts(more.map(\.request))) {
      switch answer {
      case .failure(let error): diagnostics.add(item.request.spec.diagnostic(of: error))
      case .success(let facts): rpms[item.index].rpm.facts[item.request.architecture] = facts
      }
    }
    warnOfRequirements(rpms.map { ($0.opened.spec, $0.rpm) }, &diagnostics)
    return try rpms.map { opened, rpm in
      var rpm = rpm
      rpm.sources = try sources(of: rpm, opened, pins, &diagnostics)
      return rpm
    }
  }

  /// What other targets make is not among the host's tools.
  private func warnOfRequirements(
    _ rpms: [(spec: SpecFile, rpm: ResolvedRpm)], _ diagnostics: inout Diagnostics
  ) {
    var providers: [String: Label] = [:]
    for (_, rpm) in rpms {
      for name in rpm.facts.values.flatMap(\.provides) { providers[name] = rpm.target.label.value }
    }
    for (spec, rpm) in rpms {
      guard case .host = rpm.target.buildRoot else { continue }
      for request in Set(rpm.facts.values.flatMap(\.buildRequires)).sorted() {
        let name = request.split(separator: " ").first.map(String.init) ?? request
        guard let provider = providers[name] else { continue }
        diagnostics.add(
          .warning(
            "'\(name)' is made by '\(provider)', and a build root of the host's tools does not have it",
            at: spec.location(ofTag: "BuildRequires", naming: name),
            hint: "build it in a base whose repositories have it: 'buildroot: {base: //base/NAME}'"))
      }
    }
  }

  private func open(_ rpm: RpmTarget, pins: inout Pins) throws -> Opened? {
    let tree: any SourceTree
    if let git = rpm.git {
      let pin = try pins.git(git.url.value, branch: git.branch.value, using: ports.git)
      tree = GitSourceTree(url: git.url.value, commit: pin.commit, repositories: ports.git)
    } else {
      tree = LocalSourceTree(
        root: workspace.root, origin: "", digests: ports.digests, observer: ports.observer)
    }
    guard let bytes = try tree.read(rpm.spec.value), let leaf = try tree.leaf(at: rpm.spec.value) else {
      // Of the workspace: the reader has reported it.
      if rpm.git == nil { return nil }
      throw GraphError(
        .user, "'\(tree.origin)' has no file '\(rpm.spec.value)'", hint: "correct 'spec', or the branch")
    }
    guard let home = rpm.architectures.first?.value else { return nil }
    let name = rpm.git.map { "\(GitURL.shown($0.url.value))#\(rpm.spec.value)" } ?? rpm.spec.value
    return Opened(rpm: rpm, tree: tree, spec: SpecFile(name: name, bytes: bytes), leaf: leaf, home: home)
  }

  /// The files that the spec names, and all that are declared one by one: what a spec includes is no Source line.
  private func sources(
    of rpm: ResolvedRpm, _ opened: Opened, _ pins: Pins, _ diagnostics: inout Diagnostics
  ) throws -> [ResolvedRpm.Source] {
    var found: [String: ResolvedRpm.Source.Content] = [:]
    var folders = [opened.rpm.spec.value.split(separator: "/").dropLast().joined(separator: "/")]
    for source in opened.rpm.sources {
      switch source {
      case .path(let path):
        if let leaf = try opened.tree.leaf(at: path.value) {
          found[path.value.split(separator: "/").last.map(String.init) ?? path.value] = .file(leaf)
        } else if try opened.tree.kind(path.value) == .folder {
          folders.append(path.value)
        } else if opened.rpm.git != nil {
          diagnostics.add(.error("'\(opened.tree.origin)' has no '\(path.value)'", at: path.location))
        }
      case .pinned(let download):
        found[download.name] = .download(download)
        do {
          try pins.checkRepository(download.url.value)
        } catch {
          diagnostics.add(
            .error(error.message, at: download.url.location, hint: error.hint, code: error.code))
        }
      }
    }
    for name in Set(rpm.facts.values.flatMap(\.sources)).sorted(by: { $0.precedesInBytes($1) }) {
      for folder in folders where found[name] == nil {
        if let leaf = try opened.tree.leaf(at: folder.isEmpty ? name : "\(folder)/\(name)") {
          found[name] = .file(leaf)
        }
      }
      if found[name] == nil {
        diagnostics.add(
          .error(
            "the source '\(name)' is not beside the spec, and '\(opened.rpm.label.value)' does not declare it",
            at: opened.spec.location(ofSource: name),
            hint: "put it there, or add it to 'sources' at \(opened.rpm.location): a path, or {url, sha256}"))
      }
    }
    return found.sorted { $0.key.precedesInBytes($1.key) }.map { .init(name: $0.key, content: $0.value) }
  }
}
