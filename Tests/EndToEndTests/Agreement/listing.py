"""Prints what an image is: its tree after all layers, and how it starts. One fact a line, so that two can be compared.

    listing.py FOLDER

FOLDER is an OCI layout, or what skopeo and buildah write as 'dir:'. Times are left out: graph sets them. Empty places
that buildah leaves in a layer because it mounts something there during RUN are left out, too; graph leaves none.
"""
import hashlib, json, pathlib, sys, tarfile


MOUNTED = {"dev", "proc", "sys", "run", "etc/hosts", "etc/hostname", "etc/resolv.conf"}
EMPTY = hashlib.sha256(b"").hexdigest()[:16]


def documents(folder):
    """The configuration, and the layers' files from the lowest up."""
    def blob(digest):
        name = digest.split(":")[1]
        place = folder / "blobs/sha256" / name
        return place if place.exists() else folder / name
    if (folder / "index.json").exists():
        manifest = json.loads(blob(json.loads((folder / "index.json").read_text())["manifests"][0]["digest"]).read_text())
    else:
        manifest = json.loads((folder / "manifest.json").read_text())
    return json.loads(blob(manifest["config"]["digest"]).read_text()), [blob(l["digest"]) for l in manifest["layers"]]


def facts(tar, member):
    kind = ("dir" if member.isdir() else "link " + member.linkname if member.issym() else "fifo" if member.isfifo()
            else f"device {member.devmajor}:{member.devminor}" if member.isdev()
            else "file " + hashlib.sha256(tar.extractfile(member).read()).hexdigest()[:16])
    mode = "" if member.issym() else f" {member.mode & 0o7777:o}"
    xattrs = "".join(f" {key}" for key in sorted(member.pax_headers) if key.startswith("SCHILY.xattr."))
    return f"{kind}{mode} {member.uid}:{member.gid}{xattrs}"


def tree(layers):
    entries = {}
    def remove(path, also_itself):
        for name in [n for n in entries if n.startswith(path + "/") or (also_itself and n == path)]:
            del entries[name]
    for layer in layers:
        added = {}
        with tarfile.open(layer) as tar:
            members = [(m.name.removeprefix("./").strip("/"), m) for m in tar.getmembers()]
            for path, member in members:
                folder, _, name = path.rpartition("/")
                if name == ".wh..wh..opq":
                    remove(folder, False)
                elif name.startswith(".wh."):
                    remove((folder + "/" if folder else "") + name[4:], True)
            for path, member in members:
                name = path.rpartition("/")[2]
                if path and not name.startswith(".wh."):
                    if not member.isdir():
                        remove(path, True)
                    target = member.linkname.removeprefix("./").strip("/")
                    added[path] = (added.get(target) or entries[target]) if member.islnk() else facts(tar, member)
        entries.update(added)
    return entries


def main():
    configuration, layers = documents(pathlib.Path(sys.argv[1]))
    entries = tree(layers)
    for path, text in sorted(entries.items()):
        is_empty = EMPTY in text or not any(other.startswith(path + "/") for other in entries)
        if not (path in MOUNTED and is_empty):
            print(f"{path} {text}")
    config = configuration.get("config", {})
    config["author"] = configuration.get("author")
    for key in ["User", "Env", "Entrypoint", "Cmd", "WorkingDir", "ExposedPorts", "Volumes", "Labels", "StopSignal",
                "Healthcheck", "Shell", "OnBuild", "author"]:
        value = config.get(key)
        if key == "Labels":
            value = {k: v for k, v in (value or {}).items() if k not in ["io.buildah.version", "architecture"]}
        if value:
            print(f"= {key} {json.dumps(value, sort_keys=True)}")


main()
