import GraphCore
import Manifests
import Resolve

/// COPY and WORKDIR: instructions that change files without running anything.
extension InstructionReader {
  mutating func readCopy(_ copy: Dockerfile.Copy, _ instruction: Dockerfile.Instruction) throws {
    let sources = expand(copy.sources, instruction)
    for source in sources where source.value.contains("://") || GitReference(source.value) != nil {
      failAt(source.location, "COPY takes no address", hint: "write ADD, which does")
      return
    }
    var from: FileSource?
    if let name = copy.from {
      guard let found = try source(named: name) else { return }
      from = found
    }
    var files = CopySources()
    var arguments: [Action.Argument] = []
    var inputs: [Input] = []
    switch from {
    case .layers, .delivered:
      // What there is to copy is known when the other root is.
      arguments.append(.init("sources", sources.map(\.value)))
      if exclusions(copy, instruction) == nil { return }
      if !copy.excludes.isEmpty {
        arguments.append(.init("exclude", expand(copy.excludes, instruction).map(\.value)))
      }
      if copy.keepsParents { arguments.append(.init("parents", "yes")) }
      inputs = from?.inputs ?? []
    case .folder(let context):
      guard try select(sources, in: context, copy, instruction, unpacks: false, into: &files) else { return }
    case nil:
      guard let context = try context(instruction),
        try select(sources, in: context, copy, instruction, unpacks: false, into: &files)
      else { return }
    }
    addDocuments(copy, instruction, to: &files)
    addCopy(copy, arguments, files, inputs, instruction)
  }

  /// A folder of the workspace as the files of an image: FROM of a named context.
  mutating func addFiles(ofFolder folder: String, _ instruction: Dockerfile.Instruction) throws {
    let copy = Dockerfile.Copy(sources: [Located(".", at: instruction.location)], destination: "/")
    var files = CopySources()
    let context = try compilation.files(ofFolder: folder)
    guard try select(copy.sources, in: context, copy, instruction, unpacks: false, into: &files) else {
      return
    }
    addCopy(copy, [], files, [], instruction)
  }

  /// The build context; `nil` where it cannot be read, which is reported.
  mutating func context(_ instruction: Dockerfile.Instruction) throws -> ContextFiles? {
    do {
      return try compilation.contextFiles(of: image)
    } catch let error as GraphError {
      fail(error.message, instruction, hint: error.hint)
      return nil
    }
  }

  /// Finds what sources name, and adds it.
  ///
  /// - Parameter numbers: of the sources within the instruction.
  /// - Returns: `false` where one names nothing, which is reported.
  mutating func select(
    _ sources: [Located<String>], numbers: [Int]? = nil, in context: ContextFiles, _ copy: Dockerfile.Copy,
    _ instruction: Dockerfile.Instruction, unpacks: Bool, into files: inout CopySources
  ) throws -> Bool {
    if sources.isEmpty { return true }
    guard let excluded = exclusions(copy, instruction) else { return false }
    let selection: FileSelection
    do throws(FileSelection.Fault) {
      selection = try FileSelection(
        sources.map(\.value), numbers: numbers, in: context.root, called: context.name, isContext: true,
        excluding: excluded, keepsParents: copy.keepsParents,
        isAlone: copy.isAlone)
    } catch {
      let index = numbers?.firstIndex(of: error.source) ?? error.source
      failAt(
        sources.indices.contains(index) ? sources[index].location : instruction.location, error.message,
        hint: error.hint)
      return false
    }
    let destination = expand(copy.destination, instruction)
    if selection.needsFolder, !destination.hasSuffix("/"), ![".", ".."].contains(destination) {
      fail(
        "\(instruction.keyword) of several files needs a folder as its destination", instruction,
        hint: "write '\(destination)/' with a slash at the end")
      return false
    }
    do {
      try files.add(selection, of: context, unpacks: unpacks)
    } catch let error as GraphError {
      fail(error.message, instruction, hint: error.hint)
      return false
    }
    return true
  }

  /// What `--exclude` leaves out; `nil` where one of them is no pattern, which is reported.
  private mutating func exclusions(
    _ copy: Dockerfile.Copy, _ instruction: Dockerfile.Instruction
  ) -> PathPatterns? {
    for text in expand(copy.excludes, instruction) {
      do throws(PathPatternError) {
        _ = try PathPatterns([text.value])
      } catch {
        failAt(text.location, "'--exclude=\(text.value)' is no pattern: \(error.description)")
        return nil
      }
    }
    return try? PathPatterns(expand(copy.excludes, instruction).map(\.value))
  }

  /// The files that here-documents are.
  mutating func addDocuments(
    _ copy: Dockerfile.Copy, _ instruction: Dockerfile.Instruction, to files: inout CopySources
  ) {
    for (index, document) in copy.hereDocuments.enumerated() {
      let text = document.expands ? expandDocument(document.content, instruction) : document.content
      files.add(
        copy.sources.count + index, "file", copy.isAlone ? .named(document.name) : .below(document.name),
        .leaf(.text(text, origin: "\(instruction.location) <<\(document.name)")))
    }
  }

  /// Adds the node that copies, and stacks its layer.
  mutating func addCopy(
    _ copy: Dockerfile.Copy, _ selection: [Action.Argument], _ files: CopySources, _ inputs: [Input],
    _ instruction: Dockerfile.Instruction
  ) {
    guard var current = state, !hasFailed else { return }
    var arguments = selection
    if !files.entries.isEmpty { arguments.append(.init("entries", files.entries)) }
    let destination = expand(copy.destination, instruction)
    let folder = current.settings.workingDirectory ?? "/"
    arguments.append(
      .init("destination", destination.hasPrefix("/") ? destination : Self.below(folder, destination)))
    if let owner = copy.owner.map({ expand($0, instruction) }), !owner.isEmpty {
      if copy.isLinked,
        !owner.split(separator: ":", omittingEmptySubsequences: false).allSatisfy({ UInt32($0) != nil })
      {
        fail(
          "--link does not look at the image, so '--chown=\(owner)' has no names to look up", instruction,
          hint: "write numbers, as in --chown=1001:0, or leave --link out")
      }
      arguments.append(.init("owner", owner))
    }
    if let mode = copy.mode.map({ expand($0, instruction) }), !mode.isEmpty {
      if FileMode(mode) == nil {
        fail(
          "'--chmod=\(mode)' is no mode", instruction,
          hint: "write octal digits up to 7777, or changes as in u=rwX,go=rX")
      }
      arguments.append(.init("mode", mode))
    }
    if copy.isLinked { arguments.append(.init("link", "yes")) }
    if hasFailed { return }
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
        action: Action(
          rule: CopyOperation.rule, arguments: arguments,
          inputs: (copy.isLinked ? [] : current.layerInputs) + inputs + files.inputs,
          outputs: [.init("layer", .layer)]),
        location: instruction.location))
    compilation.push(
      OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
      location: instruction.location)
    current.history.append((instruction.text, current.layers.count - 1))
    state = current
  }

  mutating func readWorkingDirectory(_ path: String, _ instruction: Dockerfile.Instruction) throws {
    guard var current = state else { return }
    let expanded = expand(path, instruction)
    let folder = Self.join(current.settings.workingDirectory ?? "/", expanded)
    let node = compilation.builder.add(
      Node(
        label: label, step: "\(number) \(instruction.keyword)", detail: instruction.detail,
        action: Action(
          rule: MakeFolderOperation.rule, arguments: [.init("folder", folder)], inputs: current.layerInputs,
          outputs: [.init("layer", .layer)]),
        location: instruction.location))
    compilation.push(
      OutputReference(node: node, output: "layer"), step: "\(number) ", to: &current, label: label,
      location: instruction.location)
    state = current
    try change(.workingDirectory(folder), instruction, layer: current.layers.count - 1)
  }

  // MARK: Texts

  mutating func expand(
    _ texts: [Located<String>], _ instruction: Dockerfile.Instruction
  ) -> [Located<String>] {
    var expanded: [Located<String>] = []
    for text in texts { expanded.append(Located(expand(text.value, instruction), at: text.location)) }
    return expanded
  }

  /// Replaces variables in the text of a here-document.
  mutating func expandDocument(_ text: String, _ instruction: Dockerfile.Instruction) -> String {
    let environment = state?.settings.environmentByName ?? [:]
    do {
      return try Variables.expandDocument(text) { environment[$0] ?? arguments.values[$0] }
    } catch {
      fail(error.description, instruction)
      return text
    }
  }

  mutating func failAt(_ location: SourceLocation, _ message: String, hint: String? = nil) {
    compilation.diagnostics.add(.error(message, at: location, hint: hint))
    hasFailed = true
  }

  private static func below(_ folder: String, _ path: String) -> String {
    folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }

  /// An absolute path without `.` and `..`; as for a process, there is nothing above the root.
  static func join(_ folder: String, _ path: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : "\(folder)/\(path)").split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}

extension Dockerfile.Copy {
  /// Whether one source is all there is, which the destination may then give another name.
  var isAlone: Bool { sources.count + hereDocuments.count == 1 }
}
