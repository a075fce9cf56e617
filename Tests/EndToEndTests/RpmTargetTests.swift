import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  /// `rpms:`: from a spec to packages, a repository and a base.
  @Suite("packages from specs")
  struct RpmTargets {
    @Test(
      "each architecture by --target, noarch once for all, and a repository of them that a base is solved from"
    )
    func built() async throws {
      let world = try await SpecWorld.make()
      let ran = try await world.build()
      #expect(
        Set(ran.filter { $0.hasPrefix("//rpm") || $0.hasPrefix("//srpm") }) == [
          "//srpm/hello fetch hello-1.0.tar", "//srpm/hello rpmbuild", "//srpm/data rpmbuild",
          "//srpm/only rpmbuild", "//rpm/hello:x86_64 rpmbuild", "//rpm/hello:aarch64 rpmbuild",
          "//rpm/hello:x86_64 packages", "//rpm/hello:aarch64 packages", "//rpm/data rpmbuild",
          "//rpm/only:x86_64 rpmbuild",
        ])
      let foreign = try await SpecWorld.packages(world, "//rpm/hello:aarch64")
      let native = try await SpecWorld.packages(world, "//rpm/hello:x86_64")
      #expect(foreign.keys.sorted() == ["hello-1.0-1.el7.aarch64.rpm", "hello-doc-1.0-1.el7.noarch.rpm"])
      #expect(native.keys.sorted() == ["hello-1.0-1.el7.x86_64.rpm", "hello-doc-1.0-1.el7.noarch.rpm"])
      let doc = "hello-doc-1.0-1.el7.noarch.rpm"
      #expect(native[doc] == foreign[doc])
      // Built where and when: of the changelog's day, and by nobody's machine.
      #expect(
        try await SpecWorld.query(
          world, "//rpm/hello:aarch64", "%{NAME} %{ARCH} %{BUILDTIME} %{BUILDHOST} %{SOURCERPM}") == [
            "hello aarch64 1735689600 reproducible hello-1.0-1.el7.src.rpm",
            "hello-doc noarch 1735689600 reproducible hello-1.0-1.el7.src.rpm",
          ])
      #expect(
        try await SpecWorld.packages(world, "//srpm/hello").keys.sorted() == ["hello-1.0-1.el7.src.rpm"])
      let locked = try await world.graph("lock", "//base/own:aarch64").check()
      #expect(locked.contains("hello  1.0-1.el7.aarch64  //repo/own"), "\(locked)")
      #expect(locked.contains("data   1.0-1.noarch"), "\(locked)")
      // What the spec leaves out is said, with its place, and stops nothing.
      let check = try await world.graph("check").check()
      #expect(check.contains("its 'ExclusiveArch' leaves it out (rpm/only.spec:6:16)"), "\(check)")
      #expect(try await world.build().isEmpty)
    }

    @Test(
      "the same bytes from another folder and machine, at another time, with other modes and times of files")
    func reproducible() async throws {
      let (one, other) = (try await SpecWorld.make(), try await SpecWorld.make())
      try await one.build("//rpm/...")
      try await Program([
        "sh", "-c", "find \"$1\" -type f -exec touch -d 2001-01-01 {} + -exec chmod 755 {} +", "sh",
        other.workspace,
      ]).check()
      // A second later at least, and on a host of another name where this may be said.
      try await Task.sleep(for: .seconds(1.1))
      var build = other.graph("build", "//rpm/...")
      if getuid() == 0 {
        build = Program(
          ["unshare", "--uts", "sh", "-c", "hostname another.example.org && exec \"$@\"", "sh", World.graph]
            + ["build", "--store", other.store, "//rpm/..."])
        build.folder = other.workspace
      }
      try await build.check()
      for label in [
        "//srpm/hello", "//srpm/data", "//rpm/hello:x86_64", "//rpm/hello:aarch64", "//rpm/data",
        "//rpm/only:x86_64",
      ] {
        let found = try await SpecWorld.packages(other, label)
        #expect(!found.isEmpty)
        #expect(try await SpecWorld.packages(one, label) == found, "\(label)")
      }
    }

    @Test("an edit of one source runs that package again, and no other")
    func edited() async throws {
      let world = try await SpecWorld.make()
      try await world.build("//rpm/...")
      try world.edit("files/conf", "a setting", "another setting")
      let ran = try await world.build("//rpm/...")
      // The packages without architecture come out the same, so the folder for aarch64 holds the same one.
      #expect(
        ran == [
          "//srpm/hello rpmbuild", "//rpm/hello:x86_64 rpmbuild", "//rpm/hello:aarch64 rpmbuild",
          "//rpm/hello:x86_64 packages", "//rpm/hello:aarch64 packages",
        ])
      let why = try await world.graph("why", "//srpm/hello").check()
      #expect(why.contains("source/conf (files/conf)"), "\(why)")
    }

    @Test("%check runs, and its failure is the package's, unless it is switched off")
    func checks() async throws {
      let world = try await SpecWorld.make()
      try world.edit("rpm/hello.spec", "grep -q mended greeting", "echo not mended >&2; exit 1")
      let failed = try await world.graph("build", "//rpm/hello:x86_64").run()
      #expect(failed.status == 1 && failed.transcript.contains("(%check)"), "\(failed.transcript)")
      try world.edit("graph.d/a.yml", "macros:", "check: no\n    macros:")
      #expect(try await world.build("//rpm/hello:x86_64").contains("//rpm/hello:x86_64 rpmbuild"))
    }

    @Test("in a base: the spec's BuildRequires are locked in its repositories, and installed on it")
    func inBase() async throws {
      let world = try await SpecWorld.make()
      let repository = world.scratch + "/build"
      try await Program(["sh", "-c", SpecWorld.buildRepository, "sh", repository]).check()
      try world.write(
        """
        rpms:
          - {name: //rpm/hello, spec: rpm/hello.spec, buildroot: {base: "//base/build:x86_64"}}
        repositories:
          - {name: //repo/build, baseurl: "file://\(repository)"}
        bases:
          - {name: //base/build, repositories: [//repo/build], packages: [buildtools], arches: [x86_64]}

        """, to: "graph.d/a.yml")
      let spec = SpecWorld.spec(
        "hello", header: "BuildRequires: greeter >= 1",
        body: "%install\nmkdir -p %{buildroot}/srv\ngreet >%{buildroot}/srv/hello\n%files\n/srv/hello")
      try world.write(spec, to: "rpm/hello.spec")
      // Both architectures are built in the root of one, so one lock and one installation serve both.
      let ran = try await world.build("//rpm/...")
      #expect(
        ran.isSuperset(of: [
          "//rpm/hello:x86_64 lock", "//rpm/hello:x86_64 rpmbuild", "//rpm/hello:aarch64 rpmbuild",
        ]), "\(ran)")
      #expect(
        try await SpecWorld.query(world, "//rpm/hello:aarch64", "%{ARCH} %{BUILDHOST}") == [
          "aarch64 reproducible"
        ])
      // Without an architecture the base is the target's own, and what runs in it is emulated where foreign.
      try world.edit("graph.d/a.yml", "//base/build:x86_64", "//base/build")
      try world.edit("graph.d/a.yml", ", arches: [x86_64]", "")
      let plan = try await world.graph("plan", "//rpm/hello:aarch64").check()
      #expect(plan.contains("rpm             aarch64  //rpm/hello:aarch64 rpmbuild"), "\(plan)")
      #expect(plan.contains(", 3 emulated"), "\(plan)")
      // What no repository has is said of the package that needs it.
      try world.edit("rpm/hello.spec", "greeter >= 1", "greeter >= 2")
      let missing = try await world.graph("build", "//rpm/hello:x86_64").run()
      #expect(
        missing.status == 1 && missing.transcript.contains("//rpm/hello:x86_64 lock")
          && missing.transcript.contains("greeter >= 2"), "\(missing.transcript)")
    }

    @Test("a branch is a release stream: its commit is pinned, and builds anew when it is refreshed")
    func stream() async throws {
      let world = try await SpecWorld.make()
      let git = world.scratch + "/dist-git"
      try await Program([
        "sh", "-ec",
        """
        git init -q -b c7 "$1"
        cp "$2/rpm/data.spec" "$1"
        cd "$1"
        git add data.spec
        git -c user.name=a -c user.email=a@example.org commit -qm first
        """, "sh", git, world.workspace,
      ]).check()
      try world.write(
        "rpms:\n  - {name: //rpm/data, git: {url: \"file://\(git)\", branch: c7}, spec: data.spec, buildroot: {host: []}}\n",
        to: "graph.d/a.yml")
      // A plan needs no store, and names what is not made yet.
      #expect(try await world.planned() == ["//srpm/data rpmbuild", "//rpm/data rpmbuild"])
      #expect(try await world.build() == ["//srpm/data rpmbuild", "//rpm/data rpmbuild"])
      try await Program([
        "sh", "-ec",
        """
        cd "$1"
        sed -i 's/^Version: 1.0/Version: 2.0/' data.spec
        git -c user.name=a -c user.email=a@example.org commit -qam second
        """, "sh", git,
      ]).check()
      #expect(try await world.planned().isEmpty)
      #expect(try await world.build("--refresh") == ["//srpm/data rpmbuild", "//rpm/data rpmbuild"])
      #expect(try await SpecWorld.packages(world, "//rpm/data").keys.sorted() == ["data-2.0-1.noarch.rpm"])
    }
  }

  /// What is wrong with a package is said at its line.
  @Suite("faults of packages from specs")
  struct RpmFaults {
    @Test("a missing source, a broken spec, what the host's tools cannot have, keys and values")
    func messages() async throws {
      let world = try await SpecWorld.make()
      let faults: [(file: String, old: String, new: String, message: String)] = [
        (
          "rpm/hello.spec", "Patch0: greeting.patch", "Patch0: %{name}-other.patch",
          "rpm/hello.spec:8:9: error: the source 'hello-other.patch' is not beside the spec"
        ),
        (
          "rpm/hello.spec", "Summary: s\nLicense", "Sumary: s\nLicense",
          "rpm/hello.spec:4:1: error: rpm cannot read the spec: Unknown tag: Sumary: s"
        ),
        (
          "rpm/hello.spec", "BuildRequires: tar", "BuildRequires: data",
          "rpm/hello.spec:9:16: warning: 'data' is made by '//rpm/data'"
        ),
        ("graph.d/a.yml", "macros: {dist", "makros: {dist", "graph.d/a.yml:7:5: error: unknown key 'makros'"),
        ("graph.d/a.yml", "    - files", "    - filez", "graph.d/a.yml:5:9: error: 'filez' does not exist"),
        ("graph.d/a.yml", "host: [tar]", "host: [tarr]", "the host has no program 'tarr'"),
        ("graph.d/a.yml", "{host: [tar]}", "{}", "graph.d/a.yml:8:16: error: a build root is of the host's"),
        (
          "graph.d/a.yml", "{dist: .el7}", "{a: b}",
          "graph.d/a.yml:7:14: error: 'a' cannot be the name of a macro"
        ),
        ("graph.d/a.yml", "file://", "ftp://", "is no address that a source can be fetched from"),
        ("graph.d/a.yml", "//rpm/hello", "//app/hello", "the name of a package is //rpm/NAME"),
      ]
      for fault in faults {
        let before = try world.read(fault.file)
        try world.edit(fault.file, fault.old, fault.new)
        let check = try await world.graph("check").run()
        #expect(check.transcript.contains(fault.message), "\(fault.new): \(check.transcript)")
        #expect(check.status == (fault.message.contains("warning") ? 0 : 1), "\(check.transcript)")
        try world.write(before, to: fault.file)
      }
      #expect(try await world.graph("check").run().status == 0)
      // A graph that was kept is not used for another spec.
      try await world.build("//rpm/data")
      try world.edit("rpm/data.spec", "Version: 1.0", "Version 1.0")
      let plan = try await world.graph("plan", "//rpm/data").run()
      #expect(plan.status == 1 && plan.errors.contains("rpm/data.spec:2:1: error"), "\(plan.transcript)")
    }
  }
}
