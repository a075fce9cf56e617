import Formats
import GraphCore
import Testing

@Suite("OCI documents")
struct OCITests {
  @Test(
    "times are written and read",
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (1_767_323_045, "2026-01-02T03:04:05Z"),
      (951_782_400, "2000-02-29T00:00:00Z"),
      (-1, "1969-12-31T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
      (4_107_542_399, "2100-02-28T23:59:59Z"),
    ] as [(Int64, String)])
  func times(_ epoch: Int64, _ text: String) {
    #expect(ISO8601.text(ofEpoch: epoch) == text)
    #expect(ISO8601.epoch(of: text) == epoch)
  }

  @Test("other spellings of times")
  func otherTimes() {
    #expect(ISO8601.epoch(of: "2026-01-02T03:04:05.123456789Z") == 1_767_323_045)
    #expect(ISO8601.epoch(of: "2026-01-02T04:04:05+01:00") == 1_767_323_045)
    #expect(ISO8601.epoch(of: "2026-01-02T03:04:05") == nil)
    #expect(ISO8601.epoch(of: "2026-13-02T03:04:05Z") == nil)
    #expect(ISO8601.text(ofEpoch: .max) == "9999-12-31T23:59:59Z")
    #expect(ISO8601.day(ofEpoch: 1_767_323_045) == "20260102")
  }

  @Test("JSON is canonical")
  func json() {
    let value = JSON.object(["b": .array([.number(-1), .bool(true), .null]), "a": .string("/é\"\\\n\u{1}")])
    #expect(String(decoding: value.encoded(), as: UTF8.self) == #"{"a":"/é\"\\\n\u0001","b":[-1,true,null]}"#)
  }

  var configuration: ImageConfiguration {
    var run = ImageConfiguration.Run()
    run.user = "1001"
    run.exposedPorts = ["443/tcp", "80/tcp"]
    run.environment = ["PATH=/usr/bin", "LANG=C"]
    run.command = ["/bin/sh", "-c", "a && b"]
    run.workingDirectory = "/srv"
    run.labels = ["name": "httpd", "Version": "2"]
    return ImageConfiguration(
      platform: .init(.host), created: 1_767_323_045, run: run, layers: [Digest(ofText: "a")],
      history: [
        .init(created: 5, createdBy: "RUN a"), .init(created: nil, createdBy: "CMD", isEmptyLayer: true),
      ])
  }

  @Test("documents read back as they were written")
  func roundTrip() throws {
    #expect(try ImageConfiguration(decoding: configuration.encoded()) == configuration)
    let descriptor = Descriptor(
      mediaType: MediaType.layerZstd, digest: Digest(ofText: "z"), annotations: ["k": "v"])
    let manifest = ImageManifest(
      configuration: .init(mediaType: MediaType.configuration, digest: Digest(of: configuration.encoded())),
      layers: [descriptor], annotations: ["org.opencontainers.image.revision": "1"])
    #expect(try ImageManifest(decoding: manifest.encoded()) == manifest)
    var entry = Descriptor(mediaType: MediaType.manifest, digest: Digest(of: manifest.encoded()))
    entry.platform = Architecture("armhfp").map { .init($0) }
    let index = ImageIndex(manifests: [entry])
    #expect(try ImageIndex(decoding: index.encoded()) == index)
    #expect(Architecture("armhfp").flatMap { index.manifest(for: $0) } == entry)
    #expect(Architecture("aarch64").flatMap { index.manifest(for: $0) } == nil)
  }

  @Test("what only Docker's configurations hold is written as Docker writes it, and read back")
  func dockerFields() throws {
    var configuration = configuration
    configuration.platform = .init(architecture: "amd64")
    configuration.author = "Jo"
    configuration.run = ImageConfiguration.Run()
    configuration.run.shell = ["/bin/bash", "-c"]
    var check = ImageConfiguration.HealthCheck(test: ["CMD-SHELL", "a"])
    (check.interval, check.timeout, check.retries) = (1_000_000_000, 0, 3)
    configuration.run.healthCheck = check
    configuration.run.onBuild = ["RUN a", "COPY . /x"]
    configuration.run.stopSignal = "SIGINT"
    configuration.run.volumes = ["/v"]
    configuration.history = []
    let text = String(decoding: configuration.encoded(), as: UTF8.self)
    #expect(
      text.hasPrefix(
        #"{"architecture":"amd64","author":"Jo","config":{"Healthcheck":{"Interval":1000000000,"Retries":3,"#
          + #""Test":["CMD-SHELL","a"]},"OnBuild":["RUN a","COPY . /x"],"Shell":["/bin/bash","-c"],"#
          + #""StopSignal":"SIGINT","Volumes":{"/v":{}}},"created""#))
    #expect(try ImageConfiguration(decoding: configuration.encoded()) == configuration)
    let other = try ImageConfiguration(
      decoding: Array(
        #"{"architecture":"a","os":"linux","author":"","rootfs":{"diff_ids":[]},"config":{"Healthcheck":{"Test":null},"OnBuild":null,"Shell":null,"StopSignal":""}}"#
          .utf8))
    #expect(other.author == nil && other.run.stopSignal == nil && other.run.onBuild == [])
    #expect(other.run.healthCheck == ImageConfiguration.HealthCheck(test: []))
  }

  @Test("the bytes of a configuration are the same for ever")
  func golden() {
    var configuration = configuration
    configuration.platform = .init(architecture: "amd64")
    #expect(
      String(decoding: configuration.encoded(), as: UTF8.self)
        == #"{"architecture":"amd64","config":{"Cmd":["/bin/sh","#
        + #""-c","a && b"],"Env":["PATH=/usr/bin","LANG=C"],"ExposedPorts":{"443/tcp":{},"80/tcp":{}},"Labels":{"Ver"#
        + #"sion":"2","name":"httpd"},"User":"1001","WorkingDir":"/srv"},"created":"2026-01-02T03:04:05Z","history":["#
        + #"{"created":"1970-01-01T00:00:05Z","created_by":"RUN a"},{"created_by":"CMD","empty_layer":true}],"os":"li"#
        + #"nux","rootfs":{"diff_ids":["sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"],"ty"#
        + #"pe":"layers"}}"#)
  }

  @Test("Docker's documents are read")
  func docker() throws {
    let hex = Digest(ofText: "a").hex
    let manifest = try ImageManifest(
      decoding: Array(
        """
        {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
         "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7, "digest": "sha256:\(hex)"},
         "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 9,
                     "digest": "sha256:\(hex)"}]}
        """.utf8))
    #expect(manifest.mediaType == MediaType.dockerManifest)
    #expect(MediaType.isLayer(manifest.layers[0].mediaType))
    #expect(manifest.layers[0].digest.size == 9)
    let configuration = try ImageConfiguration(
      decoding: Array(
        """
        {"architecture": "amd64", "os": "linux", "container_config": {"Cmd": null},
         "config": {"Hostname": "", "Env": ["A=b"], "Cmd": null, "Volumes": {"/x": {}}, "Labels": null},
         "rootfs": {"type": "layers", "diff_ids": ["sha256:\(hex)"]}, "created": "2026-01-02T03:04:05.1Z"}
        """.utf8))
    #expect(configuration.run.environment == ["A=b"])
    #expect(configuration.run.volumes == ["/x"])
    #expect(configuration.created == 1_767_323_045)
  }

  @Test(
    "errors name the field",
    arguments: [
      (
        #"{"schemaVersion":1}"#, "the manifest has schema version 1: push the image again with a current tool"
      ),
      (#"{"schemaVersion":2,"layers":[]}"#, "the manifest lacks 'config'"),
      (
        #"{"schemaVersion":2,"config":{"digest":"sha256:00","size":1},"layers":[]}"#,
        "the manifest's config has the digest 'sha256:00' of 1 bytes, which is no SHA-256 digest"
      ),
      ("not json", "the manifest is not JSON"),
    ])
  func errors(_ text: String, _ message: String) {
    #expect(throws: FormatError(message)) { try ImageManifest(decoding: Array(text.utf8)) }
  }

  @Test("skopeo reads a layout that is made from our documents")
  func skopeo() throws {
    let store = MemoryStore()
    var tar: [UInt8] = []
    let content = store.write(Array("hello\n".utf8))
    let layer = Layer(entries: [.init(path: "hello", content: .file(content), mode: 0o644)])
    try TarWriter.write(layer, read: store.read, to: { tar.append(contentsOf: $0) })
    let blob = store.write(try Gzip.compress(tar))
    var configuration = configuration
    configuration.layerDigests = [Digest(of: tar).oci]
    configuration.history.removeFirst()
    configuration.history.insert(.init(created: 5, createdBy: "x"), at: 0)
    let manifest = ImageManifest(
      configuration: .init(mediaType: MediaType.configuration, digest: store.write(configuration.encoded())),
      layers: [.init(mediaType: MediaType.layerGzip, digest: blob)])
    let top = Descriptor(mediaType: MediaType.manifest, digest: store.write(manifest.encoded()))
    let files = ImageLayout.files(top: top, name: "1.0")
    _ = (store.write(files.layout), store.write(files.index))
    let tree = ImageLayout.tree(top: top, name: "1.0", blobs: [blob, manifest.configuration.digest])
    #expect(tree.isTree)
    let folder = try TemporaryFolder()
    for entry in tree.entries {
      switch entry.content {
      case .directory: try shell("mkdir \(folder.path)/\(entry.path)")
      case .file(let digest):
        try store.exportFile(digest, to: "\(folder.path)/\(entry.path)", mode: entry.mode)
      default: Issue.record("a layout has only files and folders")
      }
    }
    let digest = try shell("skopeo inspect --format '{{.Digest}}' oci:\(folder.path):1.0")
    #expect(digest == top.digest.oci + "\n")
    try shell("skopeo copy -q oci:\(folder.path):1.0 dir:\(folder.path)/copy")
  }
}
