import GraphCore

/// What is known about the workers of a server: `graph-sandbox` for each of their architectures, and what to ask for.
public struct RemoteWorkers: Sendable {
  /// The architecture of the workers that run programs of their own (roots `host` and `hostWithLayers`), and of all
  /// actions whose own architecture has no workers: their programs then need an emulator that the worker registers.
  public let native: Architecture
  private let helpers: [Architecture: Digest]
  private let nativeHelper: Digest
  /// Platform properties that every action asks for, such as the name of a pool.
  public var properties: [String: String]
  /// Those that only actions with programs of the worker's own ask for. The key names these programs by digest but
  /// the API cannot ask for a program: the properties have to name workers that have exactly them.
  public var toolProperties: [String: String]

  /// - Parameters:
  ///   - helper: the program `graph-sandbox` for `native`, a blob of the store.
  ///   - helpers: the same for other architectures that have workers of their own.
  public init(
    native: Architecture, helper: Digest, helpers: [Architecture: Digest] = [:],
    properties: [String: String] = [:],
    toolProperties: [String: String] = [:]
  ) {
    self.native = native
    nativeHelper = helper
    self.helpers = helpers
    self.properties = properties
    self.toolProperties = toolProperties
  }

  /// The helper for `action`, and what its worker has to be.
  func requirements(of action: Action, root: Command.Root) -> (helper: Digest, platform: RemotePlatform) {
    var architecture = native
    var helper = nativeHelper
    var properties = properties
    if root != .layers {
      properties.merge(toolProperties) { $1 }
    } else if let own = action.architecture, own != native, let ownHelper = helpers[own] {
      architecture = own
      helper = ownHelper
    }
    // The names of the API's platform lexicon.
    properties.merge(["OSFamily": "linux", "ISA": architecture.names.remoteISA]) { $1 }
    return (helper, RemotePlatform(properties: properties))
  }
}
