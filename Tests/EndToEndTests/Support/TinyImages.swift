import FoundationEssentials
import Testing

extension World {
  /// A workspace of two small images for two architectures, the second standing on the first: quick to build, with a
  /// static shell for this machine.
  ///
  /// - Parameter settings: more lines of graph.yml.
  static func tiny(_ settings: String = "") async throws -> World {
    let world = try World(files: [
      "graph.yml": "name: tiny\narches: [x86_64, aarch64]\n\(settings)\n",
      "images/one/Dockerfile":
        "FROM scratch\nCOPY busybox /bin/sh\nENTRYPOINT [\"/bin/sh\", \"-c\", \"echo it runs\"]\n",
      "images/one/cccp.yml": "job-id: one\n",
      "images/two/Dockerfile": "FROM app/one:1\nCOPY text /text\nLABEL kind=second\n",
      "images/two/text": "a text\n",
      "images/two/cccp.yml": "job-id: two\n",
      "index.d/app.yml": """
      Projects:
        - {id: 1, app-id: app, job-id: one, git-url: images/one, git-path: /, target-file: Dockerfile,
           desired-tag: 1, notify-email: release@example.org, depends-on: null}
        - {id: 2, app-id: app, job-id: two, git-url: images/two, git-path: /, target-file: Dockerfile,
           desired-tag: 2.1, notify-email: release@example.org, depends-on: app/one:1}

      """,
    ])
    try await Program(["cp", "/bin/busybox", world.workspace + "/images/one/busybox"]).check()
    return world
  }
}
