import GraphCore

/// An output of a node.
struct OutputReference: Hashable, Sendable {
  let node: NodeID
  let output: String

  var source: Input.Source { .output(node, output) }
}

/// An image as far as its instructions have been read: what the next instruction stands on.
///
/// Children of an image start from its last state, which holds no stamp: what is written into the published image does
/// not disturb them.
struct ImageState: Sendable {
  struct StackedLayer: Sendable {
    /// The recipe (`layer`).
    let recipe: OutputReference
    /// The compressed tar of it, and its `LayerFacts`.
    let blob: OutputReference
    let facts: OutputReference
  }

  /// Bottom first.
  var layers: [StackedLayer] = []
  /// What the instructions so far make of the settings; the same that `settingsSource` will hold.
  var settings = ImageSettings()
  /// The settings as a blob.
  var settingsSource: Input.Source
  /// Repositories that package installations solve against, best first: inherited from the base.
  var repositories: [OutputReference] = []
  /// The locks of all installations below, bottom first.
  var locks: [OutputReference] = []
  /// The list of the packages that were installed where the database was read last.
  var packageList: OutputReference?
  /// How many of the layers are below that place.
  var listedLayers = 0
  /// How many of the locks are below that place.
  var listedLocks = 0
  /// Whether a step below ran a package manager inside the image, which may have left a cache there.
  var mayHavePackageCache = false
  /// One line for each instruction that made this image, for its history: the text, and which layer it made.
  var history: [(text: String, layer: Int?)] = []
  /// The image that FROM named, and its published manifest where this workspace makes it.
  var base: (name: String, manifest: Input.Source?)?

  var layerInputs: [Input] {
    layers.enumerated().map { Input("layer/\(Self.number($0))", $1.recipe.source) }
  }

  /// Two digits at least. The order of roles is that of the inputs, never that of the text.
  static func number(_ index: Int) -> String { index < 10 ? "0\(index)" : "\(index)" }
}

/// What an image target delivers, for those that start it or take it apart.
public struct ImageTarget: Sendable {
  /// The layer recipes, bottom first.
  public let layers: [(node: NodeID, output: String)]
  public let settings: ImageSettings
  public let architecture: Architecture
  /// The locks of all installations, bottom first.
  public let locks: [(node: NodeID, output: String)]
  /// The steps that run in a sandbox on this image's own root, by node.
  public let runs: [NodeID]
}
