"""Lays out the cases of cases.txt: a workspace for graph, and the same contexts for buildah.

    prepare.py CASES FOLDER

makes FOLDER/workspace (graph.yml, index.d, images) and FOLDER/names (a line 'NUMBER<tab>NAME<tab>REASON' for each case,
the reason empty where the two must agree).
"""
import io, os, pathlib, sys, tarfile

BASE = "registry.example.org/test/base:1"
TEXTS = {
    "a.txt": "A\n", "b.txt": "B\n", "with space.txt": "S\n", ".hidden": "h\n", "plain.gz": "no archive\n",
    "dir/one": "1\n", "dir/two": "2\n", "dir/sub/three": "3\n", "dir/sub/notes.txt": "n\n", "deep/x/y/z.txt": "z\n",
}


def archive(mode):
    """A small archive with owners, modes and a link, the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        def add(name, content=None, **facts):
            entry = tarfile.TarInfo(name)
            entry.mtime = 1000000000
            for fact, value in facts.items():
                setattr(entry, fact, value)
            if content is not None:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content) if content is not None else None)
        add("data", type=tarfile.DIRTYPE, mode=0o750)
        add("data/file", b"file\n", mode=0o640, uid=1001, gid=33)
        add("data/program", b"#!/bin/sh\n", mode=0o4755)
        add("data/link", type=tarfile.SYMTYPE, linkname="file", mode=0o777)
        # The same facts as those of the file: which of the two count is for nobody to say.
        add("data/hard", type=tarfile.LNKTYPE, linkname="data/file", mode=0o640, uid=1001, gid=33)
    return buffer.getvalue()


def context(folder, extra):
    for name, text in {**TEXTS, **extra}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "run.sh").write_text("#!/bin/sh\nexec \"$@\"\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "empty").mkdir()
    (folder / "dir/link").symlink_to("one")
    (folder / "dirlink").symlink_to("dir")
    (folder / "data.tar").write_bytes(archive("w"))
    for suffix in ["gz", "bz2", "xz"]:
        (folder / f"data.tar.{suffix}").write_bytes(archive(f"w:{suffix}"))
    (folder / "archive-without-suffix").write_bytes(archive("w:gz"))


def cases(text):
    """(name, reason, Dockerfile, other files) of each case."""
    for block in text.split("\n=== ")[1:]:
        name, _, body = block.partition("\n")
        files = body.split("\n+++ ")
        reason = " ".join(line[4:] for line in files[0].split("\n") if line.startswith("!!! "))
        lines = [line for line in files[0].split("\n") if not line.startswith("!!! ")]
        extra = {}
        for file in files[1:]:
            path, _, content = file.partition("\n")
            extra[path] = content + "\n"
        yield name, reason, "\n".join(lines).rstrip("\n").replace("BASE_IMAGE", "@").replace(
            "BASE", BASE).replace("@", "BASE_IMAGE") + "\n", extra


def base(folder, busybox):
    """The root that every case starts from: busybox under the names that the cases use."""
    root = folder / "root"
    for name in ["bin", "etc", "root", "srv", "tmp", "var", "home"]:
        (root / name).mkdir(parents=True)
    (root / "bin/busybox").write_bytes(pathlib.Path(busybox).read_bytes())
    (root / "bin/busybox").chmod(0o755)
    for name in "sh cat ls mkdir echo rm mv cp chmod chown ln touch id pwd mkfifo true env top wget".split():
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\napp:x:1001:1002:app:/home/app:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\napp:x:1002:\nweb:x:33:\n")
    (folder / "Dockerfile").write_text(
        "FROM scratch\nCOPY root/ /\nRUN chmod 1777 /tmp && chmod 700 /root\nENV PATH=/usr/bin:/bin\n")
    (folder / "cccp.yml").write_text("job-id: base\n")


def entry(number, job, path, tag):
    return f"""  - id: {number}
    app-id: test
    job-id: {job}
    git-url: .
    git-path: {path}
    git-branch: main
    target-file: Dockerfile
    desired-tag: {tag}
    notify-email: test@example.org
    build-context: ./
    depends-on: null
"""


def main():
    text, folder = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
    workspace = folder / "workspace"
    (workspace / "index.d").mkdir(parents=True)
    (workspace / "graph.yml").write_text(
        "name: agreement\narches: [x86_64]\ncompression: gzip\nregistries:\n  registry.example.org: {own: true}\n")
    base(workspace / "images/base", "/bin/busybox")
    entries, names = [entry(1, "base", "images/base", 1)], []
    for number, (name, reason, dockerfile, extra) in enumerate(cases(text), 1):
        path = workspace / f"images/{number}"
        path.mkdir()
        context(path / "context", extra)
        (path / "Dockerfile").write_text(dockerfile)
        (path / "cccp.yml").write_text(f"job-id: case{number}\n")
        entries.append(entry(number + 1, f"case{number}", f"images/{number}", 1).replace(
            "build-context: ./", "build-context: ./context"))
        names.append(f"{number}\t{name}\t{reason}\n")
    (workspace / "index.d/test.yml").write_text("Projects:\n" + "".join(entries))
    (folder / "names").write_text("".join(names))


main()
