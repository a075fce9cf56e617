/// Faults of Dockerfiles.
let brokenDockerfiles: [BrokenText] = [
  BrokenText(
    "empty",
    "",
    [
      "Dockerfile:1:1: error: the Dockerfile has no FROM | start it with 'FROM image:tag'"
    ]),
  BrokenText(
    "comment only",
    "# x\n",
    [
      "Dockerfile:1:1: error: the Dockerfile has no FROM | start it with 'FROM image:tag'"
    ]),
  BrokenText(
    "misspelt",
    "FORM a\nFROM b/c\nRNU x\nCOPPY a b\nxyz 1\n",
    [
      "Dockerfile:1:1: error: 'FORM' is no instruction | did you mean 'FROM'?",
      "Dockerfile:3:1: error: 'RNU' is no instruction | did you mean 'RUN'?",
      "Dockerfile:4:1: error: 'COPPY' is no instruction | did you mean 'COPY'?",
      "Dockerfile:5:1: error: 'xyz' is no instruction | to continue a line, end the line "
        + "above with '\\'",
    ]),
  BrokenText(
    "before FROM",
    "ARG A\nRUN x\nFROM a\n",
    [
      "Dockerfile:2:1: error: 'RUN' stands before the first FROM | start with 'FROM "
        + "image:tag'; only ARG may come before it"
    ]),
  BrokenText(
    "FROM arguments",
    """
    FROM
    FROM a b
    FROM a AS 1b
    FROM A/b
    FROM a AS b
    FROM b as B

    """,
    [
      "Dockerfile:1:1: error: FROM needs an image, as in 'FROM centos:7'",
      "Dockerfile:2:8: error: FROM takes an image, and 'AS name' | write 'FROM a AS name'",
      "Dockerfile:3:11: error: '1b' cannot be the name of a stage | start with a letter, "
        + "and use letters, digits, '-', '_' and '.'",
      "Dockerfile:4:6: error: 'A/b' is not an image reference: 'A' must be lower-case "
        + "letters and digits, with '.', '_', '__' or '-' between them | write, for example, "
        + "'FROM registry.example.org/app/job:tag'",
      "Dockerfile:6:1: error: stage 'B' is named twice | choose another name",
    ]),
  BrokenText(
    "missing arguments",
    """
    FROM a
    RUN
    RUN []
    COPY a
    ENV
    ENV A
    LABEL
    ARG
    USER
    WORKDIR  
    EXPOSE
    CMD

    """,
    [
      "Dockerfile:2:1: error: RUN needs a command, as in 'RUN make install'",
      "Dockerfile:3:1: error: RUN needs a command, as in 'RUN make install'",
      "Dockerfile:4:1: error: COPY needs a source and a destination, as in 'COPY "
        + "index.html /var/www/'",
      "Dockerfile:5:1: error: ENV needs a name and a value, as in 'ENV NAME=value'",
      "Dockerfile:6:5: error: 'A' has no value | write 'A=value'",
      "Dockerfile:7:1: error: LABEL needs a name and a value, as in 'LABEL NAME=value'",
      "Dockerfile:8:1: error: ARG needs a name, as in 'ARG VERSION=1'",
      "Dockerfile:9:1: error: USER needs a user, as in 'USER 1001'",
      "Dockerfile:10:1: error: WORKDIR needs a folder, as in 'WORKDIR /srv'",
      "Dockerfile:11:1: error: EXPOSE needs a port, as in 'EXPOSE 8080'",
      "Dockerfile:12:1: error: CMD needs a command, as in 'CMD httpd'",
    ]),
  BrokenText(
    "pairs",
    "FROM a\nENV A=1 B\nENV =x\nENV A = 1\n",
    [
      "Dockerfile:2:9: error: 'B' is not 'name=value' | put a value with spaces in "
        + "double quotes",
      "Dockerfile:3:5: error: a name is missing before '=' | write 'name=value', without "
        + "spaces around '='",
      "Dockerfile:4:7: warning: the value of 'A' starts with '=' | write 'name=value', "
        + "without spaces around '='",
    ]),
  BrokenText(
    "flags",
    """
    FROM --platfrom=x a
    COPY --chwon=1 a b
    COPY --chown a b
    USER --x 1
    COPY --link=maybe --link --link a b
    ADD --from=b a b
    RUN --chown=1 a
    COPY --from= a b

    """,
    [
      "Dockerfile:1:6: error: FROM has no flag '--platfrom' | did you mean '--platform'?",
      "Dockerfile:2:6: error: COPY has no flag '--chwon' | did you mean '--chown'?",
      "Dockerfile:3:6: error: flag --chown has no value | write '--chown=value' once",
      "Dockerfile:4:6: error: USER has no flag '--x'",
      "Dockerfile:5:6: error: flag --link is true or false, not 'maybe' | write '--link' alone",
      "Dockerfile:5:26: error: flag --link is written twice | write it once",
      "Dockerfile:6:5: error: ADD has no flag '--from' | it is a flag of COPY",
      "Dockerfile:7:5: error: RUN has no flag '--chown' | it is a flag of COPY and ADD",
      "Dockerfile:8:6: error: flag --from has no value | write '--from=value' once",
    ]),
  BrokenText(
    "a here-document without end",
    """
    FROM a
    RUN cat <<-'X' > y
    z
    RNU x

    """,
    [
      "Dockerfile:2:9: error: here-document 'X' is never ended | write 'X' alone on the line behind its text"
    ]),
  BrokenText(
    "several sources",
    "FROM a\nCOPY a b c\n",
    [
      "Dockerfile:2:10: error: with several sources, the destination must be a folder | "
        + "write 'c/'"
    ]),
  BrokenText(
    "places in continued lines",
    """
    FROM a
    COPY --chown=1 \\
      # comment

      --lnk \\
      a b

    """,
    [
      "Dockerfile:5:3: error: COPY has no flag '--lnk' | did you mean '--link'?"
    ]),
  BrokenText(
    "NUL",
    "FROM a\nRUN a\u{0}b\n",
    [
      "Dockerfile:2:6: error: a NUL character cannot be part of a Dockerfile | remove it"
    ]),
  BrokenText(
    "escape",
    "# escape=x\nFROM a\n",
    [
      "Dockerfile:1:10: error: the escape character must be \\ or `, not 'x' | write '# "
        + "escape=`' or remove the directive"
    ]),
  BrokenText(
    "directive twice",
    "# syntax=a\n# syntax=b\nFROM a\n",
    [
      "Dockerfile:2:1: error: directive 'syntax' is written twice | keep one of them"
    ]),
  BrokenText(
    "exec form that is none",
    "FROM a\nCMD ['a', 'b']\n",
    [
      "Dockerfile:2:5: warning: this is no JSON list of strings, so the shell runs it as "
        + "it is | for the exec form, put each word in double quotes"
    ]),
  BrokenText(
    "form mayBeEmpty",
    "FROM a\nENTRYPOINT []\nVOLUME /x\n",
    []),
]

/// Faults of `cccp.yml`.
let brokenPipelineFiles: [BrokenText] = [
  BrokenText(
    "empty",
    "",
    [
      "cccp.yml:1:1: error: the file is empty | write, for example, 'job-id: httpd'"
    ]),
  BrokenText(
    "unknown key",
    "job-id: a\ntest-skp: true\n",
    [
      "cccp.yml:2:1: error: unknown key 'test-skp' in a cccp file | did you mean "
        + "'test-skip'? known keys: job-id, test-skip, test-script, build-script, "
        + "delivery-script, docker-index, custom-delivery, local-delivery, upstreams, nulecule-file"
    ]),
  BrokenText(
    "no job-id",
    "test-skip: maybe\n",
    [
      "cccp.yml:1:1: error: a cccp file has no 'job-id' | add, for example, 'job-id: httpd'",
      "cccp.yml:1:12: error: 'test-skip' must be true or false, not 'maybe'",
    ]),
  BrokenText(
    "legacy keys",
    """
    job-id: a
    desired-tag: 3.10
    docker-index: yes please
    custom-delivery: True
    Upstreams: [{ref: a}, {ref: b, url: 'ext::sh -c id', ulr: x}]
    test-script: "a\\tb"

    """,
    [
      "cccp.yml:3:15: error: 'docker-index' must be true or false, not 'yes please'",
      "cccp.yml:4:18: warning: 'custom-delivery' has no 'delivery-script' beside it | add "
        + "'delivery-script: SCRIPT'",
      "cccp.yml:5:13: error: an item of 'Upstreams' has no 'url' | add, for example, 'url: "
        + "https://git.example.org/upstream.git'",
      "cccp.yml:5:37: error: git address 'ext::sh -c id' has the scheme 'ext::', which runs "
        + "programs and is not supported | use https://, http://, git://, ssh://, file://, "
        + "host:path or an absolute path",
      "cccp.yml:5:54: error: unknown key 'ulr' in an item of 'Upstreams' | did you mean 'url'? "
        + "known keys: ref, url",
      "cccp.yml:6:14: error: test-script has a control character in it | remove it",
    ]),
  BrokenText(
    "upstreams in both spellings",
    "job-id: a\nupstreams: []\nUpstreams: []\n",
    ["cccp.yml:3:12: error: 'Upstreams' and 'upstreams' are both there | keep one of them"]),
]
