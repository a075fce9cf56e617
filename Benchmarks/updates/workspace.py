"""A workspace of many images that install packages of one large repository.

    workspace.py FOLDER IMAGES PACKAGES [ARCH…]          makes FOLDER/index and FOLDER/repository/ARCH
    workspace.py FOLDER --update NUMBER PACKAGES [ARCH…]  publishes the next release of a package

One image in ten stands on the base; nine stand on such a one. Each installs one to four packages."""

import pathlib
import random
import sys

import repository


def make(top: pathlib.Path, images: int, packages: int, arches: list[str]) -> None:
    index = top / "index"
    (index / "graph.d").mkdir(parents=True)
    (index / "index.d").mkdir()
    (index / "graph.yml").write_text(f"name: updates\narches: [{', '.join(arches)}]\n")
    (index / "graph.d" / "base.yml").write_text(
        f"repositories:\n  - name: //repo/big\n    arches: [{', '.join(arches)}]\n"
        f"    baseurl: file://{top}/repository/$basearch\n"
        "bases:\n  - name: //base/core\n    repositories: [//repo/big]\n    packages: ["
        + ", ".join(f"pkg{number:05d}" for number in range(0, 60, 2)) + "]\n")
    generator = random.Random(images)
    text = "Projects:\n"
    for number in range(images):
        first = number // 10 * 10
        parent = "base/core" if number == first else f"app/job{first}:latest"
        wanted = sorted({generator.randrange(packages) for _ in range(generator.randrange(1, 5))})
        folder = index / "images" / f"job{number}"
        folder.mkdir(parents=True)
        (folder / "cccp.yml").write_text(f"job-id: job{number}\n")
        (folder / "Dockerfile").write_text(
            f"FROM {parent}\n"
            f"RUN dnf install -y {' '.join(f'pkg{one:05d}' for one in wanted)}\nLABEL job={number}\nCMD [\"/bin/run\"]\n")
        text += (f"  - {{id: {number + 1}, app-id: app, job-id: job{number}, git-url: ., git-path: images/job{number},"
                 f" git-branch: main, target-file: Dockerfile, desired-tag: latest, notify-email: a@example.org,"
                 f" depends-on: '{parent}'}}\n")
    (index / "index.d" / "app.yml").write_text(text)
    for arch in arches:
        repository.write(top / "repository" / arch, packages, arch)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1]).absolute()
    if sys.argv[2] == "--update":
        for arch in sys.argv[5:] or ["x86_64"]:
            repository.write(folder / "repository" / arch, int(sys.argv[4]), arch, {int(sys.argv[3]): 2})
    else:
        make(folder, int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] or ["x86_64"])
