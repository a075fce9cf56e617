import GraphCore

/// ENV, LABEL, USER, EXPOSE, ENTRYPOINT, CMD, SHELL, HEALTHCHECK, STOPSIGNAL, VOLUME, MAINTAINER, ONBUILD and the folder of
/// WORKDIR: one change to the image's settings.
public struct ConfigureOperation: Operation {
  static let rule = Action.Rule("configure", version: 1)
  public var rule: Action.Rule { Self.rule }

  public init() {}

  public func run(_ task: ActionTask, store: any BlobStore) async throws -> [String: Artifact] {
    guard let artifact = task.input("settings"), let change = SettingsChange(task.action) else {
      throw GraphError(.bug, "a change of settings that cannot be read")
    }
    var settings = try ImageSettings(encoded: try store.read(artifact.digest))
    change.apply(to: &settings)
    return ["settings": Artifact(.blob, try store.write(try settings.encoded()))]
  }
}
