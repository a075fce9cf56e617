import Manifests

/// What is known of shell commands by their names: which change the shell, and which leave nothing behind but files.
enum ShellFacts {
  /// Variables that a shell sets itself, whatever its environment says.
  static func isOwnVariable(_ name: String) -> Bool {
    own.contains(name) || name.hasPrefix("BASH") || name.hasPrefix("EPOCH")
  }

  private static let own: Set<String> = [
    "_", "IFS", "PWD", "OLDPWD", "PPID", "OPTIND", "OPTARG", "OPTERR", "SHLVL", "UID", "EUID", "RANDOM",
    "SRANDOM",
    "SECONDS", "LINENO", "DIRSTACK", "GROUPS", "FUNCNAME", "HISTCMD", "OSTYPE", "MACHTYPE", "HOSTTYPE",
    "HOSTNAME",
    "SHELLOPTS", "PIPESTATUS", "PS1", "PS2", "PS4", "COLUMNS", "LINES",
  ]

  /// Variables that steer neither the shell nor a package manager.
  static func isPlainVariable(_ name: String) -> Bool {
    let steering: Set<String> = [
      "PATH", "HOME", "ENV", "CDPATH", "GLOBIGNORE", "POSIXLY_CORRECT", "LD_PRELOAD",
    ]
    return !isOwnVariable(name) && !steering.contains(name)
      && !["LD_", "RPM", "DNF", "YUM"].contains { name.hasPrefix($0) }
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.first, first == "_" || first.isASCII && first.isLetter else { return false }
    return text.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
  }

  /// What `export` and `set` with harmless options change; `nil` for any other command.
  ///
  /// - Parameter text: the command as written: what it exports may hold no variable.
  static func state(_ words: [String], _ text: String) -> [(name: String, value: String)]? {
    switch words[0] {
    case "set":
      var rest = words.dropFirst()
      guard !rest.isEmpty else { return nil }
      while let word = rest.popFirst() {
        guard word.hasPrefix("-") || word.hasPrefix("+"), word.utf8.count > 1,
          word.dropFirst().allSatisfy({ "euxvo".contains($0) })
        else { return nil }
        if word.dropFirst().contains("o") {
          let names = ["pipefail", "errexit", "nounset", "xtrace", "verbose"]
          guard word.hasSuffix("o"), let name = rest.popFirst(), names.contains(name) else { return nil }
        }
      }
      return []
    case "export":
      guard words.count > 1, !text.contains("$") else { return nil }
      var assigned: [(name: String, value: String)] = []
      for word in words.dropFirst() {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        guard let name = parts.first, isPlainVariable(name), isName(name) else { return nil }
        if parts.count == 2 { assigned.append((name, parts[1])) }
      }
      return assigned
    default: return nil
    }
  }

  /// The paths of an `rm -rf` that touches nothing but files of the image.
  ///
  /// - Parameter text: the command as written; only plain characters and a `*` as a whole last part are read.
  static func removedPaths(_ text: String) -> [String]? {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    guard words.count > 2, words[0] == "rm", ["-rf", "-fr", "-Rf", "-fR"].contains(words[1]) else {
      return nil
    }
    let paths = Array(words.dropFirst(2))
    let isPlain = paths.allSatisfy { path in
      var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
      guard path.hasPrefix("/"), parts.count > 1, !["proc", "sys", "dev", "run"].contains(parts[0]) else {
        return false
      }
      if parts.last == "*" { parts.removeLast() }
      return parts.allSatisfy { part in
        !part.isEmpty && part != "." && part != ".."
          && part.unicodeScalars.allSatisfy {
            $0.isASCII
              && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                || "._-+,:@%=".unicodeScalars.contains($0))
          }
      }
    }
    return isPlain ? paths : nil
  }

  /// Whether a part always comes to its end, and leaves what stands behind it to run: it neither ends the shell nor
  /// changes what a command's name means.
  static func goesOn(_ part: ShellChain.Part) -> Bool {
    let words = part.text.split(whereSeparator: { " \t;&|(){}\"'`".contains($0) })
    return part.commands.allSatisfy { !$0.hasPrefix("$") && !$0.hasPrefix("`") && !$0.hasPrefix(".") }
      && !words.contains { endings.contains(String($0)) || $0.hasPrefix("PATH=") }
  }

  private static let endings: Set<String> = [
    "exit", "exec", "return", "eval", ".", "source", "trap", "alias", "unalias", "builtin", "command",
    "enable",
    "shopt", "set", "break", "continue", "kill",
  ]

  /// Whether a part is made of programs that leave nothing behind but files: no process, and nothing in the shell.
  static func leavesOnlyFiles(_ part: ShellChain.Part) -> Bool {
    !part.isGrouped
      && part.commands.allSatisfy { command in
        let name = String(command.prefix { $0 != " " && $0 != "\t" })
        return programs.contains(name) && !hasSubstitution(command)
      }
  }

  /// Whether `$` stands for anything but a variable's value: assignments and processes hide there.
  private static func hasSubstitution(_ text: String) -> Bool {
    if text.contains("`") { return true }
    for part in text.split(separator: "$", omittingEmptySubsequences: false).dropFirst() {
      let isBraced = part.hasPrefix("{")
      let name = part.dropFirst(isBraced ? 1 : 0).prefix {
        $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber)
      }
      let rest = part.dropFirst(name.utf8.count + (isBraced ? 1 : 0))
      guard let first = name.first, first == "_" && name.count > 1 || first.isLetter else { return true }
      if isBraced, rest.first != "}" { return true }
    }
    return false
  }

  private static let programs: Set<String> = [
    ":", "[", "base64", "basename", "bzip2", "cat", "chgrp", "chmod", "chown", "cksum", "cmp", "comm", "cp",
    "curl", "cut", "date", "dd", "diff", "dirname", "echo", "egrep", "expr", "false", "fgrep", "getent",
    "grep",
    "groupadd", "groupdel", "groupmod", "gunzip", "gzip", "head", "id", "install", "ldconfig", "ln",
    "localedef", "ls",
    "md5sum", "mkdir", "mkfifo", "mknod", "mv", "od", "printf", "pwd", "readlink", "realpath", "rm", "rmdir",
    "rpm",
    "sed", "seq", "sha1sum", "sha256sum", "sha512sum", "sort", "stat", "sync", "tail", "tar", "tee", "test",
    "touch",
    "tr", "true", "truncate", "uname", "uniq", "unlink", "unxz", "unzip", "update-ca-trust", "useradd",
    "userdel",
    "usermod", "wc", "wget", "xz", "zcat",
  ]
}
