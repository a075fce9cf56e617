import Testing

/// Repositories of packages that rpmbuild makes in a moment.
enum SmallPackages {
  /// Makes packages of a name, a version and lines of a header each, and the metadata of a repository of them.
  static let build = """
    set -e
    out=$1
    shift
    mkdir -p "$out" "$out.top"
    for package; do
      name=${package%%|*} rest=${package#*|}
      version=${rest%%|*} header=${rest#*|}
      { printf 'Name: %s\\nVersion: %s\\nRelease: 1\\nSummary: s\\nLicense: MIT\\nAutoReqProv: no\\nBuildArch: noarch\\n%b\\n' \
          "$name" "$version" "$header"
        printf '%%description\\nd\\n%%install\\nmkdir -p %%{buildroot}/srv; echo %s >%%{buildroot}/srv/%s\\n' "$version" "$name"
        printf 'head -c 300000 /dev/urandom >%%{buildroot}/srv/%s.data\\n%%files\\n/srv/*\\n' "$name"; } >"$out.top/spec"
      rpmbuild -bb --quiet --define "_topdir $out.top" --define "_rpmdir $out" --define '__os_install_post %{nil}' "$out.top/spec"
    done
    createrepo_c --quiet --no-database --general-compress-type gz "$out"
    """

  static func publish(_ folder: String, _ packages: String...) async throws {
    try await Program(["sh", "-c", build, "sh", folder] + packages).check()
  }

  /// A workspace on a repository of its own: a base of the package `app`, and an image on it for each line of a Dockerfile.
  ///
  /// - Parameters:
  ///   - images: by the name after `//web/`: what stands behind FROM.
  ///   - packages: as `publish` takes them.
  static func world(
    images: [String: String], _ packages: String...
  ) async throws -> (World, repository: String) {
    var files = [
      "graph.yml": "name: packages\narches: [x86_64]\n",
      "graph.d/a.yml": """
      repositories:
        - name: //repo/up
          baseurl: file://FOLDER
      bases:
        - name: //base/min
          repositories: [//repo/up]
          packages: [app]

      """,
    ]
    var index = "Projects:\n"
    for (number, (name, steps)) in images.sorted(by: { $0.key < $1.key }).enumerated() {
      index +=
        "  - {id: \(number + 1), app-id: web, job-id: \(name), git-url: \(name), git-path: /, target-file: Dockerfile,\n"
      index += "     desired-tag: 1, notify-email: a@example.org, depends-on: base/min}\n"
      files["\(name)/cccp.yml"] = "job-id: \(name)\n"
      files["\(name)/Dockerfile"] = "FROM base/min\n\(steps)\n"
    }
    files["index.d/web.yml"] = index
    let world = try World(files: files)
    let repository = world.scratch + "/repository"
    try await Program(["sh", "-c", build, "sh", repository] + packages).check()
    try world.edit("graph.d/a.yml", "FOLDER", repository)
    return (world, repository)
  }
}
