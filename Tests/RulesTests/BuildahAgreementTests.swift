import Formats
import FoundationEssentials
import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

/// Dockerfiles built by buildah and by the operations here, on the same base: the same tree, modes, owners, settings.
@Suite("agreement with buildah", .serialized)
struct BuildahAgreementTests {
  static let hasBuildah = (try? TestFolder.read("/usr/bin/buildah")) != nil

  static let files = [
    "c/f": "F\n", "c/d/a": "A\n", "c/d/b/c": "C\n", "c/d/l": "-> a", "c/lf": "-> f", "c/one/x": "1\n",
    "c/two/x": "2\n",
    "base/etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1001:1002::/:/bin/sh\n",
    "base/etc/group": "root:x:0:\napp:x:1002:\nweb:x:33:\n", "base/usr/lib/keep": "k",
    "base/lib": "-> usr/lib",
    "base/tmp/.keep": "", "base/srv/old": "old\n",
  ]

  static let dockerfiles = [
    "COPY f /n\n", "COPY f /x/y/z\nCOPY d /d\n", "COPY f /lib/\nCOPY d/ /tmp/\n",
    "COPY --chown=app:web f d /srv/\n",
    "COPY --chown=app f /new/deep/f\n", "COPY */x /all/\nCOPY f /srv/old\n", "COPY lf /lf\nCOPY d/l /dl\n",
    "WORKDIR /w\nWORKDIR sub/../other\nCOPY f .\nCOPY d sub\n",
    "ENV A=1 B=\"two words\"\nENV C=$A-${B}\nENV A=2\nLABEL x=$A y='q'\nUSER app:web\nEXPOSE 80 53/udp\n",
    "CMD [\"a\", \"b\"]\nENTRYPOINT [\"e\"]\n", "ENTRYPOINT e f\nCMD g h\n",
    "ARG V=1\nENV W=$V\nWORKDIR /$V/x\n",
    "COPY . /all\n", "COPY d/b /srv/b\nCOPY f /srv/b/c\n",
  ]

  @Test("the same tree and settings", .enabled(if: hasBuildah), arguments: dockerfiles)
  func agreement(body: String) async throws {
    let folder = try TestFolder(Self.files)
    defer { folder.remove() }
    let theirs = try Self.buildah(body, in: folder.path)
    let ours = try await Self.graph(body, in: folder.path)
    #expect(ours.tree == theirs.tree)
    #expect(ours.settings == theirs.settings)
  }

  /// What `buildah inspect` prints, as far as it matters here.
  struct Inspection: Decodable {
    struct Image: Decodable { let config: ImageSettings }
    let OCIv1: Image
  }

  static func script(_ text: String, in folder: String) throws {
    _ = try RpmRepositoryFixture.run(text, in: folder)
  }

  static func buildah(_ body: String, in folder: String) throws -> (tree: [String], settings: ImageSettings) {
    let text = "FROM scratch\nADD root.tar /\n"
    // One storage for both images; everything of it is below the folder.
    try script(
      """
      cd '\(folder)'
      chmod 1777 base/tmp; chmod 700 base/srv
      tar --sort=name --numeric-owner --owner=0 --group=0 --mtime=@1000000000 -C base -cf root.tar etc lib srv tmp usr
      mkdir basectx; cp root.tar basectx/
      printf '%s' '\(text)' > basectx/Dockerfile
      B="buildah --storage-driver vfs --root \(folder)/store --runroot \(folder)/run"
      $B bud -q --isolation chroot -t base:1 basectx > log 2>&1
      cat > Dockerfile <<'END'
      FROM localhost/base:1
      \(body)
      END
      $B bud -q --isolation chroot --output type=tar,dest=\(folder)/out.tar -t out:1 -f Dockerfile c >> log 2>&1
      $B inspect --type image out:1 > config.json 2>> log
      """, in: folder)
    let store = MemoryBlobs()
    let layer = try TarReader.readLayer(at: "\(folder)/out.tar", store: store)
    return (lines([layer]), try settings(ofInspection: "\(folder)/config.json"))
  }

  static func settings(ofInspection path: String) throws -> ImageSettings {
    var settings = try JSONDecoder().decode(Inspection.self, from: Data(try TestFolder.read(path))).OCIv1
      .config
    settings.labels?["io.buildah.version"] = nil
    if settings.labels?.isEmpty == true { settings.labels = nil }
    return settings
  }

  /// A workspace with the external image `r.example/base:1`.
  static func workspace() -> TextWorkspace {
    var workspace = TextWorkspace()
    workspace.files["graph.yml"] = "name: d\narches: [x86_64]\nregistries:\n  r.example: {insecure: true}\n"
    workspace.registry["r.example/base:1"] = RemoteImage(
      manifest: String(repeating: "a", count: 64), layerCount: 1,
      configuration:
        #"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},"rootfs":{"type":"layers","diff_ids":[]}}"#
    )
    return workspace
  }

  /// What pulling the base gives: the archive that buildah was given too.
  static func pulled(_ node: Node, _ folder: String, _ store: MemoryBlobs) throws -> [String: Artifact]? {
    guard node.action.rule == PullOperation.rule else { return nil }
    let layer = try TarReader.readLayer(at: "\(folder)/root.tar", store: store)
    return ["layer/00": try store.write(layer, as: .layer)]
  }

  static func graph(_ body: String, in folder: String) async throws -> (
    tree: [String], settings: ImageSettings
  ) {
    var workspace = workspace()
    let context = files.filter { $0.key.hasPrefix("c/") }.map { (String($0.key.dropFirst(2)), $0.value) }
    workspace.add(
      image: "a", "FROM r.example/base:1\n" + body,
      files: Dictionary(uniqueKeysWithValues: context.map { ("c/" + $0, $1) }))
    workspace.files["index.d/app.yml"] = (workspace.files["index.d/app.yml"] ?? "").replacing(
      "  depends-on: null", with: "  build-context: c\n  depends-on: null")
    let build = try await MemoryBuild(workspace) { node, store in
      try pulled(node, folder, store)
    }
    let image = try #require(build.compiled.images.values.first)
    return (try build.tree("//app/a@latest:x86_64"), image.settings)
  }

  /// The tree that layers make, a line for each path; without times, which buildah takes from the clock.
  static func lines(_ layers: [Layer]) -> [String] {
    var entries: [String: Layer.Entry] = [:]
    for entry in layers.flatMap(\.entries) { entries[entry.path] = entry }
    return entries.values.map { entry in
      let content =
        switch entry.content {
        case .file(let digest): digest.short
        case .symlink(let target): "-> \(target)"
        default: "/"
        }
      let isLink = if case .symlink = entry.content { true } else { false }
      return
        "\(entry.path) \(content) \(isLink ? "" : String(entry.mode, radix: 8)) \(entry.owner):\(entry.group)"
    }.sorted()
  }
}
