import GraphCore

/// Faults of files in `graph.d`.
let brokenTargets: [BrokenWorkspace] = [
  BrokenWorkspace(
    "unknown top key",
    [
      "graph.yml": settings,
      "graph.d/t.yml": "base:\n  - name: //base/a\n",
    ],
    [
      "graph.d/t.yml:1:1: error: unknown key 'base' in a file of graph.d | did you mean "
        + "'bases'? known keys: bases, repositories, rpms, commands, images"
    ]),
  BrokenWorkspace(
    "base: name, repository, packages",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      bases:
        - name: //bases/a
          repositories: [//repo/os, //base/x, repo]
          packages: [bash, 'a b', bash]
          arches: [s390x]

      """,
    ],
    [
      "graph.d/t.yml:2:11: error: the name of a base is //base/NAME, not '//bases/a' | "
        + "write, for example, 'name: //base/minimal'",
      "graph.d/t.yml:3:31: error: '//base/x' is not a repository | write //repo/NAME",
      "graph.d/t.yml:3:41: error: 'repo' is not a label: a label is "
        + "//package/name[@tag][:arch]",
      "graph.d/t.yml:4:22: error: 'a b' is not one package | write each request as an "
        + "item of its own",
      "graph.d/t.yml:4:29: warning: package 'bash' is listed twice | remove one of them",
      "graph.d/t.yml:5:14: error: the workspace is not built for 's390x' | add it to "
        + "'arches' in graph.yml, which lists x86_64, aarch64",
    ]),
  BrokenWorkspace(
    "base: missing",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      bases:
        - name: //base/a
          env: {'A=B': c}
          cmd: {a: b}

      """,
    ],
    [
      "graph.d/t.yml:2:5: error: a base has no 'packages' | add, for example, 'packages: "
        + "[bash]'",
      "graph.d/t.yml:2:5: error: a base has no 'repositories' | add, for example, "
        + "'repositories: //repo/os'",
      "graph.d/t.yml:3:11: error: 'A=B' cannot be the name of an environment variable | "
        + "write 'NAME: value'",
      "graph.d/t.yml:4:10: error: 'cmd' must be text or a list of texts, not a mapping",
    ]),
  BrokenWorkspace(
    "base: label with tag",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      bases:
        - name: //base/a@1
          repositories: []
          packages: []

      """,
    ],
    [
      "graph.d/t.yml:2:11: error: the name of a base is //base/NAME, not '//base/a@1' | "
        + "write, for example, 'name: //base/minimal'",
      "graph.d/t.yml:4:15: error: a base needs at least one package | list the packages "
        + "it consists of",
    ]),
  BrokenWorkspace(
    "repository",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      repositories:
        - name: //repo/a:x86_65
          members: [//rpm/..., rpm/hello]
        - //repo/b

      """,
    ],
    [
      "graph.d/t.yml:2:11: error: 'x86_65' in '//repo/a:x86_65' is no architecture: "
        + "did you mean 'x86_64'? known architectures: x86_64, i686, aarch64, armhfp, armel, "
        + "ppc64le, ppc64, s390x, riscv64",
      "graph.d/t.yml:3:26: error: 'rpm/hello' is not a label: a label is "
        + "//package/name[@tag][:arch] | write a label, or a pattern such as //rpm/...",
      "graph.d/t.yml:4:5: error: a repository must be a mapping of 'key: value', not the "
        + "text '//repo/b' | known keys: name, members, baseurl, mirrorlist, metalink, variables, "
        + "includepkgs, excludepkgs, priority, gpgkey, gpgcheck, repo_gpgcheck, arches, only, not, failable",
    ]),
  BrokenWorkspace(
    "repository of others",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      repositories:
        - name: //repo/nothing
        - name: //repo/both
          baseurl: https://example.org/$basearch
          metalink: https://example.org/metalink
        - name: //repo/mixed
          baseurl: https://example.org/$basearch
          members: //rpm/...
        - name: //repo/words
          baseurl: [ftp://example.org/, https://joe:secret@example.org/, https://example.org/$releasever/$infra]
          priority: 0
        - name: //repo/keys
          baseurl: file:///srv/$arch
          gpgcheck: yes
          gpgkey: keys/none
        - name: //repo/signed
          mirrorlist: http://example.org/${basearch}
          variables: {releasever: 9}
          repo_gpgcheck: on
        - name: //repo/members
          members: //rpm/...
          excludepkgs: kernel*

      """,
    ],
    [
      "graph.d/t.yml:2:5: error: a repository says neither what it holds nor where it is | add 'members: "
        + "[//rpm/...]', or 'baseurl', 'mirrorlist' or 'metalink' for one that others publish",
      "graph.d/t.yml:5:15: error: a repository has 'baseurl' or 'metalink', and not both | leave one of them out",
      "graph.d/t.yml:8:14: error: a repository has members of this workspace, or is of others, and not both | "
        + "declare two repositories, and list both under 'repositories' of a base",
      "graph.d/t.yml:10:15: error: 'ftp://example.org/' is no address of a repository | write http://, https:// or "
        + "file:///, and an absolute path behind the last",
      "graph.d/t.yml:10:35: error: an address in a manifest must not hold a user or a password | put them into "
        + "~/.netrc, with the name of the host, and leave them out here",
      "graph.d/t.yml:10:68: error: nothing says what '$releasever' is | add, for example, 'variables: "
        + "{releasever: \"9\"}'",
      "graph.d/t.yml:11:15: error: 'priority' must be a whole number from 1 to 1000, not '0'",
      "graph.d/t.yml:15:13: error: 'keys/none' does not exist in the workspace | paths are relative to the folder "
        + "of graph.yml",
      "graph.d/t.yml:19:20: error: 'repo_gpgcheck' needs a key to check with | copy the public key into the "
        + "workspace, and name the file: 'gpgkey: keys/RPM-GPG-KEY-…'",
      "graph.d/t.yml:22:18: error: 'excludepkgs' is about a repository that others publish | say where it is with "
        + "'baseurl', 'mirrorlist' or 'metalink', or leave 'excludepkgs' out",
    ]),
  BrokenWorkspace(
    "command is good",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    []),
  BrokenWorkspace(
    "command: unknown placeholder",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.im}', '{output.out}', '{fetch}', '{item}']
          inputs: {in: src/a.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:4:19: error: unknown placeholder '{inputs.im}' | did you mean "
        + "'{inputs.in}'? known: {inputs.in} {outputs.out} {arch} {basearch} "
        + "{rpm-arch} {deb-arch} {oci-arch}; "
        + "write {{…}} for braces themselves",
      "graph.d/t.yml:4:34: error: unknown placeholder '{output.out}' | did you mean "
        + "'{outputs.out}'? known: {inputs.in} {outputs.out} {arch} {basearch} "
        + "{rpm-arch} {deb-arch} {oci-arch}; "
        + "write {{…}} for braces themselves",
      "graph.d/t.yml:4:50: error: unknown placeholder '{fetch}' | {fetch} needs 'fetch'",
      "graph.d/t.yml:4:61: error: unknown placeholder '{item}' | {item} needs 'for-each'",
      "graph.d/t.yml:6:15: warning: the command never mentions output 'out' | it has to "
        + "write it at '{outputs.out}'",
    ]),
  BrokenWorkspace(
    "command: unused output",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file, log: folder}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:6:26: warning: the command never mentions output 'log' | it has to "
        + "write it at '{outputs.log}'"
    ]),
  BrokenWorkspace(
    "command: kind of output",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: dir, 'a/b': file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:6:20: error: 'dir' is no value of 'outputs' | known values: file, "
        + "folder",
      "graph.d/t.yml:6:25: error: 'a/b' cannot be the name of an output | use letters, "
        + "digits, '-', '_' and '.'",
    ]),
  BrokenWorkspace(
    "command: no outputs",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp]
          inputs: {in: src/a.txt}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:2:5: error: a command has no 'outputs' | add, for example, "
        + "'outputs: {out: file}'"
    ]),
  BrokenWorkspace(
    "command: empty",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: []
          inputs: {in: src/a.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:4:14: error: 'command' is empty | list the program and its arguments"
    ]),
  BrokenWorkspace(
    "command: root",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: hots
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:3:11: error: 'hots' is no root | write 'host' for the tools of this "
        + "machine, or the label of an image or a base such as //base/minimal"
    ]),
  BrokenWorkspace(
    "command: tools in an image",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: //base/a
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}
          tools: [tar]

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:7:13: error: 'tools' are programs of the host, and this command "
        + "runs in //base/a | remove 'tools', or write 'root: host'"
    ]),
  BrokenWorkspace(
    "command: tool as path",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}
          tools: [/usr/bin/tar]

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:7:13: error: '/usr/bin/tar' is not the name of a program | write "
        + "its name alone, such as 'tar'"
    ]),
  BrokenWorkspace(
    "command: missing path",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/b.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:5:18: error: 'src/b.txt' does not exist in the workspace | did you "
        + "mean 'src/a.txt'?"
    ]),
  BrokenWorkspace(
    "command: path leaves",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: ../x}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:5:18: error: '../x' must not contain '..' | write a path relative "
        + "to the folder of graph.yml, and keep what it names inside"
    ]),
  BrokenWorkspace(
    "command: empty path",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: ''}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:5:18: error: the path is empty | write a path relative to the "
        + "folder of graph.yml"
    ]),
  BrokenWorkspace(
    "command: name with NUL",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: a, "a\\0b": c}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:5:18: error: 'a' does not exist in the workspace | paths are "
        + "relative to the folder of graph.yml",
      "graph.d/t.yml:5:21: error: a key of 'inputs' has a NUL character | remove it",
    ]),
  BrokenWorkspace(
    "command: absolute path",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: /etc/passwd}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:5:18: error: '/etc/passwd' is an absolute path | write a path "
        + "relative to the folder of graph.yml"
    ]),
  BrokenWorkspace(
    "command: input forms",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: {label: //a}, b: {lable: //a/b}, c: [x], d: , e: '{item}', f: x/}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:5:26: error: '//a' is not a label: it needs a package and a name, "
        + "as in //app/httpd",
      "graph.d/t.yml:5:35: error: input 'b' has no 'label' | add, for example, 'label: "
        + "//rpm/hello'",
      "graph.d/t.yml:5:36: error: unknown key 'lable' in input 'b' | did you mean "
        + "'label'? known keys: label",
      "graph.d/t.yml:5:54: error: input 'c' must be text, not a list",
      "graph.d/t.yml:5:62: error: input 'd' has no value | write a path in the "
        + "workspace, or a label",
      "graph.d/t.yml:5:67: error: '{item}' has no meaning in an input | only {item} "
        + "does, and only with 'for-each'",
      "graph.d/t.yml:5:80: error: 'x/' does not exist in the workspace | paths are "
        + "relative to the folder of graph.yml",
    ]),
  BrokenWorkspace(
    "command: link out",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: link/x}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:5:18: error: 'link/x' leads out of the workspace through a symbolic "
        + "link | copy what it names into the workspace, or declare it as a source of its "
        + "own"
    ]),
  BrokenWorkspace(
    "command: placeholder without quotes",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, {inputs.in}, '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:4:19: error: an item of 'command' must be text, not a mapping | put "
        + "text that starts with '{' in quotes"
    ]),
  BrokenWorkspace(
    "command: timeout",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}
          timeout: 0

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:7:14: error: 'timeout' must be a whole number from 1 to 604800, not '0'"
    ]),
  BrokenWorkspace(
    "command: noarch with others",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}
          arches: [noarch, x86_64]

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:7:22: error: 'noarch' stands alone | remove the other "
        + "architectures, or 'noarch'"
    ]),
  BrokenWorkspace(
    "command: for-each without item",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}
          for-each: [a, b]

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:2:11: error: with 'for-each', the name must contain {item} | write, "
        + "for example, '//tools/a-{item}'"
    ]),
  BrokenWorkspace(
    "command: for-each twice",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: '//tools/{item}'
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}
          for-each: [a, a, 'b/c']

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:7:19: error: 'a' is listed twice in 'for-each' | remove one of them",
      "graph.d/t.yml:7:22: error: item 'b/c' cannot be part of a label | use letters, "
        + "digits, '-', '_', '.' and '+'",
    ]),
  BrokenWorkspace(
    "command: item in the name only with for-each",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: '//tools/{item}'
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:2:11: error: '{item}' has no meaning in a name | only {item} does, "
        + "and only with 'for-each'"
    ]),
  BrokenWorkspace(
    "command: reserved package",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //base/a
          root: host
          command: [cp, '{inputs.in}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:2:11: error: labels //base/… are for 'bases' | choose another "
        + "package, such as //tools/a"
    ]),
  BrokenWorkspace(
    "command: fetch",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      commands:
        - name: //tools/a
          root: host
          command: [cp, '{fetch}', '{outputs.out}']
          inputs: {in: src/a.txt}
          outputs: {out: file}
          fetch: {resolve: [tools/none]}

      """,
      "src/a.txt": "x",
      "link/x": "y",
    ],
    [
      "graph.d/t.yml:7:23: error: 'tools/none' does not exist in the workspace | paths "
        + "are relative to the folder of graph.yml"
    ]),
  BrokenWorkspace(
    "labels twice",
    [
      "graph.yml": settings,
      "graph.d/t.yml": """
      bases:
        - {name: //base/a, repositories: //repo/r, packages: [a]}
      repositories:
        - {name: //repo/r, members: //rpm/...}
        - {name: //repo/r, members: //rpm/...}
      commands:
        - name: //app/httpd
          root: //base/a
          command: [a, '{outputs.o}']
          outputs: {o: file}

      """,
      "index.d/app.yaml": """
      Projects:
        - id: 1
          app-id: app
          job-id: httpd
          git-url: https://git.example.org/i.git
          git-path: /httpd
          git-branch: main
          target-file: Dockerfile
          desired-tag: 3.10
          notify-email: a@example.org
          build-context: ./
          depends-on: null

      """,
    ],
    [
      "graph.d/t.yml:5:12: error: //repo/r is declared twice | the first is at "
        + "graph.d/t.yml:4:12: rename one of them",
      "graph.d/t.yml:7:11: error: //app/httpd is declared twice | the first is at "
        + "index.d/app.yaml:4:13: rename one of them",
    ]),
]
