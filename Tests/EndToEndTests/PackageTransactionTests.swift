import FoundationEssentials
import Testing

extension EndToEnd {
  /// A repository of small packages, made by rpmbuild, and images that install, replace and remove them.
  @Suite("package commands of RUN")
  struct PackageTransactions {
    /// `name version|lines of the header|files|scriptlets`.
    private static let build = """
      set -e
      out=$2
      mkdir -p /build/top/box/bin /build/home
      export HOME=/build/home SOURCE_DATE_EPOCH=1700000000
      cp "$1" /build/top/box/bin/busybox
      package() {
        { printf 'Name: %s\\nVersion: %s\\nRelease: 1\\nSummary: s\\nLicense: MIT\\nAutoReqProv: no\\nBuildArch: noarch\\n%b\\n' \
            "$1" "$2" "$3"
          printf '%%description\\nd\\n%%install\\n%b\\n%b\\n%%files\\n%b\\n' "$4" "$6" "$5"; } >/build/top/spec
        rpmbuild -bb --quiet --define '_topdir /build/top' --define "_rpmdir $out" --define '__os_install_post %{nil}' \
          --define 'use_source_date_epoch_as_buildtime 1' --define '_buildhost graph' --define '_binaries_in_noarch_packages_terminate_build 0' \
          --define 'clamp_mtime_to_source_date_epoch 1' /build/top/spec
      }
      b='%{buildroot}'
      package box 1 'Provides: /bin/sh' \
        "mkdir -p $b/usr/bin $b/etc $b/tmp; cp /build/top/box/bin/busybox $b/usr/bin/; ln -s usr/bin $b/bin
      for i in sh cat cp ls rm mkdir sed touch base64; do ln -s busybox $b/usr/bin/\\$i; done
      printf '#!/bin/sh\\\\ncat /etc/yum.repos.d/graph.repo /run/graph/repositories/os/repodata/repomd.xml >/seen\\\\nls /etc/yum/repos.d /run/graph/repositories/os >/names\\\\n! touch /run/graph/repositories/os/x 2>/dev/null\\\\n' >$b/usr/bin/dnf
      chmod 755 $b/usr/bin/dnf $b/usr/bin/busybox" '/usr/bin/*\\n/bin\\n%dir /etc\\n%dir /tmp'
      for v in 1 2; do
        package tool $v '' "mkdir -p $b/usr/share/tool $b/usr/share/doc/tool $b/etc; echo $v >$b/usr/share/tool/$v
      echo $v >$b/usr/share/tool/version; echo $v >$b/usr/share/doc/tool/README; echo $v >$b/etc/tool.conf" \
          '/usr/share/tool\\n%doc /usr/share/doc/tool\\n%config(noreplace) /etc/tool.conf'
      done
      package lib 1 '' "mkdir -p $b/usr/lib; echo lib >$b/usr/lib/lib" /usr/lib/lib
      package app 1 'Requires: lib' "mkdir -p $b/usr/share; echo app >$b/usr/share/app" /usr/share/app \
        '%post\\necho $1 >>/app-post\\n%preun\\necho $1 >>/app-preun'
      package new 1 'Obsoletes: lib\\nProvides: lib' "mkdir -p $b/usr/lib; echo new >$b/usr/lib/new" /usr/lib/new
      package single 1 'Conflicts: full' "mkdir -p $b/usr/share; echo single >$b/usr/share/which" /usr/share/which
      package full 1 'Conflicts: single' "mkdir -p $b/usr/share; echo full >$b/usr/share/which" /usr/share/which
      printf '<comps><group><id>web</id><name>Web</name><packagelist>%s%s</packagelist></group></comps>' \
        '<packagereq type="mandatory">app</packagereq>' '<packagereq type="optional">single</packagereq>' >$out/comps.xml
      """

    private static let declarations = """
      commands:
        - name: //rpm/all
          root: host
          arches: [noarch]
          tools: [sh, rpmbuild, cp, ln, mkdir, chmod]
          inputs: {script: build, busybox: busybox}
          command: [sh, "{inputs.script}", "{inputs.busybox}", "{outputs.rpms}"]
          outputs: {rpms: folder}
      repositories:
        - name: //repo/os
          members: [//rpm/all]
      bases:
        - name: //base/box
          repositories: [//repo/os]
          packages: [box, tool-1]
      """

    /// What each image is made of, and what is in it then: its packages and the answers of its own shell.
    private static let images:
      [(name: String, dockerfile: String, packages: String, files: String, says: String)] = [
        (
          "update", "FROM base/box\nRUN yum -y update; yum -y install app; yum clean all\n",
          "app-1 box-1 new-1 tool-2",
          "/usr/share/tool/* /usr/lib/* /etc/tool.conf /app-post", "2 2 new 2 1"
        ),
        (
          "remove",
          "FROM app/update\nRUN echo changed >/etc/tool.conf\nRUN dnf -y remove app tool && rm -rf /usr/share/doc /var/cache/dnf/*\n",
          "box-1", "/usr/share/tool /usr/share/app /usr/lib/new /etc/tool.conf.rpmsave /app-preun",
          "changed 0"
        ),
        (
          "nodocs",
          "FROM base/box\nARG V=2\nRUN set -ex && T=tool-$V && dnf -y --nodocs install $T && cat /usr/share/tool/version >/copied\n",
          "box-1 tool-2", "/usr/share/tool/version /usr/share/doc/tool/README /copied", "2 2"
        ),
        (
          "group", "FROM base/box\nRUN dnf -y groupinstall Web\n", "app-1 box-1 new-1 tool-1",
          "/usr/share/app", "app"
        ),
        (
          "again", "FROM base/box\nRUN rm -r /usr/share/tool\nRUN dnf -y reinstall tool\n", "box-1 tool-1",
          "/usr/share/tool/version",
          "1"
        ),
        (
          "erasing", "FROM base/box\nRUN dnf -y install single\nRUN dnf -y install --allowerasing full\n",
          "box-1 full-1 tool-1",
          "/usr/share/which", "full"
        ),
        // A database that no lock knows of: somebody brought tool-2 and lib in.
        (
          "foreign", "FROM base/box\nCOPY rpmdb.sqlite /var/lib/rpm/\nRUN dnf -y install app tool\n",
          "app-1 box-1 lib-1 tool-2",
          "/usr/share/tool/version /usr/share/app", "1 app"
        ),
        (
          "opaque",
          "FROM base/box\nRUN dnf module enable x\nRUN dnf -y install single\n",
          "box-1 single-1 tool-1", "/seen /names /etc/yum.repos.d /run/graph", "*"
        ),
      ]

    private static func world() async throws -> World {
      var index = "Projects:\n"
      var files = [
        "graph.yml": "name: packages\narches: [x86_64]\n", "graph.d/a.yml": declarations, "build": build,
      ]
      for (number, image) in images.enumerated() {
        index += """
            - {id: \(number + 1), app-id: app, job-id: \(image.name), git-url: ., git-path: \(image.name), git-branch: main,
               target-file: Dockerfile, desired-tag: latest, notify-email: a@example.org, depends-on: null}

          """
        files["\(image.name)/Dockerfile"] = image.dockerfile
        files["\(image.name)/cccp.yml"] = "job-id: \(image.name)\n"
      }
      files["index.d/app.yml"] = index
      let world = try World(files: files)
      try await Program(["cp", "/usr/bin/busybox", world.workspace + "/busybox"]).check()
      // Made by rpm itself, from the same packages.
      try await Program([
        "sh", "-ec",
        """
        mkdir -p '\(world.scratch)/rpms' '\(world.scratch)/root'; cd '\(world.scratch)'
        sed 's,/build/,\(world.scratch)/,g' '\(world.workspace)/build' >script; sh script /usr/bin/busybox '\(world.scratch)/rpms'
        rpm --root '\(world.scratch)/root' --define '_dbpath /var/lib/rpm' --define '_db_backend sqlite' --justdb --nodeps \
          -i rpms/noarch/box-1-* rpms/noarch/tool-2-* rpms/noarch/lib-1-*
        cp root/var/lib/rpm/rpmdb.sqlite '\(world.workspace)/foreign/'
        """,
      ]).check()
      return world
    }

    @Test(
      "images have the packages and files that the commands make, whatever is below, and the same bytes again"
    )
    func images() async throws {
      let world = try await Self.world()
      let checked = try await world.graph("check").run()
      #expect(
        checked.transcript.contains(
          "opaque/Dockerfile:2:1: warning: a package command is run as it is written, inside the image: "
            + "'dnf module' is not reproduced"), "\(checked.transcript)")
      try await world.build()
      for image in Self.images {
        let label = "//app/\(image.name):x86_64"
        let database = try await world.graph("shell", label, "--", "/bin/base64", "/var/lib/rpm/rpmdb.sqlite")
          .check()
        let folder = "\(world.scratch)/db-\(image.name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(database.utf8).write(to: URL(filePath: folder + "/base64"))
        let packages = try await Program([
          "sh", "-ec",
          """
          cd '\(folder)'; base64 -d base64 >rpmdb.sqlite
          rpm --dbpath '\(folder)' --define '_db_backend sqlite' -qa --queryformat '%{NAME}-%{VERSION}\\n' | sort | tr '\\n' ' '
          """,
        ]).check()
        #expect(packages.split(separator: " ").joined(separator: " ") == image.packages, "\(image.name)")
        if image.says == "*" { continue }
        let said = try await world.graph(
          "shell", label, "--", "/bin/sh", "-c", "cat \(image.files) 2>/dev/null; true"
        ).check()
        #expect(said.split(separator: "\n").joined(separator: " ") == image.says, "\(image.name)")
      }
      let second = try await Self.world()
      let database = "foreign/rpmdb.sqlite"
      try await Program(["cp", "\(world.workspace)/\(database)", "\(second.workspace)/\(database)"]).check()
      try await second.build()
      for image in Self.images {
        let label = "//app/\(image.name):x86_64"
        #expect(try await world.digest(of: label) == second.digest(of: label), "\(image.name)")
      }
    }

    @Test(
      "a RUN that is left to a package manager sees the declared repositories and no other, and keeps nothing of them"
    )
    func repositories() async throws {
      let world = try await Self.world()
      try await world.build("//app/opaque:x86_64")
      let seen = try await world.graph("shell", "//app/opaque:x86_64", "--", "/bin/cat", "/seen", "/names")
        .check()
      #expect(seen.contains("[os]\nname=os\nbaseurl=file:///run/graph/repositories/os\nenabled=1"), "\(seen)")
      #expect(seen.contains("<repomd"))
      #expect(seen.contains("tool-1-1.noarch.rpm") && seen.contains("/etc/yum/repos.d:\n\n"), "\(seen)")
      let left = try await world.graph(
        "shell", "//app/opaque:x86_64", "--", "/bin/sh", "-c", "ls /etc /run 2>/dev/null; true"
      ).check()
      #expect(!left.contains("yum") && !left.contains("graph"), "\(left)")
      // A change of the repository runs it again; the other images are as they were.
      try world.edit("build", "single 1", "single 2")
      let planned = try await world.planned()
      #expect(planned.contains("//app/opaque@latest:x86_64 2 RUN"))
    }
  }
}
