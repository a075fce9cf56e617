import GraphCore

/// The keys of `rpms:`, and those that it shares with `commands:`.
extension ManifestMapping {
  static let rpm = ManifestMapping(
    "a package",
    [
      .init("name", .text, required: true, "//rpm/NAME"),
      .init("for-each", .texts, "one target for each value of {item}"),
      .init("git", .mapping(rpmGit), "the branch that spec and sources are of, in place of the workspace"),
      .init("spec", .text, required: true, "the spec file"),
      .init(
        "sources", .either([.texts, .listOf(.either([.text, .mapping(rpmSource)]))]),
        "files, folders of files, or {url, sha256}; what is beside the spec need not be listed"),
      .init("macros", .map(.text), "what %{name} is in the spec"),
      .init("buildroot", .mapping(buildRoot), required: true, "{host: [tools]} or {base: //base/NAME}"),
      .init("check", .flag, fallback: "true", "whether %check is run"),
    ] + architectureKeys + boundKeys)

  static let rpmGit = ManifestMapping(
    "'git'",
    [
      .init("url", .text, required: true, "the repository's address"),
      .init("branch", .text, required: true, "a branch: the release stream"),
    ])

  static let rpmSource = ManifestMapping(
    "a source",
    [
      .init("url", .text, required: true, "where it is fetched from"),
      .init("sha256", .text, required: true, "its checksum"),
      .init("name", .text, "as the spec calls it; the last part of the address by default"),
    ])

  static let buildRoot = ManifestMapping(
    "'buildroot'",
    [
      .init("host", .texts, "the host's tools that it uses beside those that rpmbuild always needs"),
      .init("base", .text, "a base, on which the spec's BuildRequires are installed"),
    ])

  /// What an action may use at most.
  static let boundKeys: [ManifestKey] = [
    .init("timeout", .number(1...FieldReader.timeoutSecondsMax), fallback: "3600", "in seconds"),
    .init(
      "memory", .text, "what it may hold at most, such as 4GiB; three quarters of the machine's by default"),
    .init(
      "processes", .number(1...FieldReader.processesMax), fallback: "4096", "processes and threads at once"),
    .init("disk", .text, "what it may write at most, such as 20GiB; what the disk has by default"),
  ]
}
