import Manifests
import Testing

@testable import Rules

/// RUN lines and what they are lowered to: `install a b` for each installation (`+weak` where recommended packages
/// come too), `sh: …` for what the shell still does, `opaque` for a line that is left alone.
@Suite("package commands of RUN")
struct PackageCommandTests {
  static func lowered(_ text: String, cleaningIsNothing: Bool = true) -> String {
    guard let lowered = LoweredRun(.shell(text), cleaningIsNothing: cleaningIsNothing) else {
      return "opaque"
    }
    let installs = lowered.installations.map {
      "install " + $0.packages.joined(separator: " ") + ($0.weakDependencies ? " +weak" : "")
    }
    return (installs + (lowered.rest.map { ["sh: \($0)"] } ?? [])).joined(separator: "; ")
  }

  @Test(
    "lowered exactly or not at all",
    arguments: [
      ("dnf install -y httpd", "install httpd +weak"), ("dnf -y install httpd", "install httpd +weak"),
      ("yum install -y httpd mod_ssl", "install httpd mod_ssl +weak"),
      ("microdnf install -y httpd", "install httpd +weak"),
      ("yum -y -q install httpd", "install httpd +weak"),
      ("yum --assumeyes install httpd", "install httpd +weak"),
      ("dnf install -y --nogpgcheck httpd", "install httpd +weak"),
      ("dnf install -y --setopt=install_weak_deps=False httpd", "install httpd"),
      ("dnf install -y httpd && dnf clean all", "install httpd +weak"),
      ("dnf clean all && dnf install -y httpd", "install httpd +weak"),
      ("yum makecache fast && yum -y install httpd && yum clean all", "install httpd +weak"),
      ("yum -y install a && yum -y install b", "install a +weak; install b +weak"),
      ("yum -y install a && echo hi && yum clean all", "install a +weak; sh: echo hi"),
      (
        "yum -y install a && echo 'it is' && rm -rf /var/cache/yum",
        "install a +weak; sh: echo 'it is' && rm -rf /var/cache/yum"
      ),
      ("yum -y install a && echo hi && yum -y install b", "install a +weak; sh: echo hi && yum -y install b"),
      ("dnf install -y 'perl(Foo)'", "install perl(Foo) +weak"),
      ("dnf install -y /usr/bin/make", "install /usr/bin/make +weak"),
      ("dnf install -y \"httpd\"", "install httpd +weak"), ("dnf install -y http\\d", "install httpd +weak"),
      ("dnf install -y 'httpd*'", "install httpd* +weak"), ("dnf clean all", ""), ("dnf makecache", ""),
      ("dnf install -y foo-1.2-3.el7", "install foo-1.2-3.el7 +weak"),
      ("yum -y install a && echo ''", "install a +weak; sh: echo ''"),
      // Left alone.
      ("dnf install httpd", "opaque"), ("dnf -y install", "opaque"),
      ("dnf install -y httpd || true", "opaque"),
      ("dnf install -y httpd; dnf clean all", "opaque"), ("dnf install -y httpd | tee log", "opaque"),
      ("dnf install -y httpd > log", "opaque"), ("dnf install -y $PACKAGES", "opaque"),
      ("dnf install -y httpd*", "opaque"), ("dnf install -y $(cat list)", "opaque"),
      ("dnf install -y ./httpd.rpm", "opaque"), ("dnf install -y /tmp/a.rpm", "opaque"),
      ("dnf install -y https://example.org/a.rpm", "opaque"),
      ("dnf install -y https://example.org/latest", "opaque"),
      ("dnf install -y @web-server", "opaque"), ("dnf update -y", "opaque"),
      ("dnf upgrade -y && dnf clean all", "opaque"),
      ("dnf -y groupinstall web", "opaque"), ("dnf remove -y httpd", "opaque"),
      ("dnf -y reinstall httpd", "opaque"),
      ("dnf install -y --enablerepo=x httpd", "opaque"),
      ("dnf install -y --setopt=tsflags=nodocs httpd", "opaque"),
      ("dnf install -y --installroot=/mnt httpd", "opaque"),
      ("dnf --releasever 8 install -y httpd", "opaque"),
      ("FOO=1 dnf install -y httpd", "opaque"), ("sudo dnf install -y httpd", "opaque"),
      ("/usr/bin/dnf install -y httpd", "opaque"), ("cd /tmp && dnf install -y httpd", "opaque"),
      ("echo hi", "opaque"), ("dnf install -y httpd &", "opaque"), ("(dnf install -y httpd)", "opaque"),
      ("dnf install -y httpd # comment", "opaque"), ("dnf install -y {a,b}", "opaque"),
      ("dnf install -y ~/x", "opaque"),
      ("rpm -i a.rpm", "opaque"), ("dnf clean", "opaque"), ("dnf clean everything", "opaque"),
      ("dnf makecache --refresh", "opaque"), ("dnf module enable -y x", "opaque"), ("", "opaque"),
      ("&& dnf", "opaque"),
      ("dnf install -y httpd &&", "opaque"), ("! dnf install -y httpd", "opaque"),
    ])
  func table(text: String, expected: String) {
    #expect(Self.lowered(text) == expected)
  }

  @Test("caches that an opaque step may have left are really cleaned")
  func caches() {
    #expect(Self.lowered("dnf clean all", cleaningIsNothing: false) == "opaque")
    #expect(
      Self.lowered("dnf install -y a && dnf clean all", cleaningIsNothing: false)
        == "install a +weak; sh: dnf clean all")
  }

  @Test("an exec form is left alone")
  func exec() {
    #expect(LoweredRun(.exec(["dnf", "install", "-y", "a"]), cleaningIsNothing: true) == nil)
  }
}
