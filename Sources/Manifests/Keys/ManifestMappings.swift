import GraphCore

extension ManifestMapping {
  private static let architectureNames = Architecture.all.map(\.name)

  /// For which architectures a target is made.
  static let architectureKeys: [ManifestKey] = [
    .init("arches", .choices(architectureNames), "some of the workspace's; all of them by default"),
    .init("only", .choices(architectureNames), "no others than these"),
    .init("not", .choices(architectureNames), "none of these"),
    .init("failable", .choices(architectureNames), "those whose failure stops nothing else"),
  ]

  /// `graph.yml`.
  public static let settings = ManifestMapping(
    "graph.yml",
    [
      .init("name", .text, required: true, "what people call the workspace"),
      .init("arches", .choices(architectureNames), required: true, "architectures, by canonical name"),
      .init(
        "registries", .either([.map(.mapping(registry)), .texts]),
        "hosts with an optional port; as a list, all of them are own"),
      .init("aliases", .map(.text), "image reference -> another reference, or a label"),
      .init(
        "stamps", .choices(Settings.Stamp.allCases.map(\.rawValue)), fallback: "[revision, base]",
        "what the last action of an image writes into it"),
      .init(
        "compression", .choice(Settings.Compression.allCases.map(\.rawValue)), fallback: "zstd", "of layers"),
      .init(
        "policy", .mapping(policy), "where inputs may come from; everything that is not listed is an error"),
      .init(
        "package-comparison-exceptions", .texts,
        "packages whose versions may differ between architectures"),
    ])

  static let policy = ManifestMapping(
    "'policy'",
    [
      .init("git-hosts", .texts, "hosts of git repositories: git.example.org, *.example.org"),
      .init("registries", .texts, "hosts of images"),
      .init("repositories", .texts, "labels, hosts or addresses that packages come from"),
      .init("base-ancestry", .texts, "what an image may stand on in the end: labels, images, scratch"),
    ])

  static let registry = ManifestMapping(
    "a registry",
    [
      .init("own", .flag, fallback: "false", "whether its images are entries of this workspace"),
      .init("insecure", .flag, fallback: "false", "whether it is spoken to without TLS"),
      .init("ca", .text, "a file of the workspace with the authorities that its certificate may be of"),
    ])

  /// A file of `index.d`.
  public static let indexFile = ManifestMapping(
    "an index file", [.init("Projects", .list(indexEntry), required: true, "the entries of one namespace")])

  /// An entry of the container index.
  public static let indexEntry = ManifestMapping(
    "an index entry", ignored: ["build_context"],
    [
      .init("id", .text, required: true, "a whole number above 0, unique within the file"),
      .init("app-id", .text, required: true, "the namespace: the file's name up to its first dot"),
      .init("job-id", .text, required: true, "the image's name"),
      .init("git-url", .text, required: true, "a path relative to the workspace, or an address"),
      .init("git-path", .text, required: true, "the folder of the Dockerfile in the repository"),
      .init("git-branch", .text, fallback: "master", "not used for a path of the workspace"),
      .init("target-file", .text, required: true, "the Dockerfile in that folder"),
      .init("desired-tag", .emptyText, required: true, fallback: "latest", "the tag, as text"),
      .init("notify-email", .text, required: true, "who is told"),
      .init("build-context", .text, fallback: "./", "the folder that COPY reads, relative to git-path"),
      .init("prebuild-script", .text, "goes with prebuild-context"),
      .init("prebuild-context", .text, "goes with prebuild-script"),
      .init("depends-on", .texts, "[registry/]app-id/job-id[:tag] of what it needs"),
    ])

  /// A file of `graph.d`.
  public static let targetsFile = ManifestMapping(
    "a file of graph.d",
    [
      .init("bases", .list(base), "images made of packages alone"),
      .init("repositories", .list(repository), "RPM repositories of packages that commands make"),
      .init("rpms", .list(rpm), "packages that rpmbuild makes of spec files"),
      .init("commands", .list(command), "programs with declared inputs and outputs"),
      .init("images", .list(imageOptions), "what the container index has no key for"),
    ])

  static let base = ManifestMapping(
    "a base",
    [
      .init("name", .text, required: true, "//base/NAME"),
      .init("repositories", .texts, required: true, "labels //repo/NAME, best first"),
      .init("packages", .texts, required: true, "requests as dnf reads them"),
    ] + architectureKeys + [
      .init("env", .map(.text), "environment of the image"),
      .init("cmd", .texts, "what starts"),
      .init("labels", .map(.text), "labels of the image"),
    ])

  static let repository = ManifestMapping(
    "a repository",
    [
      .init("name", .text, required: true, "//repo/NAME"),
      .init(
        "members", .texts,
        "labels or patterns of rpms and of commands that make RPMs; required without an address"),
      .init("baseurl", .texts, "addresses of a repository of others, tried in their order"),
      .init("mirrorlist", .text, "the address of a list of addresses"),
      .init("metalink", .text, "the address of a Metalink document of its repomd.xml"),
      .init("variables", .map(.text), "what $name stands for in addresses, beside $basearch and $arch"),
      .init("includepkgs", .texts, "patterns of names of packages: no others are there"),
      .init("excludepkgs", .texts, "patterns of names of packages that are not there"),
      .init(
        "priority", .number(UpstreamReader.priorities), fallback: "\(UpstreamReader.usualPriority)",
        "the lower the better"),
      .init("gpgkey", .texts, "files of the workspace with public keys"),
      .init("gpgcheck", .flag, "whether packages have to be signed with one of them; yes where there is one"),
      .init("repo_gpgcheck", .flag, fallback: "false", "whether repomd.xml has to be"),
    ] + architectureKeys)

  static let command = ManifestMapping(
    "a command",
    [
      .init("name", .text, required: true, "//package/name"),
      .init("for-each", .texts, "one target for each value of {item}"),
      .init("root", .text, required: true, "'host', or the label of an image or base"),
      .init("tools", .texts, "programs of the host that it uses; only with root: host"),
      .init(
        "inputs", .map(.either([.text, .mapping(labelInput)])), "name -> a path, a label, or {label: //…}"),
      .init("command", .texts, required: true, "program and arguments, with placeholders"),
      .init("env", .map(.text), "environment, with placeholders"),
      .init("outputs", .map(.choice(["file", "folder"])), required: true, "name -> file or folder"),
      .init("fetch", .mapping(fetch), "what is fetched before it runs"),
      .init(
        "arches", .choices(architectureNames + ["noarch"]), "some of the workspace's, or noarch alone"),
    ] + architectureKeys.dropFirst() + boundKeys)

  static let labelInput = ManifestMapping(
    "an input", [.init("label", .text, required: true, "the label of a target")])

  static let fetch = ManifestMapping(
    "'fetch'", [.init("resolve", .texts, required: true, "the resolver and its arguments")])

  static let imageOptions = ManifestMapping(
    "an item of 'images'",
    [
      .init("name", .text, required: true, "a label or a pattern of index entries"),
      .init("build-args", .map(.text), "what ARG instructions get instead of their defaults"),
      .init(
        "contexts", .map(.text), "what FROM and --from mean by a name: a folder, a label, docker-image://…"),
      .init("target", .text, "the stage that is the image; the last one by default"),
    ] + architectureKeys)

  /// `cccp.yml` beside a Dockerfile.
  public static let pipeline = ManifestMapping(
    "a cccp file",
    ignored: ["desired-tag", "Upstreams"],
    [
      .init("job-id", .text, required: true, "the index entry's"),
      .init("test-skip", .flag, fallback: "true", "whether the test script is not run"),
      .init("test-script", .text, "tests the image"),
      .init("build-script", .text, "builds what the image needs"),
      .init("delivery-script", .text, "delivers the image"),
      .init("docker-index", .flag, fallback: "true", "whether it goes to the public index"),
      .init("custom-delivery", .either([.flag, .text]), fallback: "false", "true, false, or a script"),
      .init("local-delivery", .flag, fallback: "true", "whether it goes to the local registry"),
      .init("upstreams", .list(upstream), "repositories that it is made from, too"),
      .init("nulecule-file", .text, "describes an application"),
    ])

  static let upstream = ManifestMapping(
    "an upstream",
    [
      .init("ref", .text, required: true, "a branch, tag or commit"),
      .init("url", .text, required: true, "the repository's address"),
    ])

  /// `container.yaml` beside a Dockerfile: the reader's own table.
  public static let container = ContainerReader.mapping

  /// The mappings that the lists of a file of `graph.d` hold, by the list's key.
  public static let targetLists: [String: ManifestMapping] = Dictionary(
    targetsFile.keys.compactMap { key in
      if case .list(let mapping) = key.shape { (key.name, mapping) } else { nil }
    }, uniquingKeysWith: { first, _ in first })
}
