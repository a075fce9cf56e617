import GraphCore

/// RUN, and the words that open here-documents.
extension InstructionReader {
  /// None in the exec form, and in instructions that take none.
  var hereDocumentWords: [HereDocumentWord] {
    switch keyword {
    case "RUN", "COPY", "ADD":
      if case .nothing = JSONWords.parse(rest) { return rest.hereDocumentWords }
      return []
    case "ONBUILD": return trigger.keyword == "ONBUILD" ? [] : trigger.hereDocumentWords
    default: return []
    }
  }

  func run() -> Dockerfile.Kind? {
    guard let values = flagValues(["mount": .list, "network": .text, "security": .text, "device": .list])
    else {
      return nil
    }
    let mounts = values.list("mount").map { mount($0) }
    let network = network(values.list("network").first)
    let isAllowed = isAllowed(values)
    guard let form = form(of: rest, mayBeEmpty: false, example: "RUN make install"), isAllowed, let network
    else { return nil }
    var run = Dockerfile.Run(form: form)
    for mount in mounts {
      guard let mount else { return nil }
      run.mounts.append(mount)
    }
    run.network = network
    addDocuments(to: &run)
    return .run(run)
  }

  /// A here-document that is the whole command is what the shell reads, or a program of its own; others are left to the
  /// shell, which finds their lines behind the command. Source: BuildKit, dispatchRun.
  private func addDocuments(to run: inout Dockerfile.Run) {
    guard let first = documents.first else { return }
    guard documents.count == 1, first.word.range == rest.startIndex..<rest.endIndex else {
      run.form = .shell(documents.reduce(rest.text) { $0 + "\n" + $1.raw + $1.word.name })
      return
    }
    let document = first.declaration
    if document.content.hasPrefix("#!") {
      run.hereDocuments = [document]
    } else {
      run.form = .shell(document.content)
    }
  }

  private func network(_ flag: DockerfileFlag?) -> Dockerfile.Run.Network? {
    guard let flag, let value = flag.value else { return .default }
    if let network = Dockerfile.Run.Network(rawValue: value) { return network }
    error(
      "RUN --network=\(value.shortened) is unknown", at: flag.range,
      hint: Nearest.hint(
        for: value, among: Dockerfile.Run.Network.allCases.map(\.rawValue), noun: "networks"))
    return nil
  }

  private func isAllowed(_ values: FlagValues) -> Bool {
    var isAllowed = true
    if let flag = values.list("security").first, let value = flag.value, value != "sandbox" {
      error(
        value == "insecure"
          ? "RUN --security=insecure is not allowed" : "RUN --security=\(value.shortened) is unknown",
        at: flag.range, hint: "leave it out: every command runs in a sandbox")
      isAllowed = false
    }
    for flag in values.list("device") {
      error(
        "RUN --device is not allowed", at: flag.range,
        hint: "leave it out: a sandbox has no devices of the host")
      isAllowed = false
    }
    return isAllowed
  }
}
