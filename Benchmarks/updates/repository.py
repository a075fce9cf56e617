"""The metadata of a large repository, made up: as much of it as a solver reads, and no packages.

Every package requires libraries and programs of packages before it, a few recommend or supplement others, one in five has a
library of its own, and one in forty replaces an older name. The same arguments give the same bytes."""

import gzip
import hashlib
import pathlib
import random
import subprocess


def names(count: int) -> list[str]:
    return [f"pkg{number:05d}" for number in range(count)]


def _package(number: int, count: int, arch: str, release: int, generator: random.Random) -> tuple[str, str]:
    """Its entry in primary.xml, and in filelists.xml."""
    name = f"pkg{number:05d}"
    checksum = hashlib.sha256(f"{name} {arch} {release}".encode()).hexdigest()
    provides = [(name, f"1.{number}-{release}"), (f"{name}({arch})", f"1.{number}-{release}")]
    if number % 5 == 0:
        provides.append((f"lib{name}.so.1()(64bit)", None))
    requires = []
    for _ in range(generator.randrange(1, 6) if number else 0):
        # Nearly all things need what is at the bottom, such as the C library.
        other = int(number * generator.random() ** 8)
        kind = generator.randrange(4)
        requires.append(f"/usr/bin/pkg{other:05d}" if kind == 0
                        else f"libpkg{other // 5 * 5:05d}.so.1()(64bit)" if kind < 3 else f"pkg{other:05d}")
    rows = []
    for tag, entries in (("provides", provides), ("requires", [(require, None) for require in dict.fromkeys(requires)])):
        if entries:
            rows.append(f"<rpm:{tag}>" + "".join(
                f'<rpm:entry name="{text}"/>' if version is None else
                f'<rpm:entry name="{text}" flags="EQ" epoch="0" ver="{version.split("-")[0]}" rel="{version.split("-")[1]}"/>'
                for text, version in entries) + f"</rpm:{tag}>")
    if number % 40 == 7:
        rows.append(f'<rpm:obsoletes><rpm:entry name="old{number:05d}"/></rpm:obsoletes>')
    if number % 30 == 3:
        rows.append(f'<rpm:recommends><rpm:entry name="pkg{generator.randrange(count):05d}"/></rpm:recommends>')
    if number % 200 == 9:
        rows.append(f'<rpm:supplements><rpm:entry name="pkg{generator.randrange(count):05d}"/></rpm:supplements>')
    files = [f"/usr/bin/{name}"] + [f"/usr/share/{name}/{index}" for index in range(generator.randrange(1, 12))]
    primary = (
        f'<package type="rpm"><name>{name}</name><arch>{arch}</arch><version epoch="0" ver="1.{number}" rel="{release}"/>'
        f'<checksum type="sha256" pkgid="YES">{checksum}</checksum><summary>Package {number}</summary>'
        f"<description>Made up.</description><packager/><url/>"
        f'<time file="{1700000000 + release}" build="{1700000000 + number}"/>'
        f'<size package="{2000 + number}" installed="{9000 + number}" archive="{9500 + number}"/>'
        f'<location href="Packages/{name}-1.{number}-{release}.{arch}.rpm"/><format><rpm:license>MIT</rpm:license>'
        f"<rpm:vendor/><rpm:group>Unspecified</rpm:group><rpm:buildhost>localhost</rpm:buildhost>"
        f"<rpm:sourcerpm>{name}-1.{number}-{release}.src.rpm</rpm:sourcerpm>" + "".join(rows)
        + f"<file>/usr/bin/{name}</file></format></package>\n")
    filelists = (
        f'<package pkgid="{checksum}" name="{name}" arch="{arch}"><version epoch="0" ver="1.{number}" rel="{release}"/>'
        + "".join(f"<file>{path}</file>" for path in files) + "</package>\n")
    return primary, filelists


def write(folder: pathlib.Path, count: int, arch: str, releases: dict[int, int] | None = None,
          compression: str = "gz") -> None:
    """Writes `folder/repodata`.

    releases: of the packages, by number, where it is not 1: their updates."""
    generator = random.Random(count)
    parts = {"primary": [], "filelists": []}
    for number in range(count):
        # An update draws the same numbers, so nothing else moves.
        drawn = random.Random(generator.getrandbits(64))
        primary, filelists = _package(number, count, arch, (releases or {}).get(number, 1), drawn)
        parts["primary"].append(primary)
        parts["filelists"].append(filelists)
    spaces = {"primary": 'metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"',
              "filelists": 'filelists xmlns="http://linux.duke.edu/metadata/filelists"'}
    repodata = folder / "repodata"
    repodata.mkdir(parents=True, exist_ok=True)
    rows = ""
    for kind, texts in parts.items():
        element = spaces[kind].split(" ")[0]
        content = (f'<?xml version="1.0" encoding="UTF-8"?>\n<{spaces[kind]} packages="{count}">\n' + "".join(texts)
                   + f"</{element}>\n").encode()
        packed = (gzip.compress(content, 6, mtime=0) if compression == "gz" else
                  subprocess.run(["zstd", "-q", "-10", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout)
        path = repodata / f"{kind}.xml.{'gz' if compression == 'gz' else 'zst'}"
        path.write_bytes(packed)
        rows += (f'<data type="{kind}"><checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>'
                 f'<open-checksum type="sha256">{hashlib.sha256(content).hexdigest()}</open-checksum>'
                 f'<location href="repodata/{path.name}"/><timestamp>1</timestamp><size>{len(packed)}</size>'
                 f"<open-size>{len(content)}</open-size></data>\n")
    (repodata / "repomd.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="http://linux.duke.edu/metadata/repo">\n'
        f"<revision>{max([1] + list((releases or {}).values()))}</revision>\n{rows}</repomd>\n")
