/// The environment of every command: nothing of the caller's, except what reaches the network where that is allowed.
public enum CommandEnvironment {
  /// 1980-01-01: the time of what is built on nothing, and the earliest that zip files can hold.
  public static let earliestEpoch: Int64 = 315_532_800

  /// What a command of `action` sees. What the action declares wins.
  ///
  /// - Parameters:
  ///   - epoch: SOURCE_DATE_EPOCH, in seconds since 1970.
  ///   - proxies: used only where the command has a network.
  public static func variables(
    of command: Command, in action: Action, epoch: Int64, proxies: [String: String] = [:]
  ) -> [String: String] {
    var variables = base(home: command.root == .layers ? "/root" : "/build", epoch: epoch)
    if command.network { variables.merge(proxies) { $1 } }
    return variables.merging(action.environment) { $1 }
  }

  public static func base(home: String, epoch: Int64) -> [String: String] {
    [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME": home,
      "LC_ALL": "C.UTF-8",
      "TZ": "UTC",
      "SOURCE_DATE_EPOCH": String(epoch),
    ]
  }

  /// The caller's proxies, under the names that programs look for.
  public static func proxies(of environment: [String: String]) -> [String: String] {
    let names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
    return environment.filter { names.contains($0.key) }
  }
}

extension ActionTask {
  /// The time inside what is made (SOURCE_DATE_EPOCH), in seconds since 1970: the newest of the layers it is stacked on
  /// and of the input with role `epoch`, which holds a number as text; of the inputs alone, so that it is the same
  /// wherever it runs.
  ///
  /// - Throws: `MissingBlob`; `GraphError(.bug)` for an input `epoch` that is no number.
  public func epoch(reading store: any BlobStore) throws -> Int64 {
    var epochs = try inputs(under: "layer").map { try store.readLayer($0.artifact).epoch }
    if let input = input("epoch") {
      let text = try store.readText(input.digest).split(separator: "\n").first ?? ""
      guard let epoch = Int64(text) else { throw GraphError(.bug, "'\(text)' is no epoch") }
      epochs.append(epoch)
    }
    let newest = epochs.max() ?? 0
    return newest > 0 ? newest : CommandEnvironment.earliestEpoch
  }
}
