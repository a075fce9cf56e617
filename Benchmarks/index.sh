#!/bin/bash
# Times graph on an index of ENTRIES images (default 5000), each with a Dockerfile of seven instructions of its own in the
# workspace: compiled from scratch, planned again, and planned after one edit. Medians of RUNS runs (default 5). Nothing
# is built, and there is no peer: nobody else has such an index.
#
#   Benchmarks/index.sh [RUNS] [ENTRIES]
#
# Needs the release build (make). Writes below a folder of its own only.
set -euo pipefail
runs=${1:-5}
entries=${2:-5000}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
graph=${GRAPH:-$top/.build/release/graph}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$top/Benchmarks/measure.sh"
export XDG_CACHE_HOME=$work/cache

# A hundred entries to a namespace; of those, 60 stand on the first, 30 on one of these, 10 on one of those.
python3 - "$entries" "$work/index" <<'END'
import os, pathlib, sys
count, root = int(sys.argv[1]), pathlib.Path(sys.argv[2])
(root / "index.d").mkdir(parents=True)
(root / "graph.yml").write_text("name: big\narches: [x86_64]\nregistries: {registry.example.org: {own: true}}\n")
for first in range(0, count, 100):
    namespace, text = f"ns{first // 100:03}", "Projects:\n"
    for job in range(min(100, count - first)):
        folder = root / "images" / namespace / f"job{job}"
        folder.mkdir(parents=True)
        parent = None if job == 0 else 0 if job < 60 else job - 59 if job < 90 else job - 29
        name = f"{namespace}/job{parent}:latest"
        (folder / "cccp.yml").write_text(f"job-id: job{job}\n")
        (folder / "file").write_text(f"content {first + job}\n")
        (folder / "Dockerfile").write_text(
            f"FROM {'scratch' if parent is None else 'registry.example.org/' + name}\nLABEL name=job{job}\nENV A={job}\n"
            f"COPY file /srv/{job}\nRUN echo {job} > /srv/n{job}\nEXPOSE 80\nCMD [\"/bin/run\"]\n")
        text += (f"  - id: {job + 1}\n    app-id: {namespace}\n    job-id: job{job}\n    git-url: .\n"
                 f"    git-path: images/{namespace}/job{job}\n    git-branch: main\n    target-file: Dockerfile\n"
                 f"    desired-tag: latest\n    notify-email: a@example.org\n    build-context: ./\n"
                 f"    depends-on: {'null' if parent is None else name}\n")
    (root / "index.d" / f"{namespace}.yml").write_text(text)
END
cd "$work/index"
"$graph" snapshot refresh >/dev/null 2>&1
# Times of files are trusted when they are two seconds old.
sleep 3

compile() { "$graph" check; }
measure "index of $entries entries, compiled from scratch (check)" compile
plan() { "$graph" plan; }
plan >/dev/null 2>&1
measure "plan of it, nothing moved" plan
plan_one() { "$graph" plan //ns000/job95; }
plan_one >/dev/null 2>&1
measure "plan of one image of it, nothing moved" plan_one
edit_and_plan() { echo "# $1" >>images/ns000/job0/Dockerfile; "$graph" plan; }
measure "plan of it after an edit" edit_and_plan
