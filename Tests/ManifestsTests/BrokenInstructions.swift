/// Faults within single instructions of a Dockerfile: lines that stand behind `FROM a`.
let brokenInstructions: [BrokenText] = [
  instructions(
    "exec forms",
    "RUN [\"a\", 1]\nCMD [\"a\", [null, {\"b\": -1.5e3}]]\nENTRYPOINT [\"a\", tru]\nCOPY [\"a\", true]\nVOLUME [1]",
    [
      "2:11: error: the exec form is a list of strings only | put every word of it in double quotes",
      "3:11: error: the exec form is a list of strings only | put every word of it in double quotes",
      "4:12: warning: this is no JSON list of strings, so the shell runs it as it is | for the exec form, put "
        + "each word in double quotes",
      "5:12: error: the list may hold strings only | put it in double quotes",
      "6:9: error: the list may hold strings only | put it in double quotes",
    ]),
  instructions(
    "SHELL",
    "SHELL\nSHELL []\nSHELL /bin/bash -c\nSHELL [\"a\", 1]",
    [
      "2:1: error: SHELL needs a program and its options, as in 'SHELL [\"/bin/bash\", \"-c\"]'",
      "3:1: error: SHELL needs a program and its options, as in 'SHELL [\"/bin/bash\", \"-c\"]'",
      "4:7: error: SHELL takes a JSON list | write, for example, 'SHELL [\"/bin/bash\", \"-c\"]'",
      "5:13: error: SHELL is a list of strings only | write, for example, 'SHELL [\"/bin/bash\", \"-c\"]'",
    ]),
  instructions(
    "HEALTHCHECK",
    """
    HEALTHCHECK
    HEALTHCHECK CMD
    HEALTHCHECK curl x
    HEALTHCHECK NONE x
    HEALTHCHECK --interval=5 --timeout=1us --retries=-1 CMD a
    HEALTHCHECK --interval=1.h --retries=x --start-period=99999999999h CMD a
    HEALTHCHECK --intervall=1s CMD a
    HEALTHCHECK --timeout=1s NONE
    HEALTHCHECK --start-interval=-1s CMD a
    """,
    [
      "2:1: error: HEALTHCHECK needs a command, as in 'HEALTHCHECK CMD curl -f http://localhost/'",
      "3:1: error: HEALTHCHECK needs a command, as in 'HEALTHCHECK CMD curl -f http://localhost/'",
      "4:13: error: HEALTHCHECK takes CMD or NONE, not 'curl' | write 'HEALTHCHECK CMD curl -f http://localhost/'",
      "5:18: error: HEALTHCHECK NONE takes no arguments | write it alone",
      "6:13: error: --interval=5 is no duration | write, for example, '--interval=1m30s'",
      "6:26: error: --timeout=1us is shorter than a millisecond | write, for example, '--timeout=1s'",
      "6:40: error: --retries=-1 is no number of attempts | write, for example, '--retries=3'",
      "7:28: error: --retries=x is no number of attempts | write, for example, '--retries=3'",
      "7:40: error: --start-period=99999999999h is no duration | write, for example, '--start-period=1m30s'",
      "8:13: error: HEALTHCHECK has no flag '--intervall' | did you mean '--interval'?",
      "9:13: warning: a flag of HEALTHCHECK NONE says nothing | remove it",
      "10:13: error: --start-interval=-1s is shorter than a millisecond | write, for example, '--start-interval=1s'",
    ]),
  instructions(
    "ONBUILD",
    "ONBUILD\nONBUILD ONBUILD RUN a\nonbuild from a\nONBUILD MAINTAINER me\nONBUILD RNU a\nONBUILD COPY a\n"
      + "ONBUILD --x RUN a\nONBUILD RUN --mont=x a",
    [
      "2:1: error: ONBUILD needs an instruction, as in 'ONBUILD COPY . /srv/'",
      "3:9: error: ONBUILD cannot be a trigger itself | write one ONBUILD only",
      "4:9: error: FROM cannot be a trigger | ONBUILD takes instructions that add to the image, such as COPY "
        + "and RUN",
      "5:9: error: MAINTAINER cannot be a trigger | ONBUILD takes instructions that add to the image, such as "
        + "COPY and RUN",
      "6:9: error: 'RNU' is no instruction | did you mean 'RUN'?",
      "7:9: error: COPY needs a source and a destination, as in 'COPY index.html /var/www/'",
      "8:9: error: ONBUILD has no flag '--x'",
      "9:13: error: RUN has no flag '--mont' | did you mean '--mount'?",
    ]),
  instructions(
    "settings without a value",
    "STOPSIGNAL\nMAINTAINER\nVOLUME\nVOLUME []\nVOLUME [\"/a\", \" \"]\nADD a\nADD --checksum=x",
    [
      "2:1: error: STOPSIGNAL needs a signal, as in 'STOPSIGNAL SIGTERM'",
      "3:1: error: MAINTAINER needs a name, as in 'MAINTAINER Jo Doe'",
      "4:1: error: VOLUME needs a folder, as in 'VOLUME /data'",
      "5:1: error: VOLUME needs a folder, as in 'VOLUME /data'",
      "6:9: error: a folder of VOLUME is empty | write, for example, 'VOLUME [\"/data\"]'",
      "7:1: error: ADD needs a source and a destination, as in 'ADD index.html /var/www/'",
      "8:1: error: ADD needs a source and a destination, as in 'ADD index.html /var/www/'",
    ]),
  instructions(
    "COPY and ADD",
    """
    COPY --chmod=9 --exclude=[ a b
    COPY --chmod=u+q --exclude=$x --exclude=! a b
    COPY <<EOF
    x
    EOF
    COPY a <<EOF
    x
    EOF
    COPY <<a/b <<.. /x/
    a/b
    ..
    ADD --unpack=2 a b
    """,
    [
      "2:6: error: --chmod=9 is no mode | write an octal one such as 0644, or a symbolic one such as u=rw,go=r",
      "3:6: error: --chmod=u+q is no mode | write an octal one such as 0644, or a symbolic one such as u=rw,go=r",
      "4:1: error: COPY needs a source and a destination, as in 'COPY index.html /var/www/'",
      "7:8: error: here-document 'EOF' cannot be the destination | write the destination last",
      "10:6: error: 'a/b' cannot be the name of a file | its name is the file's: write, for example, "
        + "'<<file.txt'",
      "13:5: error: flag --unpack is true or false, not '2' | write '--unpack' alone",
    ]),
  instructions(
    "excludes",
    "COPY --exclude=[ --exclude=[b-a] --exclude=a[] --exclude=[] a b",
    [
      "2:6: error: --exclude=[ is no pattern: a '[' is never closed by ']' | a '\\' before a character takes its "
        + "meaning away",
      "2:18: error: --exclude=[b-a] is no pattern: 'b-a' in brackets is no range | a '\\' before a character takes "
        + "its meaning away",
      "2:34: error: --exclude=a[] is no pattern: a ']' in brackets needs a '\\' before it | a '\\' before a "
        + "character takes its meaning away",
      "2:48: error: --exclude=[] is no pattern: a ']' in brackets needs a '\\' before it | a '\\' before a "
        + "character takes its meaning away",
    ]),
  instructions(
    "RUN",
    "RUN --network=hots a\nRUN --security=insecure a\nRUN --security=x a\nRUN --device=x --network=none a",
    [
      "2:5: error: RUN --network=hots is unknown | did you mean 'host'? networks: default, none, host",
      "3:5: error: RUN --security=insecure is not allowed | leave it out: every command runs in a sandbox",
      "4:5: error: RUN --security=x is unknown | leave it out: every command runs in a sandbox",
      "5:5: error: RUN --device is not allowed | leave it out: a sandbox has no devices of the host",
    ]),
  instructions(
    "mounts",
    """
    RUN --mount=type=bnd,target=/x a
    RUN --mount=target=/x,targte=/y --mount=type=cache,target=/ a
    RUN --mount=type=cache a
    RUN --mount=type=tmpfs,target=/x,id=y,size=1x a
    RUN --mount=type=secret,mode=8,uid=x,required=maybe a
    RUN --mount=type=secret a
    RUN --mount=type=secret,id=a,src=b a
    RUN --mount=type=cache,target,sharing=lock a
    RUN --mount=type=bind,\\"target=/x a
    RUN --mount= a
    RUN --mount a
    RUN \\
      --mount=type=cache,\\
    trget=/x a
    """,
    [
      "2:13: error: mount type 'bnd' is unknown | did you mean 'bind'? types: bind, cache, tmpfs, secret, ssh",
      "3:23: error: RUN --mount has no key 'targte' | did you mean 'target'? keys: type, env, from, gid, id, mode, "
        + "readonly, readwrite, required, sharing, size, source, target, uid, destination, dst, ro, rw, src",
      "3:33: error: a mount cannot take the place of the root | give it a folder, as in 'target=/src'",
      "4:5: error: a mount of type cache needs a target | add, for example, 'target=/src'",
      "5:34: error: 'id' has no meaning for a mount of type tmpfs | it is a key of cache and secret and ssh",
      "5:39: error: '1x' is no size | write bytes, or for example 'size=64m'",
      "6:25: error: '8' is no octal mode | write, for example, 'mode=0440'",
      "6:32: error: uid is a number, not 'x' | write, for example, 'uid=1001'",
      "6:38: error: 'required' is true or false, not 'maybe' | write 'required'",
      "7:5: error: a secret needs an id | add, for example, 'id=token'",
      "8:5: error: a secret has both 'id' and 'source', which mean the same | keep 'id'",
      "9:24: error: key 'target' of --mount has no value | write 'target=…'",
      "9:31: error: sharing 'lock' is unknown | sharings: shared, private, locked",
      "10:5: error: a double quote of --mount is never closed | close it before the comma",
      "11:5: error: flag --mount has no value | write '--mount=value' once",
      "12:5: error: flag --mount has no value | write '--mount=value' once",
      "15:1: error: RUN --mount has no key 'trget' | did you mean 'target'? keys: type, env, from, gid, id, mode, "
        + "readonly, readwrite, required, sharing, size, source, target, uid, destination, dst, ro, rw, src",
    ]),
]

private func instructions(_ description: String, _ lines: String, _ messages: [String]) -> BrokenText {
  BrokenText(description, "FROM a\n" + lines + "\n", messages.map { "Dockerfile:" + $0 })
}
