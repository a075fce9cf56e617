import GraphCore
import Manifests

/// Asks the workspace's own resolvers what there is to fetch: one run of a resolver for all targets that lack a pin.
///
/// A resolver is a program of the workspace. It gets its declared arguments, with the architecture's placeholders
/// replaced, then the items. It prints for each item one or more lines of six fields
/// separated by tabs: item, file name, SHA-256, size in bytes, URL, version.
struct FetchResolver {
  let programs: any HostPrograms
  /// Those to resolve for. What serves every architecture is resolved in any case.
  let architectures: [Architecture]

  private struct Group: Hashable {
    let argv: [String]
    let architecture: Architecture
  }

  func resolve(_ workspace: Workspace, pins: inout Pins, diagnostics: inout Diagnostics) async throws {
    if pins.isListing { return }
    var groups: [(group: Group, commands: [CommandTarget])] = []
    var positions: [Group: Int] = [:]
    for command in workspace.commands {
      guard let fetch = command.fetch else { continue }
      let wanted =
        command.architectures.isEmpty
        ? [workspace.fetchArchitecture] : command.architectures.map(\.value).filter(architectures.contains)
      for architecture in wanted {
        let key = Pins.FetchKey(label: command.label.value.description, architecture: architecture.name)
        if let pin = pins.fetch(key) {
          check(pin.files, of: command, pins, &diagnostics)
          continue
        }
        let group = Group(
          argv: fetch.resolver.map { Template($0.value).filled { architecture.placeholders[$0] } },
          architecture: architecture)
        if let position = positions[group] {
          groups[position].commands.append(command)
        } else {
          positions[group] = groups.count
          groups.append((group, [command]))
        }
      }
    }
    for (group, _) in groups {
      try pins.offlineCheck("what '\(group.argv.joined(separator: " "))' fetches")
    }
    let outputs = try await run(groups.map { ($0.group.argv, Self.items($0.commands)) }, in: workspace)
    for ((group, commands), output) in zip(groups, outputs) {
      switch output {
      case .success(let text): take(text, group, commands, pins: &pins, diagnostics: &diagnostics)
      case .failure(let error) where error.kind == .user:
        diagnostics.add(
          .error(
            error.message, at: commands.first?.fetch?.resolver.first?.location, hint: error.hint,
            code: error.code))
      case .failure(let error): throw error
      }
    }
  }

  /// Reports addresses that the policy does not allow.
  @discardableResult
  private func check(
    _ files: [Snapshot.FetchPin.File], of command: CommandTarget, _ pins: Pins,
    _ diagnostics: inout Diagnostics
  ) -> Bool {
    do {
      try pins.checkFetches(files)
      return true
    } catch {
      diagnostics.add(
        .error(
          error.message, at: command.fetch?.resolver.first?.location ?? command.location, hint: error.hint,
          code: error.code))
      return false
    }
  }

  private static func items(_ commands: [CommandTarget]) -> [String] {
    commands.map { $0.item ?? $0.label.value.name }
  }

  /// Runs resolvers, which mostly wait for the network, a few at once.
  ///
  /// - Returns: what each printed, in the order given.
  private func run(
    _ requests: [(argv: [String], items: [String])], in workspace: Workspace
  ) async throws -> [Result<String, GraphError>] {
    try await withThrowingTaskGroup(of: (Int, Result<String, GraphError>).self) { group in
      var outputs = [Result<String, GraphError>?](repeating: nil, count: requests.count)
      for (index, request) in requests.enumerated() {
        if index >= Self.runsMax, let (done, output) = try await group.next() { outputs[done] = output }
        let program = request.argv.first.map { $0.hasPrefix("/") ? $0 : "\(workspace.root)/\($0)" } ?? ""
        group.addTask {
          do {
            let arguments = Array(request.argv.dropFirst()) + request.items
            return (
              index, .success(try await programs.output(of: program, arguments: arguments, environment: [:]))
            )
          } catch let error as GraphError {
            return (index, .failure(error))
          }
        }
      }
      for try await (done, output) in group { outputs[done] = output }
      return outputs.compactMap { $0 }
    }
  }

  private static let runsMax = 4

  private func take(
    _ output: String, _ group: Group, _ commands: [CommandTarget], pins: inout Pins,
    diagnostics: inout Diagnostics
  ) {
    let items = Self.items(commands)
    var files: [String: [Snapshot.FetchPin.File]] = [:]
    for (number, line) in output.split(separator: "\n").enumerated() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 6, let size = Int64(fields[3]), Digest(hex: fields[2], size: size) != nil,
        !fields[1].isEmpty, !fields[1].contains("/"), fields[1] != ".", fields[1] != "..",
        !(files[fields[0]] ?? []).contains(where: { $0.name == fields[1] })
      else {
        diagnostics.add(
          .error(
            "line \(number + 1) that '\(group.argv.joined(separator: " "))' printed is not: item, file name, SHA-256, "
              + "size, URL, version, separated by tabs, and each file name once for an item",
            at: commands.first?.fetch?.resolver.first?.location))
        return
      }
      files[fields[0], default: []].append(
        Snapshot.FetchPin.File(
          name: fields[1], sha256: fields[2].lowercased(), size: size, url: fields[4], version: fields[5]))
    }
    for (item, command) in zip(items, commands) {
      guard let found = files[item] else {
        diagnostics.add(
          .error(
            "the resolver found nothing for '\(item)' on \(group.architecture)", at: command.location,
            hint: "correct the name in 'for-each'"))
        continue
      }
      guard check(found, of: command, pins, &diagnostics) else { continue }
      pins.add(
        Snapshot.FetchPin(
          label: command.label.value.description, architecture: group.architecture.name, files: found))
    }
  }
}

extension Workspace {
  /// The architecture that a command which serves all of them fetches for: the first one declared.
  public var fetchArchitecture: Architecture { settings.architectures.first?.value ?? .host }
}
