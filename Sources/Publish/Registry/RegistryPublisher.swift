import Formats
import Glibc
import GraphCore
import Manifests

/// Pushes images to registries: everything by digest first, and the tags when all of it is there.
///
/// A tag moves only to a complete image, and no tag moves where one of several images could not be pushed. What the
/// registry has is not sent again; an image that its tag names already is not touched at all.
public struct RegistryPublisher: Sendable {
  private let registries: SkopeoRegistries
  private let scratch: String
  private let certificates: String?
  private let isInsecure: Bool

  /// - Parameters:
  ///   - scratch: a folder for the images while they are sent.
  ///   - certificates: a folder of certificates, in place of what is known of the registry.
  ///   - isInsecure: whether it is spoken to without TLS even where `graph.yml` does not say so.
  public init(
    registries: SkopeoRegistries, scratch: String, certificates: String? = nil, isInsecure: Bool = false
  ) {
    self.registries = registries
    self.scratch = scratch
    self.certificates = certificates
    self.isInsecure = isInsecure
  }

  /// An image and the name that it gets.
  public struct Item: Sendable {
    public let contents: ImageContents
    /// With registry and tag, without digest.
    public let reference: ImageReference

    /// - Throws: `GraphError(.usage)` where the name is none that a registry takes.
    public init(_ contents: ImageContents, name: String) throws {
      self.contents = contents
      do {
        reference = try ImageReference(name)
      } catch {
        throw GraphError(.usage, "\(error)", hint: "write 'docker://REGISTRY/NAME:TAG'")
      }
      guard reference.registry != nil else {
        throw GraphError(
          .usage, "'\(name)' begins with no registry",
          hint: "write a host name with a '.' or a port, or 'localhost', before the first '/'")
      }
    }

    /// `registry/path@sha256:hex`
    var byDigest: String {
      ImageReference(
        registry: reference.registry, path: reference.path, digest: contents.top.digest.oci
      ).description
    }
  }

  /// What became of an image.
  public enum Outcome: Sendable {
    case pushed
    /// The tag named it already.
    case unchanged
  }

  /// How many programs speak to registries at once.
  private static let parallelCount = 4

  /// - Returns: an outcome for each item, in their order.
  /// - Throws: `GraphError`; then no tag has moved, unless moving tags itself was what failed.
  public func publish(_ items: [Item]) async throws -> [Outcome] {
    let pool = "\(scratch)/push"
    guard mkdir(pool, 0o755) == 0 || errno == EEXIST else { throw OpenFile.failure("cannot make", pool) }
    defer { try? Folders.remove(pool) }
    let isCurrent = try await forEach(items) { try await isTagged($0) }
    let rest = items.indices.filter { !isCurrent[$0] }
    // Images share their lowest layers: the first of each kind brings them, and the registry lends them to the others.
    var lowest: Set<Digest?> = []
    let first = rest.filter {
      lowest.insert(items[$0].contents.images.first?.manifest.layers.first?.digest).inserted
    }
    for part in [first, rest.filter { !first.contains($0) }] {
      _ = try await forEach(part) { index in
        try await push(items[index], as: items[index].byDigest, from: pool)
      }
    }
    _ = try await forEach(rest) { index in
      try await push(items[index], as: items[index].reference.description, from: pool)
    }
    return isCurrent.map { $0 ? .unchanged : .pushed }
  }

  /// Whether the tag names this image already. A registry that does not let us look is told when we push.
  private func isTagged(_ item: Item) async throws -> Bool {
    do {
      let bytes = try await registries.skopeo.manifest(item.reference.description, access(to: item))
      return Digest(of: bytes) == item.contents.top.digest
    } catch let error as GraphError where error.kind == .user {
      return false
    }
  }

  private func push(_ item: Item, as name: String, from pool: String) async throws {
    let folder = "\(scratch)/push-\(Digest(ofText: name).hex)"
    try ImageFolder(item.contents, sharing: pool).write(to: folder)
    defer { try? Folders.remove(folder) }
    try await registries.skopeo.copy(
      from: .folder(folder), to: .registry(name, access(to: item)), isOwn: true)
  }

  private func access(to item: Item) -> RegistryAccess {
    var access = registries.access(to: item.reference.description, isInsecure)
    access.certificates = certificates
    return access
  }

  /// Runs `body` for several elements at once.
  ///
  /// - Returns: the results in the elements' order.
  private func forEach<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) async throws -> Result
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var results: [Int: Result] = [:]
      for (index, element) in elements.enumerated() {
        if index >= Self.parallelCount, let (done, result) = try await group.next() { results[done] = result }
        group.addTask { (index, try await body(element)) }
      }
      for try await (done, result) in group { results[done] = result }
      return elements.indices.compactMap { results[$0] }
    }
  }
}
