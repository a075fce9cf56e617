import Manifests
import Testing

@testable import Rules

/// RUN lines and what they are lowered to: `install a b` for a transaction, with words for what differs from dnf's own
/// defaults; `remove: …` for paths; `sh: …` for what the shell still does; `opaque` for a line that is left alone.
@Suite("package commands of RUN")
struct PackageCommandTests {
  static func read(_ form: Dockerfile.Form, cleaningIsNothing: Bool = true) -> LoweredRun {
    LoweredRun(
      form,
      in: .init(
        repositories: ["os", "extras"],
        variables: ["PKGS": "x  y", "VERSION": "1.2", "STAR": "a*", "HOME": "/h"],
        cleaningIsNothing: cleaningIsNothing))
  }

  static func text(_ lowered: LoweredRun) -> String {
    if !lowered.isLowered { return "opaque" }
    return lowered.pieces.map { piece in
      switch piece {
      case .transaction(let transaction): text(transaction)
      case .removal(let paths): "remove: " + paths.joined(separator: " ")
      case .shell(let text): "sh: " + text
      }
    }.joined(separator: " | ")
  }

  static func text(_ transaction: PackageTransaction) -> String {
    var words = [transaction.verb.rawValue] + transaction.requests
    if !transaction.weakDependencies { words.append("-weak") }
    if !transaction.best { words.append("-best") }
    if transaction.mayErase { words.append("+erase") }
    if !transaction.isStrict { words.append("-strict") }
    if !transaction.documentation { words.append("-docs") }
    if transaction.verb == .remove, !transaction.cleansRequirements { words.append("-clean") }
    if !transaction.excludes.isEmpty { words.append("-x(\(transaction.excludes.joined(separator: " ")))") }
    if transaction.groupTypes != PackageTransaction.defaultGroupTypes {
      words.append("types(\(transaction.groupTypes.joined(separator: " ")))")
    }
    if let on = transaction.repositories { words.append("from(\(on.joined(separator: " ")))") }
    return words.joined(separator: " ")
  }

  @Test(
    "commands and options",
    arguments: [
      ("dnf install -y httpd", "install httpd"), ("dnf -y install httpd", "install httpd"),
      ("yum install -y httpd mod_ssl", "install httpd mod_ssl"),
      ("microdnf install -y httpd", "install httpd"),
      ("yum -y -q install httpd", "install httpd"), ("yum -yq install httpd", "install httpd"),
      ("yum --assumeyes install httpd", "install httpd"), ("yum -y -d1 -e 0 install httpd", "install httpd"),
      ("dnf install -y --nogpgcheck httpd", "install httpd"),
      ("dnf install -y --setopt=install_weak_deps=False httpd", "install httpd -weak"),
      ("dnf -y --nodocs --setopt=install_weak_deps=0 install a b", "install a b -weak -docs"),
      ("dnf -y --setopt install_weak_deps=0 install a", "install a -weak"),
      ("yum install -y --setopt=tsflags=nodocs a", "install a -docs"),
      ("dnf -y --setopt=tsflags=nodocs --setopt=tsflags= install a", "install a"),
      ("dnf -y --nobest install a", "install a -best"),
      ("dnf -y --setopt=best=0 install a", "install a -best"),
      ("dnf -y --nobest --best install a", "install a"),
      ("dnf -y --setopt=best=0 --best install a", "install a -best"),
      ("dnf -y --allowerasing install a", "install a +erase"),
      ("dnf -y --skip-broken install a", "install a -strict"),
      ("dnf -y --setopt=strict=0 install a", "install a -strict"),
      ("dnf -y --setopt=*.skip_if_unavailable=true install a", "install a"),
      ("dnf -y '--setopt=*.skip_if_unavailable=true' install a", "install a"),
      ("dnf -y --setopt=keepcache=0 --setopt=obsoletes=1 install a", "install a"),
      ("dnf -y --exclude=b,c -x d install a", "install a -x(b c d)"),
      ("dnf -y --enablerepo=extras install a", "install a"),
      ("dnf -y --disablerepo='*' --enablerepo=os install a", "install a from(os)"),
      ("dnf -y --disablerepo=ext\\* install a", "install a from(os)"),
      ("dnf -y --repo=extras install a", "install a from(extras)"),
      ("dnf -y --repoid os --repo extras install a", "install a"),
      ("dnf -y --disablerepo=nothing install a", "install a"),
      ("dnf install -y 'perl(Foo)'", "install perl(Foo)"),
      ("dnf install -y /usr/bin/make", "install /usr/bin/make"),
      ("dnf install -y \"httpd\"", "install httpd"), ("dnf install -y http\\d", "install httpd"),
      ("dnf install -y 'httpd*'", "install httpd*"),
      ("dnf install -y foo-1.2-3.el7", "install foo-1.2-3.el7"),
      ("dnf install -y @web-server", "install @web-server"),
      ("dnf install -y '@^minimal'", "install @^minimal"),
      ("yum -y groupinstall 'Web Server' base", "install @Web Server @base"),
      (
        "dnf -y group install --with-optional web",
        "install @web types(mandatory default conditional optional)"
      ),
      ("dnf -y --setopt=group_package_types=mandatory groupinstall web", "install @web types(mandatory)"),
      ("dnf update -y", "upgrade"), ("yum -y upgrade", "upgrade"), ("dnf -y up glibc", "upgrade glibc"),
      ("yum -y update --exclude=kernel*", "upgrade -x(kernel*)"),
      ("dnf -y reinstall tzdata", "reinstall tzdata"), ("dnf -y downgrade a", "downgrade a"),
      ("dnf -y distro-sync", "distro-sync"), ("dnf -y dsync a", "distro-sync a"),
      ("dnf remove -y a b", "remove a b"), ("yum erase -y a", "remove a -clean"),
      ("yum -C -y remove a", "remove a -clean"),
      ("yum -y remove a --setopt=clean_requirements_on_remove=1", "remove a"),
      ("dnf -y remove --noautoremove a", "remove a -clean"), ("dnf -y autoremove", "autoremove"),
      ("dnf -y autoremove a", "remove a"), ("dnf clean all", ""), ("dnf makecache", ""),
      ("yum makecache fast", ""),
      // Left alone.
      ("dnf install httpd", "opaque"), ("dnf -y install", "opaque"), ("dnf install -y ./httpd.rpm", "opaque"),
      ("dnf install -y /tmp/a.rpm", "opaque"), ("dnf install -y https://example.org/a.rpm", "opaque"),
      ("dnf install -y https://example.org/latest", "opaque"), ("dnf install -y @nodejs:12", "opaque"),
      ("dnf -y module enable x", "opaque"), ("dnf -y swap a b", "opaque"),
      ("dnf -y upgrade-minimal", "opaque"),
      ("dnf -y update --security", "opaque"), ("dnf -y --enablerepo=powertools install a", "opaque"),
      ("dnf -y --disablerepo='*' install a", "opaque"), ("dnf install -y --installroot=/mnt httpd", "opaque"),
      ("dnf --releasever 8 install -y httpd", "opaque"), ("dnf --forcearch=s390x install -y httpd", "opaque"),
      ("dnf -y install --downloadonly a", "opaque"),
      ("dnf -y --setopt=tsflags=noscripts install a", "opaque"),
      ("dnf -y --setopt=keepcache=1 install a", "opaque"), ("dnf -y --frobnicate install a", "opaque"),
      ("dnf -y -Z install a", "opaque"), ("dnf -y install a --exclude", "opaque"),
      ("dnf -C -y install a", "opaque"),
      ("microdnf -y remove a", "opaque"), ("yum -y autoremove", "opaque"), ("dnf clean", "opaque"),
      ("dnf clean everything", "opaque"), ("dnf makecache --refresh", ""), ("dnf makecache timer", "opaque"),
      ("dnf -y remove @web", "opaque"), ("dnf check-update", "opaque"), ("rpm -i a.rpm", "opaque"),
    ])
  func commands(text: String, expected: String) {
    #expect(Self.text(Self.read(.shell(text))) == expected)
  }

  @Test(
    "chains are cut where nothing of the shell passes over the cut",
    arguments: [
      ("dnf install -y a && dnf clean all", "install a"), ("dnf clean all && dnf install -y a", "install a"),
      ("dnf install -y a; dnf clean all", "install a"),
      ("yum -y update; yum -y install a; yum clean all;", "upgrade | install a"),
      ("yum -y update && yum -y install epel-release && yum clean all", "upgrade | install epel-release"),
      ("yum makecache fast && yum -y install a && yum clean all -y", "install a"),
      ("yum -y install a && yum -y install b", "install a | install b"),
      ("yum -y install a && echo hi && yum clean all", "install a | sh: echo hi"),
      ("yum -y install a; echo hi; yum clean all", "install a | sh: echo hi; true"),
      ("yum -y install a; echo hi; yum clean all && echo bye", "install a | sh: echo hi; true && echo bye"),
      ("yum -y install a && echo ''", "install a | sh: echo ''"),
      ("yum -y install a && echo 'it  is' && make", "install a | sh: echo 'it  is' && make"),
      ("yum -y install a && make | tee log && yum clean all", "install a | sh: make | tee log"),
      ("yum -y install a && if [ -e /x ]; then rm /x; fi", "install a | sh: if [ -e /x ]; then rm /x; fi"),
      ("yum -y install a && (cd /x && make || true)", "install a | sh: (cd /x && make || true)"),
      // Caches.
      ("yum -y install a && yum clean all && rm -rf /var/cache/yum", "install a | remove: /var/cache/yum"),
      ("yum -y install a && rm -rf /var/cache/dnf/* /tmp/*", "install a | remove: /var/cache/dnf/* /tmp/*"),
      ("yum -y install a && make && rm -rf /var/cache/yum", "install a | sh: make && rm -rf /var/cache/yum"),
      ("yum -y install a && rm -rf /var/cache/{yum,dnf}", "install a | sh: rm -rf /var/cache/{yum,dnf}"),
      ("yum -y install a && rm -rf /var/cache/../x", "install a | sh: rm -rf /var/cache/../x"),
      ("rm -rf /var/cache/yum", "opaque"),
      // In front.
      ("mkdir /x && yum -y install a", "sh: mkdir /x | install a"),
      ("mkdir /x; yum -y install a", "sh: mkdir /x; true | install a"),
      ("mkdir /x && yum -y install a && make", "sh: mkdir /x | install a | sh: make"),
      (
        "echo $VERSION ${VERSION} && yum -y install a && make",
        "sh: echo $VERSION ${VERSION} | install a | sh: make"
      ),
      ("cd /tmp && yum -y install a", "sh: cd /tmp | install a"),
      ("cd /tmp && yum -y install a && make", "opaque"),
      ("cd /src && make && dnf -y remove gcc && dnf clean all", "sh: cd /src && make | remove gcc"),
      (
        "dnf -y install gcc && cd /src && make && dnf -y remove gcc && rm -rf /src/*",
        "install gcc | sh: cd /src && make | remove gcc | remove: /src/*"
      ),
      (
        "dnf -y install gcc && cd /src && make && dnf -y remove gcc && make clean",
        "install gcc | sh: cd /src && make && dnf -y remove gcc && make clean"
      ),
      ("dnf -y install a && exit 0; dnf -y install b", "install a | sh: exit 0; dnf -y install b"),
      ("[ -e /x ] && yum -y install a; echo b", "opaque"),
      ("[ -e /x ] && yum -y install a", "sh: [ -e /x ] | install a"),
      ("mkdir \"$(pwd)/x\" && yum -y install a && make", "opaque"),
      ("umask 077 && yum -y install a && make", "opaque"),
      ("echo `x` && yum -y install a && make", "opaque"),
      ("echo ${X:=1} && yum -y install a && echo $X", "opaque"),
      ("alias yum=x && yum -y install a", "opaque"), ("eval x && yum -y install a", "opaque"),
      ("PATH=/x && yum -y install a", "opaque"), ("IFS=: && yum -y install a && make", "opaque"),
      (
        "yum -y install a && dnf module enable x && yum clean all",
        "install a | sh: dnf module enable x && yum clean all"
      ),
      ("yum-config-manager --enable x && yum -y install a && yum clean all", "opaque"),
      ("yum -y install a && echo hi && yum -y install b", "install a | sh: echo hi | install b"),
      // The shell's own settings are repeated.
      ("set -x && yum -y install a && make", "install a | sh: set -x && make"),
      (
        "set -ex; mkdir /x; yum -y install a; make; yum clean all",
        "sh: set -ex && mkdir /x; true | install a | sh: set -ex && make; true"
      ),
      ("set -euo pipefail && yum -y install a", "install a"), ("set -n && yum -y install a", "opaque"),
      (
        "mkdir /x && A=1 && yum -y install a && echo $A",
        "sh: mkdir /x && A=1 | install a | sh: A=1 && echo $A"
      ),
      ("export A=1 B && yum -y install a && env", "install a | sh: export A=1 B && env"),
      ("mkdir /x && A=b; yum -y install $A", "opaque"),
      // Variables.
      ("yum -y install $PKGS", "install x y"),
      ("yum -y install a-$VERSION \"b-${VERSION}\"", "install a-1.2 b-1.2"),
      (
        "INSTALL_PKGS=\"a b\" && yum install -y $INSTALL_PKGS && rpm -V $INSTALL_PKGS && yum clean all -y",
        "install a b | sh: INSTALL_PKGS=\"a b\" && rpm -V $INSTALL_PKGS"
      ),
      ("A=a B=\"$A-$VERSION\"; yum -y install $B", "install a-1.2"),
      ("A='a b'; yum -y install \"$A\"", "install a b"),
      ("yum -y install $STAR", "opaque"), ("yum -y install $UNKNOWN", "opaque"),
      ("yum -y install ${PKGS:-a}", "opaque"),
      ("A=$(x) && yum -y install $A", "opaque"), ("yum -y install $HOME", "install /h"),
      ("yum -y install $PWD", "opaque"),
      // Left alone.
      ("dnf install -y httpd || true", "opaque"), ("true || dnf install -y httpd", "opaque"),
      ("dnf install -y httpd | tee log", "opaque"), ("dnf install -y httpd > log", "opaque"),
      ("dnf install -y $PACKAGES", "opaque"), ("dnf install -y httpd*", "opaque"),
      ("dnf install -y $(cat list)", "opaque"),
      ("FOO=1 dnf install -y httpd", "opaque"), ("sudo dnf install -y httpd", "opaque"),
      ("/usr/bin/dnf install -y httpd", "opaque"), ("echo hi", "opaque"),
      ("dnf install -y httpd &", "opaque"),
      ("(dnf install -y httpd)", "opaque"), ("dnf install -y httpd # comment", "opaque"),
      ("dnf install -y {a,b}", "opaque"),
      ("dnf install -y ~/x", "opaque"), ("", "opaque"), ("&& dnf", "opaque"),
      ("dnf install -y httpd &&", "opaque"),
      ("! dnf install -y httpd", "opaque"), ("dnf() { :; }; dnf install -y a", "opaque"),
      ("if true; then dnf install -y a; fi", "opaque"),
      ("for i in a b; do dnf install -y $i; done", "opaque"),
    ])
  func chains(text: String, expected: String) {
    #expect(Self.text(Self.read(.shell(text))) == expected)
  }

  @Test("caches that an opaque step may have left are really cleaned")
  func caches() {
    #expect(Self.text(Self.read(.shell("dnf clean all"), cleaningIsNothing: false)) == "opaque")
    #expect(
      Self.text(Self.read(.shell("dnf install -y a && dnf clean all"), cleaningIsNothing: false))
        == "install a | sh: dnf clean all")
  }

  @Test(
    "the exec form of one package command",
    arguments: [
      (["dnf", "install", "-y", "a b"], "install a b"), (["yum", "clean", "all"], ""),
      (["echo", "dnf"], "opaque"),
      (["dnf", "install", "a"], "opaque"), (["/bin/sh", "-c", "dnf -y install a"], "opaque"), ([], "opaque"),
    ])
  func exec(words: [String], expected: String) {
    #expect(Self.text(Self.read(.exec(words))) == expected)
  }

  @Test(
    "a package command that is left to the shell says why",
    arguments: [
      ("dnf install a", "without '-y' it asks, and nobody answers"),
      ("dnf -y install ./a.rpm", "'./a.rpm' is a file of the image"),
      ("dnf -y --enablerepo=x install a", "no declared repository is called 'x'"),
      ("dnf -y --installroot=/m install a", "the option '--installroot' is not reproduced"),
      ("dnf -y install $X", "'dnf -y install $X' holds what only the shell can replace"),
      ("dnf -y install a &", "its text is more than commands joined by '&&' and ';'"),
      ("(dnf -y install a)", "'(dnf -y install a)' is more than a plain command"),
      (
        "cd /x && dnf -y install a && make",
        "what stands before it in the same RUN has to run in the same shell"
      ),
    ])
  func reasons(text: String, reason: String) {
    #expect(Self.read(.shell(text)).reasons == [reason])
  }
}
