import Formats
import GraphCore
import Manifests
import Resolve
import Testing

@testable import Rules

/// Dockerfiles of several stages, COPY --from and ADD, built by buildah and by the operations here: the same tree,
/// modes, owners, hard links and, where they come from an archive, times.
@Suite("agreement with buildah on stages and ADD", .serialized)
struct BuildahStageTests {
  /// Makes the base image's root and the build context `c`, with archives of files that belong to others.
  static let prepare = """
    mkdir -p base/etc base/usr/lib base/tmp base/srv base/d1/sub c/d/b
    printf 'root:x:0:0:root:/root:/bin/sh\\napp:x:1001:1002::/:/bin/sh\\n' > base/etc/passwd
    printf 'root:x:0:\\napp:x:1002:\\nweb:x:33:\\n' > base/etc/group
    echo k > base/usr/lib/keep; ln -s usr/lib base/lib; chmod 1777 base/tmp; chmod 700 base/srv
    echo old > base/d1/f; ln -s f base/d1/l; echo keep > base/d1/sub/keep; chmod 700 base/d1/sub
    tar --sort=name --numeric-owner --owner=0 --group=0 --mtime=@1000000000 -C base -cf root.tar d1 etc lib srv tmp usr
    echo F > c/f; echo A > c/d/a; echo C > c/d/b/c; ln -s a c/d/l
    mkdir -p s/out/sub s/tree/sub s/dir
    echo hi > s/out/f; chmod 4750 s/out/f; ln s/out/f s/out/hard; ln -s f s/out/l; echo s > s/out/sub/s
    chmod 710 s/out s/out/sub; mkfifo s/out/fifo; ln -s out s/olink; ln -s nothing s/dangling
    echo t > s/tree/sub/t; chmod 751 s/tree/sub; echo a > s/dir/a; chmod 2640 s/dir/a; ln s/dir/a s/h; ln -s dir/a s/s
    find s -exec touch -h -d @1111111111 {} +
    T='tar --sort=name --numeric-owner --owner=7 --group=8'
    $T -C s -cf c/src.tar dangling olink out tree; $T -C s -cf c/p.tar dir h s; $T -C s/tree -cf c/over.tar sub
    gzip -nk c/p.tar; bzip2 -k c/p.tar; xz -k c/p.tar; zstd -q c/p.tar
    echo plain | gzip -n > c/plain.gz; : > c/empty; head -c 1024 /dev/zero > c/zeros
    """

  static let from = "FROM scratch AS src\nADD src.tar /\nFROM BASE\n"

  static let dockerfiles: [String] =
    [
      "FROM BASE AS one\nCOPY f /out/f\nCOPY d /out/d\nFROM BASE\nCOPY --from=one /out /new\n",
      "FROM BASE AS one\nADD p.tar /u\nFROM BASE\nCOPY f /x\n",
      "FROM BASE AS a\nENV X=1\nWORKDIR /w\nLABEL l=a\nFROM a AS b\nCOPY f .\nUSER app\nFROM b\nCOPY --from=a /etc/passwd p\nCMD [\"x\"]\n",
      "ARG V=1\nFROM BASE AS x\nARG V\nCOPY f /v$V\nFROM x\nARG V=2\nCOPY --from=x /v1 /v$V\n",
      "FROM BASE\nADD p.tar /u0\n", "FROM BASE\nADD p.tar.gz /u1/\n", "FROM BASE\nADD p.tar.bz2 /u2\n",
      "FROM BASE\nADD p.tar.xz /u3\n", "FROM BASE\nADD p.tar.zst /u4/\n",
      "FROM BASE\nADD p.tar f /several/\n",
      "FROM BASE\nADD plain.gz /nt\nADD empty /em\nADD zeros /ze\nADD d /dd\n",
      "FROM BASE\nCOPY p.tar p.tar.gz /plain/\n", "FROM BASE\nADD over.tar /d1\nADD p.tar* /all/\n",
      "FROM BASE\nWORKDIR /w\nADD f /tmp/\nADD src.tar .\n",
    ]
    + [
      "COPY --from=src /out /new\n", "COPY --from=0 /out/ /d1/\n", "COPY --from=src /olink /via\n",
      "COPY --from=src /out/l /lcopy\nCOPY --from=src /out/f /out/hard /hl/\n",
      "COPY --from=src --chown=app --chmod=600 /out/ /ch/\n",
      "COPY --from=src --chown=5:web out/f /deep/x/f\n",
      "COPY --from=src /ou* /wild/\nCOPY --from=src /out/l* /wl/\n", "COPY --from=src / /all/\n",
      "COPY --from=src /tree /d1\n", "WORKDIR /w\nCOPY --from=src /out/./sub/../f here\n",
      "COPY --from=src out/sub /srv\nCOPY --from=src out/f /d1/\n",
    ].map { from + $0 }

  @Test("the same tree and settings", .enabled(if: BuildahAgreementTests.hasBuildah), arguments: dockerfiles)
  func agreement(dockerfile: String) async throws {
    let folder = try TestFolder(["empty": ""])
    defer { folder.remove() }
    _ = try RpmRepositoryFixture.run("cd '\(folder.path)'\n" + Self.prepare, in: folder.path)
    let theirs = try Self.buildah(dockerfile, in: folder.path)
    let ours = try await Self.graph(dockerfile, in: folder.path)
    #expect(ours.tree == theirs.tree)
    #expect(ours.settings == theirs.settings)
  }

  static func buildah(_ dockerfile: String, in folder: String) throws -> (
    tree: [String], settings: ImageSettings
  ) {
    _ = try RpmRepositoryFixture.run(
      """
      cd '\(folder)'
      mkdir basectx; cp root.tar basectx/
      printf 'FROM scratch\\nADD root.tar /\\n' > basectx/Dockerfile
      B="buildah --storage-driver vfs --root \(folder)/store --runroot \(folder)/run"
      $B bud -q --isolation chroot -t base:1 basectx > log 2>&1
      cat > Dockerfile <<'END'
      \(dockerfile.replacing("FROM BASE", with: "FROM localhost/base:1"))
      END
      $B bud -q --isolation chroot --output type=tar,dest=\(folder)/out.tar -t out:1 -f Dockerfile c >> log 2>&1
      $B inspect --type image out:1 > config.json 2>> log
      """, in: folder)
    let layer = try TarReader.readLayer(at: "\(folder)/out.tar", store: MemoryBlobs())
    return (lines([layer]), try BuildahAgreementTests.settings(ofInspection: "\(folder)/config.json"))
  }

  static func graph(_ dockerfile: String, in folder: String) async throws -> (
    tree: [String], settings: ImageSettings
  ) {
    var workspace = BuildahAgreementTests.workspace()
    workspace.add(image: "a", dockerfile.replacing("FROM BASE", with: "FROM r.example/base:1"))
    workspace.files["index.d/app.yml"] = (workspace.files["index.d/app.yml"] ?? "").replacing(
      "  depends-on: null", with: "  build-context: c\n  depends-on: null")
    let build = try await MemoryBuild(workspace, prepare: "cp -a '\(folder)/c' a/c") { node, store in
      try BuildahAgreementTests.pulled(node, folder, store)
    }
    let image = try #require(build.compiled.images.values.first)
    return (lines(try build.layers("//app/a@latest:x86_64")), image.settings)
  }

  /// The tree that layers make; of times those of the archives, which are no folder's.
  static func lines(_ layers: [Layer]) -> [String] {
    var entries: [String: Layer.Entry] = [:]
    for entry in layers.flatMap(\.entries) { entries[entry.path] = entry }
    return entries.values.map { entry in
      var isLink = false
      var time = entry.modified == 1_111_111_111 ? " old" : ""
      let content: String
      switch entry.content {
      case .file(let digest): content = digest.short
      case .hardlink(let target): content = "= \(target)"
      case .fifo:
        // buildah makes these anew.
        (content, time) = ("|", "")
      case .symlink(let target):
        // buildah gives links the time of the copy.
        (content, isLink, time) = ("-> \(target)", true, "")
      default: (content, time) = ("/", "")
      }
      return
        "\(entry.path) \(content) \(isLink ? "" : String(entry.mode, radix: 8)) \(entry.owner):\(entry.group)\(time)"
    }.sorted()
  }
}
