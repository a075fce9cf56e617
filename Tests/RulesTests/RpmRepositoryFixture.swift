import Formats
import Glibc
import GraphCore
import Synchronization
import Testing

@testable import Rules

/// A real repository, made with rpmbuild and createrepo_c, and dnf to compare with. Goes away with the
/// object.
final class RpmRepositoryFixture: @unchecked Sendable {
  // Sendable because nothing changes after the initialiser.
  let folder: String
  let primary: [UInt8]
  let filelists: [UInt8]
  let repodata: Repodata

  /// One package: `name version-release arch`, then the tags of its preamble, then its files.
  struct Package {
    var name: String
    var version = "1"
    var epoch = 0
    var arch = "noarch"
    var tags: [String] = []
    var files: [String] = []
  }

  init(_ packages: [Package]) throws {
    var template = Array("/tmp/graph-rpm-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    let folder = try #require(made)
    self.folder = folder
    Self.folders.withLock { _ = $0.insert(folder) }
    #expect(Self.removesAtExit)
    // Debian keeps the database in the home folder, where dnf does not look below an installroot.
    try Self.write(Array("%_dbpath /var/lib/rpm\n%_db_backend sqlite\n".utf8), to: "\(folder)/.rpmmacros")
    var script = ""
    for (number, package) in packages.enumerated() {
      try Self.write(Array(Self.spec(package).utf8), to: "\(folder)/\(number).spec")
      let target = package.arch == "noarch" ? "" : "--target \(package.arch)-linux"
      script += """
        rpmbuild -bb --quiet \(target) --define '_topdir \(folder)/top\(number)' --define '_rpmdir \(folder)/repo' \
          --define '__os_install_post %{nil}' --define 'debug_package %{nil}' --define '_build_id_links none' \
          --define 'use_source_date_epoch_as_buildtime 1' '\(folder)/\(number).spec' >>'\(folder)/log' 2>&1

        """
    }
    script +=
      "mkdir -p '\(folder)/repo'; createrepo_c -q --general-compress-type=gz '\(folder)/repo' >>'\(folder)/log' 2>&1"
    _ = try Self.run(script, in: folder)
    let repomd = try Self.read("\(folder)/repo/repodata/repomd.xml")
    repodata = try Repodata(repomd: repomd)
    let repository = "\(folder)/repo"
    func bytes(_ type: String, _ repodata: Repodata) throws -> [UInt8] {
      let file = try #require(repodata.files[type])
      return try file.decompressed(try Self.read("\(repository)/\(file.location)"))
    }
    primary = try bytes("primary", repodata)
    filelists = try bytes("filelists", repodata)
  }

  deinit { Self.remove(folder) }

  /// A fixture that many tests share lives as long as the process, so the rest goes when that ends.
  private static let folders = Mutex<Set<String>>([])
  private static let removesAtExit: Bool =
    atexit { RpmRepositoryFixture.remaining().forEach { RpmRepositoryFixture.remove($0) } } == 0

  private static func remaining() -> Set<String> { folders.withLock { $0 } }

  private static func remove(_ folder: String) {
    folders.withLock { _ = $0.remove(folder) }
    _ = system("rm -rf '\(folder)'")
  }

  func solver(_ arch: String, filelists: Bool = true) throws -> PackageSolver {
    let architecture = try #require(Architecture(arch))
    let solver = PackageSolver(architecture: architecture)
    try solver.addRepository(
      name: "test", primary: primary, filelists: filelists ? self.filelists : nil, priority: 99)
    return solver
  }

  /// What dnf would install into `root`, as sorted NEVRAs; `nil` where it refuses.
  func dnf(
    _ requests: [String], command: String = "install", arch: String, weak: Bool = false, best: Bool = false,
    root: String = "empty"
  ) throws -> [String]? {
    let words = requests.map { "'\($0)'" }.joined(separator: " ")
    let output = try Self.run(
      """
      mkdir -p '\(folder)/\(root)' '\(folder)/dnflog' '\(folder)/cache' '\(folder)/persist'
      LC_ALL=C dnf --assumeno --installroot='\(folder)/\(root)' --forcearch=\(arch) --repofrompath=test,'file://\(folder)/repo' \
        --repo=test --nogpgcheck --releasever=1 --setopt=install_weak_deps=\(weak ? "True" : "False") --setopt=best=\(best ? "True" : "False") \
        --setopt=cachedir='\(folder)/cache' --setopt=logdir='\(folder)/dnflog' --setopt=persistdir='\(folder)/persist' \
        --setopt=metadata_expire=0 --setopt=reposdir=/nonexistent --setopt=pluginpath=/nonexistent \
        \(command) \(words) 2>&1 || echo "exit $?"
      """, in: folder)
    // Answering no to the transaction is a failure for dnf, too.
    if output.contains("Operation aborted.") || output.contains("Nothing to do.") {
      return Self.table(output)
    }
    #expect(output.contains("exit 1"), "\(output)")
    #expect(output.contains("Error: "), "\(output)")
    return nil
  }

  /// Puts a package of the repository into a root of its own, where `dnf` finds it installed.
  func install(_ path: String, root: String) throws {
    _ = try Self.run(
      "mkdir -p '\(folder)/\(root)'; rpm --root '\(folder)/\(root)' -i --nodeps '\(folder)/repo/\(path)'",
      in: folder)
  }

  /// The rows of dnf's transaction table whose heading is about what comes in.
  private static func table(_ output: String) -> [String] {
    var rows: [String] = []
    var isComing = false
    for line in output.split(separator: "\n") {
      if line.hasPrefix("Transaction Summary") { break }
      if line.hasSuffix(":"), !line.hasPrefix(" ") {
        isComing = ["Installing", "Upgrading", "Downgrading"].contains { line.hasPrefix($0) }
        continue
      }
      let words = line.split(separator: " ")
      if isComing, line.hasPrefix(" "), !line.hasPrefix("  "), words.count >= 4, words[0] != "replacing" {
        rows.append("\(words[0])-\(words[2]).\(words[1])")
      }
    }
    return rows.sorted()
  }

  private static func spec(_ package: Package) -> String {
    let folders = package.files.map { "mkdir -p $(dirname %{buildroot}\($0)); echo x > %{buildroot}\($0)" }
    return """
      Name: \(package.name)
      Version: \(package.version)
      Release: 1
      \(package.epoch == 0 ? "" : "Epoch: \(package.epoch)")
      Summary: s
      License: MIT
      AutoReqProv: no
      \(package.arch == "noarch" ? "BuildArch: noarch" : "")
      \(package.tags.joined(separator: "\n"))
      %description
      d
      %install
      mkdir -p %{buildroot}
      \(folders.joined(separator: "\n"))
      %files
      \(package.files.joined(separator: "\n"))
      """ + "\n"
  }

  static func run(_ script: String, in folder: String) throws -> String {
    let environment = "set -e; export HOME='\(folder)' LC_ALL=C SOURCE_DATE_EPOCH=1700000000\n"
    try write(Array((environment + script + "\n").utf8), to: "\(folder)/script")
    let status = system("sh '\(folder)/script' > '\(folder)/output' 2>&1")
    let output = String(decoding: try read("\(folder)/output"), as: UTF8.self)
    let log =
      access("\(folder)/log", F_OK) == 0 ? String(decoding: try read("\(folder)/log"), as: UTF8.self) : ""
    try #require(status == 0, "\(output) \(log.suffix(2000))")
    return output
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
  }

  static func read(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"), "\(path)")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
  }
}
