import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
  /// Repositories that others publish, served by a real web server with the faults that real ones have.
  @Suite("repositories of others")
  struct Upstreams {
    /// A base of the package `app`, which needs `lib`, from a repository.
    private static func world(_ repository: String, packages: String = "[app]") throws -> World {
      try World(files: [
        "graph.yml": "name: upstream\narches: [x86_64]\n",
        "graph.d/a.yml": """
        repositories:
          - name: //repo/up
        \(repository.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
        bases:
          - name: //base/min
            repositories: [//repo/up]
            packages: \(packages)

        """,
      ])
    }

    /// The name of the newest snapshot, or of one before it.
    private static func newest(_ world: World, _ back: Int) async throws -> String {
      let names = try await world.history(
        "SELECT printf('%s_%02d', day, number) FROM snapshots ORDER BY id DESC")
      return try #require(names.dropFirst(back).first)
    }

    private static func publishAll(_ folder: String) async throws {
      try await SmallPackages.publish(folder, "app|1|Requires: lib", "lib|1|", "other|1|")
    }

    @Test(
      "metadata is pinned, packages are fetched when they are needed, and only then; what is published later changes what it is of"
    )
    func pinned() async throws {
      let server = try await WebServer()
      try await Self.publishAll(server.root + "/x86_64")
      let world = try Self.world("baseurl: \(server.address)/$basearch")
      #expect(try await world.graph("plan").run().status == 0)
      #expect(
        try server.requests().allSatisfy {
          $0.hasSuffix(" -") && $0.contains("repomd.xml") || $0.contains(" / ")
        })
      let first = try await world.build()
      #expect(first.contains("//base/min:x86_64 fetch"))
      let asked = try server.requests().filter { $0.contains(".rpm") }
      #expect(
        asked.count == 2 && asked.allSatisfy { $0.hasPrefix("200 ") && !$0.contains("other") }, "\(asked)")
      #expect(try await world.build("--offline").isEmpty)

      // Something else moves: nothing but its metadata and the lock are looked at.
      try await SmallPackages.publish(server.root + "/x86_64", "other|2|")
      #expect(try await world.planned().isEmpty)
      _ = try server.requests()
      try await world.graph("snapshot", "refresh").check()
      let moved = try await world.graph("snapshot", "diff", Self.newest(world, 1), Self.newest(world, 0))
        .run()
      #expect(moved.output.contains("//repo/up:x86_64"), "\(moved.transcript)")
      #expect(
        try await world.build() == [
          "//base/min:x86_64 lock", "//repo/up:x86_64 fetch filelists", "//repo/up:x86_64 fetch primary",
          "//repo/up:x86_64 repodata",
        ])
      #expect(try server.requests().allSatisfy { !$0.contains(".rpm") })

      // What the base has moves, and no more than that is fetched.
      try await SmallPackages.publish(server.root + "/x86_64", "lib|2|")
      let second = try await world.build("--refresh")
      #expect(second.isSuperset(of: ["//base/min:x86_64 fetch", "//base/min:x86_64 install"]))
      #expect(try server.requests().filter { $0.contains(".rpm") }.map { $0.contains("lib-2-1") } == [true])

      // An old snapshot is built as it was, from the store alone, although its metadata is not there any more.
      try await world.graph("build", "--snapshot", Self.newest(world, 2), "--offline").check()
      #expect(try await world.ran().isEmpty)
    }

    @Test("faults of mirrors: another one is asked, what was sent is kept, and no wrong byte is taken")
    func faults() async throws {
      let good = try await WebServer(
        """
        location /redirected/ { return 302 HERE/x86_64$request_uri; }
        location /slow/ { alias ROOT/x86_64/; limit_rate 200k; }
        location /forbidden/ { return 403; }
        """)
      try await Self.publishAll(good.root + "/x86_64")
      // A mirror that serves other bytes of the same size under the right names.
      try await Program([
        "sh", "-ec",
        """
        cp -R "$1/x86_64" "$1/wrong"
        for file in "$1"/wrong/noarch/*.rpm; do printf x | dd of="$file" bs=1 seek=9000 conv=notrunc status=none; done
        """, "sh", good.root,
      ]).check()
      try await Program(["ln", "-s", "x86_64", good.root + "/redirected"]).check()
      let cut = try CuttingServer(serving: good.root)
      for (first, expected) in [
        ("\(good.address)/nothing/", "404"), ("\(good.address)/forbidden/", "403"),
        ("\(good.address)/wrong/", "200"), ("\(good.address)/slow/", "200"), ("http://127.0.0.1:1/", nil),
        ("\(cut.address)/x86_64/", nil),
      ] as [(String, String?)] {
        let world = try Self.world("baseurl: [\(first), \(good.address)/x86_64/]")
        _ = try good.requests()
        let built = try await world.graph("build").run()
        #expect(built.status == 0, "\(first): \(built.transcript)")
        let requests = try good.requests()
        if let expected {
          #expect(requests.contains { $0.hasPrefix(expected) }, "\(first): \(requests)")
        }
        if first.hasPrefix(cut.address) {
          // Goes on in the middle at the next mirror.
          #expect(requests.contains { $0.hasPrefix("206") && $0.contains(".rpm bytes=") }, "\(requests)")
        }
        let fsck = try await world.graph("fsck").run()
        #expect(fsck.status == 0, "\(fsck.transcript)")
      }
    }

    @Test(
      "where no mirror has what is pinned, the reason of each is told with exit code 75, and nothing is half installed"
    )
    func nowhere() async throws {
      let server = try await WebServer()
      try await Self.publishAll(server.root + "/x86_64")
      let world = try Self.world("baseurl: \(server.address)/$basearch")
      try await world.graph("snapshot", "refresh").check()
      try await Program(["sh", "-c", "rm \"$1\"/x86_64/noarch/lib-*", "sh", server.root]).check()
      let built = try await world.graph("build").run()
      #expect(built.status == 75, "\(built.transcript)")
      #expect(
        built.errors.contains("no mirror has lib-1-1.noarch as it is pinned") && built.errors.contains("404"))
      // It comes back.
      try await SmallPackages.publish(server.root + "/again", "lib|1|")
      try await Self.publishAll(server.root + "/x86_64")
      let again = try await world.graph("build", "--refresh").run()
      #expect(again.status == 0, "\(again.transcript)")
    }

    @Test("a mirror list and a Metalink document name mirrors; one that is out of date is passed over")
    func mirrors() async throws {
      let server = try await WebServer()
      try await SmallPackages.publish(server.root + "/old", "app|0|Requires: lib", "lib|0|")
      try await Self.publishAll(server.root + "/new")
      let list = "# a comment\n\(server.address)/nothing/\n\(server.address)/new/\n"
      try Data(list.utf8).write(to: URL(filePath: server.root + "/list"))
      let checksum = try await Program(["sha256sum", server.root + "/new/repodata/repomd.xml"]).check()
        .prefix(64)
      let metalink = """
        <?xml version="1.0" encoding="utf-8"?>
        <metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="repomd.xml">
        <verification><hash type="md5">0</hash><hash type="sha256">\(checksum)</hash></verification>
        <resources maxconnections="1">
        <url protocol="http" type="http" preference="90">\(server.address)/new/repodata/repomd.xml</url>
        <url protocol="http" type="http" preference="100">\(server.address)/old/repodata/repomd.xml</url>
        <url protocol="rsync" type="rsync" preference="100">rsync://127.0.0.1/repodata/repomd.xml</url>
        </resources></file></files></metalink>
        """
      try Data(metalink.utf8).write(to: URL(filePath: server.root + "/metalink"))
      for source in ["mirrorlist: \(server.address)/list", "metalink: \(server.address)/metalink"] {
        let world = try Self.world(source)
        let built = try await world.graph("build").run()
        #expect(built.status == 0, "\(built.transcript)")
        let files = try await world.graph("inputs", "//base/min:x86_64").check()
        #expect(files.contains("app-1-1.noarch"), "\(files)")
      }
      try Data(metalink.replacing(checksum, with: String(repeating: "0", count: 64)).utf8)
        .write(to: URL(filePath: server.root + "/metalink"))
      let world = try Self.world("metalink: \(server.address)/metalink")
      let refused = try await world.graph("build").run()
      #expect(
        refused.status == 75 && refused.errors.contains("another state than the Metalink document names"))
    }

    @Test("includepkgs, excludepkgs and priority decide as they do with dnf")
    func terms() async throws {
      let server = try await WebServer()
      try await Self.publishAll(server.root + "/x86_64")
      try await SmallPackages.publish(server.root + "/more", "app|9|", "lib|9|")
      func packages(_ first: String, _ second: String) async throws -> String {
        let world = try Self.world("baseurl: \(server.address)/x86_64\n\(first)")
        let text = try world.read("graph.d/a.yml").replacing(
          "bases:", with: "  - name: //repo/more\n    baseurl: \(server.address)/more\n    \(second)\nbases:"
        ).replacing("[//repo/up]", with: "[//repo/up, //repo/more]")
        try world.write(text, to: "graph.d/a.yml")
        let built = try await world.graph("build").run()
        if built.status != 0 { return built.errors }
        let inputs = try await world.graph("inputs", "//base/min:x86_64").check()
        return inputs.matches(of: /(app|lib)-[0-9]-1.noarch/).map { String($0.0) }.sorted().joined(
          separator: " ")
      }
      #expect(try await packages("", "priority: 99") == "app-9-1.noarch")
      #expect(try await packages("", "priority: 100") == "app-1-1.noarch lib-1-1.noarch")
      #expect(try await packages("priority: 10", "") == "app-1-1.noarch lib-1-1.noarch")
      #expect(try await packages("", "excludepkgs: [a*]") == "app-1-1.noarch lib-9-1.noarch")
      #expect(try await packages("", "includepkgs: [lib]") == "app-1-1.noarch lib-9-1.noarch")
      #expect(try await packages("excludepkgs: [app]", "includepkgs: [lib]").contains("app"))
    }

    @Test(
      "what has to be signed is: by a declared key, metadata and packages; else nothing of it is installed")
    func signatures() async throws {
      let server = try await WebServer()
      let world = try Self.world("baseurl: \(server.address)/x86_64\ngpgkey: keys/ours\nrepo_gpgcheck: yes")
      try await Self.publishAll(server.root + "/x86_64")
      try await Program([
        "sh", "-ec",
        """
        export GNUPGHOME=$1/gnupg
        mkdir -m 700 "$GNUPGHOME"
        mkdir -p "$2/keys"
        for name in ours theirs; do
          gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key "$name@example.org" rsa2048 sign never
          gpg --batch --armor --export "$name@example.org" >"$2/keys/$name"
        done 2>/dev/null
        cp -R "$3/x86_64" "$3/unsigned"
        rpmsign --define '__gpg /usr/bin/gpg' --define '_gpg_name ours@example.org' --addsign "$3"/x86_64/noarch/*.rpm >/dev/null
        for folder in x86_64 unsigned; do
          createrepo_c --quiet --no-database --general-compress-type gz "$3/$folder"
          gpg --batch --quiet --armor --local-user ours@example.org --detach-sign "$3/$folder/repodata/repomd.xml"
        done
        gpgconf --kill all
        """, "sh", world.scratch, world.workspace, server.root,
      ]).check()
      let good = try await world.graph("build").run()
      #expect(good.status == 0, "\(good.transcript)")

      try world.edit("graph.d/a.yml", "keys/ours", "keys/theirs")
      let otherKey = try await world.graph("build").run()
      #expect(
        otherKey.status == 1 && otherKey.errors.contains("is not signed with a declared key"),
        "\(otherKey.transcript)")
      let refreshed = try await world.graph("build", "--refresh").run()
      #expect(refreshed.status == 1, "\(refreshed.transcript)")
      #expect(
        refreshed.errors.contains("graph.d/a.yml:3:14: error: no mirror of '//repo/up' has a good repomd.xml")
      )
      #expect(refreshed.errors.contains("not by a declared key"))

      try world.edit("graph.d/a.yml", "keys/theirs", "keys/ours")
      try world.edit("graph.d/a.yml", "/x86_64", "/unsigned")
      let unsigned = try await world.graph("build").run()
      #expect(
        unsigned.status == 1 && unsigned.errors.contains("is not signed with a declared key"),
        "\(unsigned.transcript)")
      try world.edit("graph.d/a.yml", "repo_gpgcheck: yes", "repo_gpgcheck: yes\n    gpgcheck: no")
      #expect(try await world.graph("build").run().status == 0)
    }

    @Test("credentials come from ~/.netrc, and are in no snapshot, log, message or key")
    func credentials() async throws {
      let server = try await WebServer(
        "location /private/ { auth_basic private; auth_basic_user_file ROOT/../users; }")
      try await Self.publishAll(server.root + "/private")
      try await Program([
        "sh", "-c", "htpasswd -bc \"$1/../users\" joe kingfisher 2>/dev/null; chmod 644 \"$1/../users\"",
        "sh", server.root,
      ]).check()
      let world = try Self.world("baseurl: \(server.address)/private")
      let refused = try await world.graph("build").run()
      #expect(refused.status == 75 && refused.errors.contains("401"), "\(refused.transcript)")
      try Data("machine 127.0.0.1 login joe password kingfisher\n".utf8).write(
        to: URL(filePath: world.scratch + "/.netrc"))
      var build = world.graph("build", "--log-level", "debug")
      build.environment["HOME"] = world.scratch
      let built = try await build.run()
      #expect(built.status == 0, "\(built.transcript)")
      #expect(!built.transcript.contains("kingfisher"))
      let found = try await Program(["grep", "-rl", "kingfisher", world.store, world.workspace]).run()
      #expect(found.output.isEmpty, "\(found.output)")
    }
  }

  /// Ends each first answer about a package in the middle, which no configuration of a real server does; else as any.
  private final class CuttingServer {
    let address: String
    private let server: Program.Running

    private static let script = """
      import http.server, os, sys
      class Handler(http.server.SimpleHTTPRequestHandler):
          def do_GET(self):
              if not self.path.endswith(".rpm"):
                  return super().do_GET()
              path = self.translate_path(self.path)
              size = os.path.getsize(path)
              self.send_response(200)
              self.send_header("Content-Length", str(size))
              self.end_headers()
              self.wfile.write(open(path, "rb").read(size // 2))
              self.close_connection = True
          def log_message(self, *_): pass
      http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
      """

    init(serving folder: String) throws {
      let port = try Loopback.freePort()
      address = "http://127.0.0.1:\(port)"
      var program = Program(["python3", "-c", Self.script, "\(port)"])
      program.folder = folder
      server = try program.start()
    }

    deinit { server.send(SIGKILL) }
  }
}
