/// Content as files for a sandbox to see: a bounded cache of checked-out blobs, trees and layers.
///
/// What is returned is shared and must not be written to. It is not known to be right before `confirm` has said so.
public protocol Checkouts: Sendable {
  /// A read-only file with the bytes of `digest`.
  func file(_ digest: Digest) throws -> String

  /// A folder that holds the tree, with times of 1980-01-01 so that no program sees another one.
  func tree(_ artifact: Artifact) throws -> String

  /// A folder that holds the layer as overlayfs wants a lower layer: whiteouts are devices 0:0, opaque folders carry
  /// `user.overlay.opaque`.
  func layer(_ artifact: Artifact) throws -> String

  /// Takes over a folder (an overlay's upper directory) that already is what `layer` would make.
  func adopt(_ folder: String, as artifact: Artifact) throws

  /// How many damaged checkouts have been found: to be kept from before an action is given any.
  func damagesSoFar() -> Int

  /// Whether what an action was given of the checkouts of these artifacts is what it has to be. Where it is not, it is
  /// thrown away, and the action has to run again.
  ///
  /// - Parameter damages: what `damagesSoFar` said before.
  /// - Throws: `MissingBlob` where an artifact itself is damaged.
  func confirm(_ artifacts: [Artifact], since damages: Int) async throws -> Bool
}
