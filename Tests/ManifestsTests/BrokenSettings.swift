import GraphCore

/// Faults of `graph.yml` and of YAML itself.
let brokenSettings: [BrokenWorkspace] = [
  BrokenWorkspace(
    "no graph.yml",
    [
      "index.d/a.yml": "Projects: []\n"
    ],
    [
      "error: there is no graph.yml in '/w' | write one with 'name: NAME' and 'arches: "
        + "[x86_64]'"
    ]),
  BrokenWorkspace(
    "empty graph.yml",
    [
      "graph.yml": ""
    ],
    [
      "graph.yml:1:1: error: the file is empty | write 'name: NAME' and 'arches: [x86_64]'"
    ]),
  BrokenWorkspace(
    "graph.yml is a list",
    [
      "graph.yml": "- a\n"
    ],
    [
      "graph.yml:1:1: error: graph.yml must be a mapping of 'key: value', not a list | "
        + "known keys: name, arches, registries, aliases, stamps, compression, policy, "
        + "package-comparison-exceptions"
    ]),
  BrokenWorkspace(
    "no arches",
    [
      "graph.yml": "name: demo\n"
    ],
    [
      "graph.yml:1:1: error: graph.yml has no 'arches' | add, for example, 'arches: "
        + "[x86_64, aarch64]'"
    ]),
  BrokenWorkspace(
    "unknown architectures and keys",
    [
      "graph.yml": """
      nmae: demo
      arches: [x86_64, amd64, arm65, x86_64]

      """
    ],
    [
      "graph.yml:1:1: error: unknown key 'nmae' in graph.yml | did you mean 'name'? "
        + "known keys: name, arches, registries, aliases, stamps, compression, policy, "
        + "package-comparison-exceptions",
      "graph.yml:1:1: error: graph.yml has no 'name' | add, for example, 'name: my-index'",
      "graph.yml:2:18: error: 'amd64' is no architecture | write 'x86_64'; known "
        + "architectures: x86_64, i686, aarch64, armhfp, armel, ppc64le, ppc64, s390x, riscv64",
      "graph.yml:2:25: error: 'arm65' is no architecture | known "
        + "architectures: x86_64, i686, aarch64, armhfp, armel, ppc64le, ppc64, s390x, riscv64",
      "graph.yml:2:32: error: architecture 'x86_64' is listed twice | remove one of them",
    ]),
  BrokenWorkspace(
    "empty arches",
    [
      "graph.yml": "name: demo\narches: []\n"
    ],
    [
      "graph.yml:2:9: error: 'arches' lists no architecture | write, for example, "
        + "'arches: [x86_64]'"
    ]),
  BrokenWorkspace(
    "bad settings",
    [
      "graph.yml": """
      name: demo
      arches: [x86_64, aarch64]
      stamps: [revison]
      compression: xz
      registries: {https://r.example.org: {own: true}, r.example.org: {own: maybe}}
      aliases: {Centos: //base/a, centos:7: base}

      """
    ],
    [
      "graph.yml:3:10: error: 'revison' is no value of 'stamps' | did you mean "
        + "'revision'? known values: revision, base, build-number",
      "graph.yml:4:14: error: 'xz' is no value of 'compression' | known values: zstd, gzip",
      "graph.yml:5:14: error: 'https://r.example.org' is no registry: a registry is a "
        + "host name with an optional port | write, for example, 'registry.example.org' or "
        + "'localhost:5000', without 'https://' and without a path",
      "graph.yml:5:71: error: 'own' must be true or false, not 'maybe'",
      "graph.yml:6:11: error: 'Centos' is not an image reference: 'Centos' must be "
        + "lower-case letters and digits, with '.', '_', '__' or '-' between them | write "
        + "'registry.example.org/app/job:tag', or a label such as //base/minimal",
    ]),
  BrokenWorkspace(
    "authorities of registries",
    [
      "graph.yml": """
      name: demo
      arches: [x86_64]
      registries:
        a.example.org: {ca: certs/cb.crt}
        b.example.org: {ca: certs/ca.crt, insecure: true}
        c.example.org: {ca: /etc/ssl/ca.crt, cert: x}

      """,
      "certs/ca.crt": "",
    ],
    [
      "graph.yml:4:23: error: 'certs/cb.crt' does not exist in the workspace | did you mean 'certs/ca.crt'?",
      "graph.yml:5:23: error: 'ca' has no use for an insecure registry | remove 'insecure', so that "
        + "certificates are looked at, or remove 'ca'",
      "graph.yml:6:23: error: '/etc/ssl/ca.crt' is an absolute path | write a path relative to the folder "
        + "of graph.yml",
      "graph.yml:6:40: error: unknown key 'cert' in registry 'c.example.org' | known keys: own, insecure, ca",
    ]),
  BrokenWorkspace(
    "bad alias label",
    [
      "graph.yml": """
      name: demo
      arches: [x86_64, aarch64]
      aliases: {centos:7: //base}

      """
    ],
    [
      "graph.yml:3:21: error: '//base' is not a label: it needs a package and a name, as "
        + "in //app/httpd"
    ]),
  BrokenWorkspace(
    "tab indents",
    [
      "graph.yml": "name: demo\narches:\n\t- x86_64\n"
    ],
    [
      "graph.yml:3:1: error: a tab cannot indent YAML | replace the tabs at the start of "
        + "the line with spaces"
    ]),
  BrokenWorkspace(
    "tab after colon",
    [
      "graph.yml": "name:\tdemo\narches: [x86_64]\n"
    ],
    []),
  BrokenWorkspace(
    "no space after colon, then a key",
    [
      "graph.yml": "name:demo\narches: [x86_64]\n"
    ],
    [
      "graph.yml:2:7: error: no space after the colon in 'name:demo', in the line above "
        + "| write a space after ':'"
    ]),
  BrokenWorkspace(
    "no space after colon, last",
    [
      "graph.yml": "arches: [x86_64]\nname:demo\n"
    ],
    [
      "graph.yml:2:1: error: no space after the colon in 'name:demo' | write a space "
        + "after ':'"
    ]),
  BrokenWorkspace(
    "colon in value",
    [
      "graph.yml": "name: a: b\narches: [x86_64]\n"
    ],
    [
      "graph.yml:1:8: error: a ': ' cannot stand here | put a value that contains ': ' "
        + "in quotes, or align this key with the ones above"
    ]),
  BrokenWorkspace(
    "open quote",
    [
      "graph.yml": "name: 'demo\narches: [x86_64]\n"
    ],
    [
      "graph.yml:1:7: error: these quotes are never closed | close them, or write a "
        + "quote inside '…' twice"
    ]),
  BrokenWorkspace(
    "open bracket",
    [
      "graph.yml": "name: demo\narches: [x86_64\n"
    ],
    [
      "graph.yml:2:9: error: expected ',' or ']' before the end of what line 2 opens | "
        + "close it with ']'"
    ]),
  BrokenWorkspace(
    "indentation",
    [
      "graph.yml": "name: demo\n  arches: [x86_64]\n"
    ],
    [
      "graph.yml:2:9: error: a ': ' cannot stand here | put a value that contains ': ' "
        + "in quotes, or align this key with the ones above"
    ]),
  BrokenWorkspace(
    "dedent",
    [
      "graph.yml": "  name: demo\n arches: [x86_64]\n"
    ],
    [
      "graph.yml:2:2: error: this does not belong to what stands above it | indent it "
        + "like the first line"
    ]),
  BrokenWorkspace(
    "bad start",
    [
      "graph.yml": "name: @demo\narches: [x86_64]\n"
    ],
    [
      "graph.yml:1:7: error: a value cannot start with this character | put the value in "
        + "quotes"
    ]),
  BrokenWorkspace(
    "bad escape",
    [
      "graph.yml": "name: \"a\\qb\"\narches: [x86_64]\n"
    ],
    [
      "graph.yml:1:9: error: this escape does not exist in double quotes | write \\\\ for "
        + "a backslash, or use single quotes"
    ]),
  BrokenWorkspace(
    "duplicate key",
    [
      "graph.yml": """
      name: demo
      arches: [x86_64, aarch64]
      name: other

      """
    ],
    [
      "graph.yml:3:1: error: key 'name' is written twice in this mapping | the first is "
        + "in line 1: keep one of them"
    ]),
  BrokenWorkspace(
    "second document",
    [
      "graph.yml": """
      name: demo
      arches: [x86_64, aarch64]
      ---
      name: x

      """
    ],
    [
      "graph.yml:3:1: error: a second document starts here | keep one document in each file"
    ]),
  BrokenWorkspace(
    "tag",
    [
      "graph.yml": "name: !!str demo\narches: [x86_64]\n"
    ],
    [
      "graph.yml:1:7: error: tag '!!str' has no meaning here | remove it: every value is "
        + "text"
    ]),
  BrokenWorkspace(
    "alias without anchor",
    [
      "graph.yml": """
      name: &nam demo
      arches: [x86_64]
      compression: *nan

      """
    ],
    [
      "graph.yml:3:14: error: no anchor '&nan' before this alias, or the alias is inside "
        + "it | did you mean '*nam'?"
    ]),
  BrokenWorkspace(
    "key is a list",
    [
      "graph.yml": """
      name: demo
      arches: [x86_64, aarch64]
      ? [a]
      : b

      """
    ],
    [
      "graph.yml:3:3: error: a key must be text, not a list | put text that starts with "
        + "{ or [ in quotes"
    ]),
  BrokenWorkspace(
    "control character",
    [
      "graph.yml": "name: de\u{7}mo\narches: [x86_64]\n"
    ],
    [
      "graph.yml:1:9: error: this character cannot be part of YAML text | remove it, or "
        + "write it as an escape in double quotes, such as \"\\x07\""
    ]),
  BrokenWorkspace(
    "name is a list",
    [
      "graph.yml": "name: [a]\narches: {x: y}\n"
    ],
    [
      "graph.yml:1:7: error: 'name' must be text, not a list",
      "graph.yml:2:9: error: 'arches' must be text or a list of texts, not a mapping",
    ]),
]
