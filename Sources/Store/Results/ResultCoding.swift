import GraphCore

/// Results as the database has them: `name kind hex/size` in lines, by name.
enum ResultCoding {
  static func encode(_ outputs: [String: Artifact]) -> String {
    outputs.sorted { $0.key.precedesInBytes($1.key) }
      .map { "\(Escape.encode($0.key)) \($0.value)\n" }.joined()
  }

  /// `nil` where the text is damaged.
  static func decode(_ text: String) -> [String: Artifact]? {
    var outputs: [String: Artifact] = [:]
    for line in text.split(separator: "\n") {
      guard let space = line.firstIndex(of: " "), let name = Escape.decode(String(line[..<space])),
        let artifact = Artifact(line[line.index(after: space)...])
      else { return nil }
      outputs[name] = artifact
    }
    return outputs
  }
}

extension Statement {
  /// Reads columns `outputs, duration, finished, emulator, log` from `column` on.
  func result(_ column: Int32) -> ActionResult? {
    guard let outputs = text(column).flatMap(ResultCoding.decode) else { return nil }
    return ActionResult(
      outputs: outputs,
      provenance: .init(
        durationSeconds: double(column + 1), finished: double(column + 2), emulator: text(column + 3),
        log: text(column + 4).flatMap { Digest($0) }))
  }

  /// Reads columns `outputs, duration, finished, emulator, log, checksum` of the action of `key`; `nil` where they are
  /// those of another, or damaged.
  func result(of key: [UInt8]) -> ActionResult? {
    guard let text = text(0), hasChecksum(5, RowChecksum.of(key, Array(text.utf8))) else { return nil }
    return result(0)
  }

  /// Binds `outputs, duration, finished, emulator, log`.
  mutating func bind(_ result: ActionResult) throws {
    try bind(ResultCoding.encode(result.outputs))
    try bind(result.provenance.durationSeconds)
    try bind(result.provenance.finished)
    try bind(result.provenance.emulator)
    try bind(result.provenance.log?.description)
  }
}
