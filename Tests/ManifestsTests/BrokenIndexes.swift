import GraphCore

/// Faults of files in `index.d`.
let brokenIndexes: [BrokenWorkspace] = [
  BrokenWorkspace(
    "empty index file",
    [
      "graph.yml": settings,
      "index.d/app.yaml": "# nothing\n",
    ],
    [
      "index.d/app.yaml:1:1: error: the file has no 'Projects' | start it with "
        + "'Projects:' and a list of entries, or remove the file"
    ]),
  BrokenWorkspace(
    "Projects misspelt",
    [
      "graph.yml": settings,
      "index.d/app.yaml": "projects:\n  - id: 1\n",
    ],
    [
      "index.d/app.yaml:1:1: error: unknown key 'projects' in an index file | did you "
        + "mean 'Projects'? known keys: Projects",
      "index.d/app.yaml:1:1: error: an index file has no 'Projects' | add, for example, "
        + "'Projects: []'",
    ]),
  BrokenWorkspace(
    "Projects is a mapping",
    [
      "graph.yml": settings,
      "index.d/app.yaml": "Projects:\n  id: 1\n",
    ],
    [
      "index.d/app.yaml:2:3: error: 'Projects' must be a list, not a mapping | start "
        + "each item on its own line with '- '"
    ]),
  BrokenWorkspace(
    "entry is text",
    [
      "graph.yml": settings,
      "index.d/app.yaml": "Projects:\n  - id\n",
    ],
    [
      "index.d/app.yaml:2:5: error: an index entry must be a mapping of 'key: value', "
        + "not the text 'id' | known keys: id, app-id, job-id, git-url, git-path, "
        + "git-branch, target-file, desired-tag, notify-email, build-context, "
        + "prebuild-script, prebuild-context, depends-on"
    ]),
  BrokenWorkspace(
    "several missing keys and a misspelt one",
    [
      "graph.yml": settings,
      "index.d/app.yaml": """
      Projects:
        - id: 1
          app-id: app
          job-id: httpd
          git-path: /httpd
          git-branch: main
          target-file: Dockerfile
          build-context: ./
          depends-on: null
          git-brach: x

      """,
    ],
    [
      "index.d/app.yaml:2:5: error: an index entry has no 'git-url' | add, for example, "
        + "'git-url: https://git.example.org/images.git'",
      "index.d/app.yaml:2:5: error: an index entry has no 'notify-email' | add, for "
        + "example, 'notify-email: someone@example.org'",
      "index.d/app.yaml:2:5: error: an index entry has no 'desired-tag' | add, for "
        + "example, 'desired-tag: latest'",
      "index.d/app.yaml:10:5: error: unknown key 'git-brach' in an index entry | did you "
        + "mean 'git-branch'? known keys: id, app-id, job-id, git-url, git-path, git-branch, "
        + "target-file, desired-tag, notify-email, build-context, prebuild-script, "
        + "prebuild-context, depends-on",
    ]),
  BrokenWorkspace(
    "keys without value",
    [
      "graph.yml": settings,
      "index.d/app.yaml": """
      Projects:
        - id: 
          app-id: app
          job-id: httpd
          git-url: https://git.example.org/i.git
          git-path: ''
          git-branch: main
          target-file: Dockerfile
          desired-tag: 3.10
          notify-email: a@example.org
          build-context: ./
          depends-on: null

      """,
    ],
    [
      "index.d/app.yaml:2:8: error: 'id' of an index entry has no value | write, for "
        + "example, 'id: 1'",
      "index.d/app.yaml:6:15: error: 'git-path' of an index entry is empty | write, for "
        + "example, 'git-path: httpd'",
    ]),
  BrokenWorkspace(
    "wrong app-id",
    [
      "graph.yml": settings,
      "index.d/app.yaml": """
      Projects:
        - id: 1
          app-id: apps
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
      "index.d/app.yaml:3:13: error: app-id 'apps' differs from the file's name | write "
        + "'app-id: app', or move the entry to apps.yaml"
    ]),
  BrokenWorkspace(
    "reserved namespace",
    [
      "graph.yml": settings,
      "index.d/rpm.v2.yaml": """
      Projects:
        - id: 1
          app-id: rpm
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
      "index.d/rpm.v2.yaml:3:13: error: 'rpm' cannot be a namespace: labels //rpm/… name "
        + "targets of another kind | rename the file and the app-id; reserved are base, "
        + "disk, ostree, repo, rpm"
    ]),
  BrokenWorkspace(
    "parts of a label",
    [
      "graph.yml": settings,
      "index.d/app.yaml": """
      Projects:
        - id: 1
          app-id: app
          job-id: a/b
          git-url: https://git.example.org/i.git
          git-path: /httpd
          git-branch: main
          target-file: Dockerfile
          desired-tag: 3.10
          notify-email: a@example.org
          build-context: ./
          depends-on: null
        - id: 2
          app-id: app
          job-id: 'a b'
          git-url: https://git.example.org/i.git
          git-path: /httpd
          git-branch: main
          target-file: Dockerfile
          desired-tag: 3.10
          notify-email: a@example.org
          build-context: ./
          depends-on: null
        - id: 3
          app-id: app
          job-id: httpd
          git-url: https://git.example.org/i.git
          git-path: /httpd
          git-branch: main
          target-file: Dockerfile
          desired-tag: '1:2'
          notify-email: a@example.org
          build-context: ./
          depends-on: null

      """,
    ],
    [
      "index.d/app.yaml:4:13: error: job-id 'a/b' contains '/' | use letters, digits, "
        + "'-', '_' and '.': it is part of the label //app-id/job-id@tag",
      "index.d/app.yaml:15:13: error: job-id 'a b' contains white space | use letters, "
        + "digits, '-', '_' and '.': it is part of the label //app-id/job-id@tag",
      "index.d/app.yaml:31:18: error: desired-tag '1:2' contains ':' | use letters, "
        + "digits, '-', '_' and '.': it is part of the label //app-id/job-id@tag",
    ]),
  BrokenWorkspace(
    "names that no registry takes",
    [
      "graph.yml": settings,
      "index.d/app.yaml": """
      Projects:
        - id: 1
          app-id: app
          job-id: Httpd
          git-url: https://git.example.org/i.git
          git-path: /httpd
          git-branch: main
          target-file: Dockerfile
          desired-tag: .x
          notify-email: a@example.org
          build-context: ./
          depends-on: null

      """,
    ],
    [
      "index.d/app.yaml:4:13: warning: job-id 'Httpd' cannot be part of a published "
        + "image's name | use lower-case letters and digits, with '.', '_', '__' or '-' "
        + "between them",
      "index.d/app.yaml:9:18: error: '.x' cannot be the tag of an image | use up to 128 "
        + "letters, digits, '_', '.' and '-', and start with none of the last two",
    ]),
  BrokenWorkspace(
    "id twice",
    [
      "graph.yml": settings,
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
        - id: 1
          app-id: app
          job-id: b
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
      "index.d/app.yaml:13:9: error: id '1' is used twice in this file | the first is in "
        + "line 2: give this entry an id of its own"
    ]),
  BrokenWorkspace(
    "label twice across files",
    [
      "graph.yml": settings,
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
      "index.d/app.yml": """
      Projects:
        - id: 7
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
      "index.d/app.yml:4:13: error: //app/httpd@3.10 is declared twice | the first is at "
        + "index.d/app.yaml:4:13: change the job-id or the desired-tag of one of them"
    ]),
  BrokenWorkspace(
    "depends-on forms",
    [
      "graph.yml": settings,
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
          depends-on: [httpd, app/httpd:-x, r.example.org/app/base:1, app/b:1, app/b:1, a/b/c/d, null]

      """,
    ],
    [
      "index.d/app.yaml:12:18: error: 'httpd' does not name an app-id and a job-id | "
        + "write '[registry/]app-id/job-id:tag', as in 'centos/httpd:latest'",
      "index.d/app.yaml:12:25: error: 'app/httpd:-x' is not an image reference: a tag "
        + "has up to 128 letters, digits, '_', '.' and '-', and does not start with '.' or "
        + "'-' | write '[registry/]app-id/job-id:tag', as in 'centos/httpd:latest'",
      "index.d/app.yaml:12:74: warning: 'app/b:1' is listed twice | remove one of them",
      "index.d/app.yaml:12:83: error: 'a/b/c/d' does not name an app-id and a job-id | "
        + "write '[registry/]app-id/job-id:tag', as in 'centos/httpd:latest'",
    ]),
  BrokenWorkspace(
    "depends-on mapping",
    [
      "graph.yml": settings,
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
          depends-on: {a: b}

      """,
    ],
    [
      "index.d/app.yaml:12:17: error: 'depends-on' must be text or a list of texts, not "
        + "a mapping"
    ]),
  BrokenWorkspace(
    "prebuild without context",
    [
      "graph.yml": settings,
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
          prebuild-script: x.sh

      """,
    ],
    [
      "index.d/app.yaml:13:22: error: 'prebuild-script' needs 'prebuild-context' beside "
        + "it | add, for example, 'prebuild-context: /'"
    ]),
  BrokenWorkspace(
    "prebuild without script",
    [
      "graph.yml": settings,
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
          prebuild-context: /

      """,
    ],
    [
      "index.d/app.yaml:13:23: error: 'prebuild-context' needs 'prebuild-script' beside "
        + "it | add, for example, 'prebuild-script: prebuild.sh'"
    ]),
  BrokenWorkspace(
    "legacy key alone",
    [
      "graph.yml": settings,
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
          depends-on: null
          build_context: ./

      """,
    ],
    [
      "index.d/app.yaml:12:5: warning: 'build_context' has never had an effect | write "
        + "'build-context'"
    ]),
]
