import GraphCore

/// What `graph-sandbox` is asked to do, as its command line.
struct SandboxArguments {
  private(set) var words: [String] = []

  /// - Parameter folder: becomes the writable root beside the host's programs.
  mutating func useHostRoot(_ folder: String, target: String? = nil) {
    words += ["--host-root", folder]
    if let target { words += ["--target", target] }
  }

  /// - Parameter layers: folders as overlayfs wants them, bottom first.
  mutating func stack(_ layers: [String]) {
    for layer in layers { words += ["--lower", layer] }
  }

  mutating func keepChanges(upper: String, work: String) {
    words += ["--upper", upper, "--work", work]
  }

  mutating func bindReadOnly(_ source: String, at path: String) {
    words += ["--bind-ro", source, path]
  }

  mutating func setEnvironment(_ environment: [String: String]) {
    for (name, value) in environment.sorted(by: { $0.key.precedesInBytes($1.key) }) {
      words += ["--setenv", name, value]
    }
  }

  mutating func add(_ option: String, _ value: String? = nil, _ second: String? = nil) {
    words.append(option)
    if let value { words.append(value) }
    if let second { words.append(second) }
  }

  mutating func run(_ argv: [String]) {
    words += ["--"] + argv
  }
}

/// The environment of every command: nothing of the caller's, except what reaches the network where that is allowed.
enum SandboxEnvironment {
  static func base(home: String, epoch: Int64) -> [String: String] {
    [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME": home,
      "LC_ALL": "C.UTF-8",
      "TZ": "UTC",
      "SOURCE_DATE_EPOCH": String(epoch),
    ]
  }

  /// The caller's proxies, under the names that programs look for.
  static func proxies(of environment: [String: String]) -> [String: String] {
    let names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
    return environment.filter { names.contains($0.key) }
  }

  /// 1980-01-01: the time of what is built on nothing, and the earliest that zip files can hold.
  static let earliestEpoch: Int64 = 315_532_800
}
