import GraphCore
import Manifests

/// A change that an instruction makes to the settings, already expanded. Applied twice with the same code: while the
/// graph is made, so that later instructions see it, and by the instruction's own node.
enum SettingsChange: Hashable {
  case environment([String], values: [String])
  case labels([String], values: [String])
  case user(String)
  case workingDirectory(String)
  case expose([String])
  /// Takes away the command that the base brought, where no CMD stands before it in the same Dockerfile.
  case entryPoint([String], resetsCommand: Bool)
  case command([String])
  case volumes([String])
  case stopSignal(String)
  case shell([String])
  case healthCheck(ImageSettings.HealthCheck)
  case author(String)
  case trigger(String)
  /// They have run.
  case noTriggers

  func apply(to settings: inout ImageSettings) {
    switch self {
    case .environment(let names, let values):
      for (name, value) in zip(names, values) { settings.setEnvironment(name, value) }
    case .labels(let names, let values):
      for (name, value) in zip(names, values) {
        settings.labels = (settings.labels ?? [:]).merging([name: value]) { $1 }
      }
    case .user(let user): settings.user = user
    case .workingDirectory(let path): settings.workingDirectory = path
    case .expose(let ports):
      for port in ports {
        settings.exposedPorts = (settings.exposedPorts ?? [:]).merging([port: .init()]) { $1 }
      }
    case .entryPoint(let argv, let resetsCommand):
      settings.entryPoint = argv
      if resetsCommand { settings.command = nil }
    case .command(let argv): settings.command = argv
    case .volumes(let paths):
      for path in paths { settings.volumes = (settings.volumes ?? [:]).merging([path: .init()]) { $1 } }
    case .stopSignal(let signal): settings.stopSignal = signal
    case .shell(let argv): settings.shell = argv
    case .healthCheck(let check): settings.healthCheck = check
    case .author(let name): settings.author = name
    case .trigger(let text): settings.onBuild = (settings.onBuild ?? []) + [text]
    case .noTriggers: settings.onBuild = nil
    }
  }

  /// The change as arguments of the `configure` operation, and back.
  var arguments: [Action.Argument] {
    switch self {
    case .environment(let names, let values):
      [.init("set", "environment"), .init("names", names), .init("values", values)]
    case .labels(let names, let values):
      [.init("set", "labels"), .init("names", names), .init("values", values)]
    case .user(let user): [.init("set", "user"), .init("values", user)]
    case .workingDirectory(let path): [.init("set", "working-directory"), .init("values", path)]
    case .expose(let ports): [.init("set", "expose"), .init("values", ports)]
    case .entryPoint(let argv, let resetsCommand):
      [.init("set", resetsCommand ? "entry-point" : "entry-point-alone"), .init("values", argv)]
    case .command(let argv): [.init("set", "command"), .init("values", argv)]
    case .volumes(let paths): [.init("set", "volumes"), .init("values", paths)]
    case .stopSignal(let signal): [.init("set", "stop-signal"), .init("values", signal)]
    case .shell(let argv): [.init("set", "shell"), .init("values", argv)]
    case .healthCheck(let check):
      [.init("set", "health-check"), .init("values", check.test), .init("numbers", check.numbers)]
    case .author(let name): [.init("set", "author"), .init("values", name)]
    case .trigger(let text): [.init("set", "trigger"), .init("values", text)]
    case .noTriggers: [.init("set", "no-triggers")]
    }
  }

  init?(_ action: Action) {
    let values = action.values("values")
    switch action.value("set") {
    case "environment": self = .environment(action.values("names"), values: values)
    case "labels": self = .labels(action.values("names"), values: values)
    case "user": self = .user(values.first ?? "")
    case "working-directory": self = .workingDirectory(values.first ?? "/")
    case "expose": self = .expose(values)
    case "entry-point": self = .entryPoint(values, resetsCommand: true)
    case "entry-point-alone": self = .entryPoint(values, resetsCommand: false)
    case "command": self = .command(values)
    case "volumes": self = .volumes(values)
    case "stop-signal": self = .stopSignal(values.first ?? "")
    case "shell": self = .shell(values)
    case "health-check": self = .healthCheck(.init(test: values, numbers: action.values("numbers")))
    case "author": self = .author(values.first ?? "")
    case "trigger": self = .trigger(values.first ?? "")
    case "no-triggers": self = .noTriggers
    default: return nil
    }
  }
}

extension ImageSettings.HealthCheck {
  /// As arguments of an action: one text for each number, `-` for one that is not said.
  fileprivate var numbers: [String] {
    [interval, timeout, startPeriod, startInterval, retries].map { $0.map { String($0) } ?? "-" }
  }

  fileprivate init(test: [String], numbers: [String]) {
    self.init(test: test)
    guard numbers.count == 5 else { return }
    (interval, timeout) = (Int64(numbers[0]), Int64(numbers[1]))
    (startPeriod, startInterval) = (Int64(numbers[2]), Int64(numbers[3]))
    retries = Int64(numbers[4])
  }

  init(_ check: Dockerfile.HealthCheck) {
    switch check.command {
    case nil: self.init(test: ["NONE"])
    case .exec(let words): self.init(test: ["CMD"] + words)
    case .shell(let text): self.init(test: ["CMD-SHELL", text])
    }
    (interval, timeout) = (check.interval, check.timeout)
    (startPeriod, startInterval) = (check.startPeriod, check.startInterval)
    retries = check.retries.map { Int64($0) }
  }
}
