import GraphCore
import Manifests

extension Resolver {
  /// The image with what its `.dockerignore` leaves out of the build context: the file beside the Dockerfile, with its
  /// name in front, or else the one at the context's root. Source: the Dockerfile reference, ".dockerignore file".
  func withIgnoredFiles(_ image: ResolvedImage, diagnostics: inout Diagnostics) throws -> ResolvedImage {
    let entry = image.entry
    guard let folder = RepositoryPath.join("", entry.gitPath.value.drop(while: { $0 == "/" }).description),
      let dockerfile = RepositoryPath.join(folder, entry.targetFile.value)
    else { return image }
    let names = IgnoreFile.names(dockerfile: dockerfile)
    let shared = image.contextFolder.isEmpty ? names.shared : "\(image.contextFolder)/\(names.shared)"
    for path in [names.own, shared] {
      guard let bytes = try image.source.read(path) else { continue }
      let origin = image.source.origin
      let prefix =
        origin.isEmpty ? "" : image.revision == nil ? origin + "/" : "\(entry.gitURL.value)#"
      let (file, faults) = IgnoreFile.read(bytes, file: prefix + path)
      diagnostics.add(contentsOf: faults)
      guard !file.patterns.isEmpty else { return image }
      var image = image
      image.isIgnored = { file.excludes($0) }
      return image
    }
    return image
  }
}
