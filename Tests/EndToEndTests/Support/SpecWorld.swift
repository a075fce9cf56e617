import FoundationEssentials
import Testing

/// A workspace of packages that are made from specs: one for each architecture with a part that is not, one without
/// architecture, one for x86_64 alone.
enum SpecWorld {
  /// A spec with its changelog of 2025-01-01.
  static func spec(_ name: String, header: String, body: String) -> String {
    """
    Name: \(name)
    Version: 1.0
    Release: 1%{?dist}
    Summary: s
    License: MIT
    \(header)
    %description
    d
    \(body)
    %changelog
    * Wed Jan 01 2025 Example <release@example.org> - 1.0-1
    - The first.

    """
  }

  static let hello = spec(
    "hello",
    header: """
      Source0: https://example.org/%{name}-%{version}.tar
      Source1: conf
      Patch0: greeting.patch
      BuildRequires: tar
      Requires: data
      AutoReqProv: no
      %package doc
      Summary: s
      BuildArch: noarch
      %description doc
      d
      """,
    body: """
      %prep
      %autosetup -p1
      %install
      mkdir -p %{buildroot}/usr/{share,lib}
      cp greeting %{SOURCE1} %{buildroot}/usr/share
      echo %{_target_cpu} >%{buildroot}/usr/lib/hello
      %check
      grep -q mended greeting
      %files
      /usr/share/conf
      /usr/lib/hello
      %files doc
      /usr/share/greeting
      """)

  static let files = [
    "graph.yml": "name: specs\narches: [x86_64, aarch64]\n",
    "graph.d/a.yml": """
    rpms:
      - name: //rpm/hello
        spec: rpm/hello.spec
        sources:
          - files
          - {url: "file://FOLDER/hello-1.0.tar", sha256: SUM}
        macros: {dist: .el7}
        buildroot: {host: [tar]}
      - {name: "//rpm/{item}", for-each: [data, only], spec: "rpm/{item}.spec", buildroot: {host: []}}
    repositories:
      - {name: //repo/own, members: [//rpm/...]}
    bases:
      - {name: //base/own, repositories: [//repo/own], packages: [hello]}

    """,
    "files/conf": "a setting\n",
    "rpm/greeting.patch": "--- a/greeting\n+++ b/greeting\n@@ -1 +1 @@\n-broken\n+mended\n",
    "rpm/hello.spec": hello,
    "rpm/data.spec": spec(
      "data", header: "BuildArch: noarch",
      body: "%install\nmkdir -p %{buildroot}/srv\ndate >%{buildroot}/srv/data\ntrue >%{buildroot}/srv/data\n"
        + "%files\n/srv/data"),
    "rpm/only.spec": spec(
      "only", header: "ExclusiveArch: x86_64",
      body: "%install\nmkdir -p %{buildroot}/srv\ntrue >%{buildroot}/srv/only\n%files\n/srv/only"),
  ]

  static func make() async throws -> World {
    let world = try World(files: files)
    let sum = try await Program([
      "sh", "-ec",
      """
      mkdir "$1/hello-1.0"
      echo broken >"$1/hello-1.0/greeting"
      tar -C "$1" -cf "$1/hello-1.0.tar" hello-1.0
      sha256sum <"$1/hello-1.0.tar"
      """, "sh", world.scratch,
    ]).check().prefix(64)
    try world.edit("graph.d/a.yml", "FOLDER", world.scratch)
    try world.edit("graph.d/a.yml", "SUM", String(sum))
    return world
  }

  /// The names and SHA-256 of the files that a label delivers.
  static func packages(_ world: World, _ label: String) async throws -> [String: String] {
    let folder = try await world.export(label)
    let lines = try await Program(["sh", "-c", "cd \"$1\" && sha256sum *.rpm", "sh", folder]).check()
    return Dictionary(
      lines.split(separator: "\n").map { (String($0.dropFirst(66)), String($0.prefix(64))) },
      uniquingKeysWith: { first, _ in first })
  }

  /// What rpm says of the packages that a label delivers, a line each.
  static func query(_ world: World, _ label: String, _ format: String) async throws -> [String] {
    let folder = try await world.export(label)
    return try await Program([
      "sh", "-c", "rpm -qp --queryformat \"$2\\n\" \"$1\"/*.rpm", "sh", folder, format,
    ]).check().split(separator: "\n").map(String.init).sorted()
  }

  /// A repository with the package `greeter`, and `buildtools`: rpmbuild, a shell and what they need, from this host.
  static let buildRepository = """
    set -e
    mkdir "$1"
    cd "$1"
    cat >tools.spec <<'END'
    Name: buildtools
    Version: 1
    Release: 1
    Summary: s
    License: MIT
    AutoReqProv: no
    %description
    d
    %package -n greeter
    Summary: s
    AutoReqProv: no
    %description -n greeter
    d
    %install
    cd %{buildroot}
    mkdir -p usr/bin usr/lib usr/lib64 etc var/lib/rpm tmp root proc dev
    for name in bin lib lib64; do ln -s usr/$name $name; done
    echo root:x:0:0:root:/root:/bin/sh >etc/passwd
    echo root:x:0: >etc/group
    cp -R /usr/lib/rpm usr/lib/rpm
    for name in rpmbuild rpm sh bash cat cp chmod find grep gzip mkdir mktemp mv rm sed sort tar touch uname xargs; do
      cp -L $(command -v $name) usr/bin/
      ldd $(command -v $name) | grep -o '/[^ ]*' | while read -r lib; do
        place=usr/${lib#/}
        case $lib in /usr/*) place=${lib#/};; esac
        mkdir -p "${place%/*}"
        cp -L "$lib" "$place"
      done
    done
    printf '#!/bin/sh\\necho hello, world\\n' >usr/bin/greet
    chmod 755 usr/bin/greet
    %files
    %exclude /usr/bin/greet
    /*
    %files -n greeter
    /usr/bin/greet
    END
    rpmbuild -bb --quiet --define "_topdir $PWD/top" --define "_rpmdir $PWD" --define '__os_install_post %{nil}' \\
      --define 'debug_package %{nil}' --define '_binary_payload w1.zstdio' tools.spec >log 2>&1
    createrepo_c --quiet --no-database --general-compress-type gz .
    """
}
