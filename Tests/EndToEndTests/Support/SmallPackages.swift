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
}
