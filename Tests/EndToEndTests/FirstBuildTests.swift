import FoundationEssentials
import Glibc
import GraphCore
import Testing

extension EndToEnd {
  @Suite("the first build")
  struct FirstBuild {
    @Test(
      "the web server answers over HTTP, also from a foreign architecture", arguments: ["x86_64", "aarch64"])
    func serves(architecture: String) async throws {
      let world = try await World.warm()
      if !Architecture.host.description.hasPrefix(architecture) {
        let registered = "/proc/sys/fs/binfmt_misc/qemu-\(architecture)"
        if access(registered, F_OK) == 0 {
          print(
            "note: this host has \(registered), so that the sandbox needs none of its own is not proved here")
        } else {
          #expect(access(registered, F_OK) != 0)
        }
      }
      let port = try Loopback.freePort()
      let server = try world.graph("run", "--publish", "\(port):8080", "//app/httpd:\(architecture)").start()
      let page = try await Loopback.page(port: port)
      server.send(SIGINT)
      _ = await server.end()
      #expect(page + "\n" == (try world.read("images/httpd/index.html")))
    }

    @Test("a program of the image is of the image's architecture", arguments: ["x86_64", "aarch64"])
    func machine(architecture: String) async throws {
      let world = try await World.warm()
      let label = "//library/python:\(architecture)"
      let shell = try await world.graph(
        "shell", label, "--", "/usr/bin/python3", "-c", "import os; print(os.uname().machine)"
      )
      .check()
      #expect(shell == architecture)
    }

    @Test("I1: two cold builds in different surroundings give the same digest for every image")
    func reproducible() async throws {
      let first = try await ColdBuild.shared.world()
      let second = try await World.fresh()
      // Other modes and times of the checkout, another home, time zone and locale, and one action at a time.
      try await Program(["chmod", "-R", "go-rwx", second.workspace]).check()
      try await Program(["find", second.workspace, "-exec", "touch", "-d", "2001-02-03 04:05:06", "{}", "+"])
        .check()
      try FileManager.default.createDirectory(
        atPath: second.scratch + "/home", withIntermediateDirectories: true)
      var build = second.graph("build", "-j1")
      build.words = ["sh", "-c", "umask 077; exec \"$@\"", "sh"] + build.words
      build.environment = [
        "HOME": second.scratch + "/home", "TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": "1", "USER": "somebody",
      ]
      try await build.check()
      let images = try await first.images()
      #expect(images.count >= 10)
      for image in images {
        #expect(try await first.digest(of: image) == second.digest(of: image), "\(image)")
      }
    }
  }
}
