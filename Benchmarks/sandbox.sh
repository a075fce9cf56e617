#!/bin/bash
# Times what one sandboxed action costs that does nothing, beside bubblewrap: alone with `--unshare-all --ro-bind / /`, and
# with the same mounts as ours. Processor time (of everything that is started) and wall time, medians of ROUNDS rounds
# (default 5) of RUNS runs (default 200), all in turn. Then the same as actions of `graph build`: ACTIONS commands (default
# 500), all of them new, with as many jobs as processors.
#
#   Benchmarks/sandbox.sh [ROUNDS] [RUNS] [ACTIONS]
#
# Needs the release build (make) and bubblewrap. Writes below a folder of its own only.
set -euo pipefail
rounds=${1:-5}
runs=${2:-200}
actions=${3:-500}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
built=${BUILT:-$top/.build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
mkdir -p "$work"/{root,build,tmp,etc,many/graph.d}
cp /etc/{passwd,group,nsswitch.conf,ld.so.cache} "$work/etc"

python3 - "$rounds" "$runs" "$built/graph-sandbox" "$work" <<'END'
import os, resource, socket, statistics, struct, subprocess, sys, time
rounds, runs, helper, work = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]

def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

def each(words):
    """Milliseconds of processor and wall for each of the runs of a program."""
    cpu, walls = spent(), []
    for _ in range(runs):
        begin = time.perf_counter()
        process = os.posix_spawnp(words[0], words, os.environ)
        if os.waitpid(process, 0)[1]: sys.exit(f"{words} failed")
        walls.append(time.perf_counter() - begin)
    return (spent() - cpu) / runs * 1e3, statistics.median(walls) * 1e3

def served(words):
    """The same for requests to one helper, its own start and end included."""
    cpu, walls = spent(), []
    ours, theirs = socket.socketpair()
    process = subprocess.Popen([helper, "--serve"], stdin=theirs, stdout=subprocess.DEVNULL)
    theirs.close()
    answers = ours.makefile("rb")
    body = b"".join(word.encode() + b"\0" for word in words)
    for _ in range(runs):
        begin = time.perf_counter()
        ours.sendall(struct.pack("=II", len(words), len(body)) + body)
        lines = []
        while not lines or lines[-1] not in (b"end\n", b"last\n", b""): lines.append(answers.readline())
        if lines[0] != b"exited 0\n": sys.exit(f"{words} failed: {lines}")
        walls.append(time.perf_counter() - begin)
    answers.close(), ours.close(), process.wait()
    return (spent() - cpu) / runs * 1e3, statistics.median(walls) * 1e3

links = [word for name in ("bin", "sbin", "lib", "lib64") if os.path.islink(f"/{name}")
         for word in ("--symlink", os.readlink(f"/{name}"), f"/{name}")]
same = ["bwrap", "--unshare-all", "--hostname", "graph", "--die-with-parent", "--new-session", "--clearenv",
        "--setenv", "PATH", "/usr/bin:/bin", "--ro-bind", "/usr", "/usr", *links, "--ro-bind", f"{work}/etc", "/etc",
        "--dir", "/home", "--dir", "/root", "--dir", "/run", "--dir", "/var/lib", "--dir", "/var/cache",
        "--proc", "/proc", "--dev", "/dev", "--bind", f"{work}/build", "/build", "--bind", f"{work}/tmp", "/tmp",
        "--chdir", "/build", "true"]
ours = ["--host-root", f"{work}/root", "--setenv", "PATH", "/usr/bin:/bin", "--nofile", "65536", "--chdir", "/build",
        "--timeout", "3600", "--memory", "8589934592", "--processes", "4096", "--keep-free", "1073741824", "--", "true"]
cases = {
    "no sandbox": lambda: each(["true"]),
    "bwrap --unshare-all --ro-bind / /": lambda: each(["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]),
    "bwrap, mounts as ours": lambda: each(same),
    "graph-sandbox, started for one command": lambda: each([helper, *ours]),
    "graph-sandbox, as graph uses it": lambda: served(ours),
}
found = {name: [] for name in cases}
for _ in range(rounds):
    for name, measure in cases.items(): found[name].append(measure())
peer = [statistics.median(one[i] for one in found["bwrap, mounts as ours"]) for i in (0, 1)]
for name, values in found.items():
    cpu, wall = (statistics.median(one[i] for one in values) for i in (0, 1))
    print(f"{name:42} cpu {cpu:6.2f} ms   wall {wall:6.2f} ms   beside bwrap with the same mounts {cpu / peer[0]:.2f} {wall / peer[1]:.2f}")
END

python3 - "$actions" "$work/many" <<'END'
import pathlib, sys
count, root = int(sys.argv[1]), pathlib.Path(sys.argv[2])
(root / "graph.yml").write_text("name: many\narches: [x86_64]\n")
text = "commands:\n"
for number in range(count):
    text += (f"  - {{name: //c/n{number}, root: host, arches: noarch, inputs: {{a: source{number}}}, outputs: {{o: file}},\n"
             "     command: [/bin/sh, -c, 'read x <{inputs.a}; echo $x >{outputs.o}']}\n")
    (root / f"source{number}").write_text(f"content {number}\n")
(root / "graph.d/c.yml").write_text(text)
END
cd "$work/many"
sync
TIMEFORMAT='%R %U %S'
{ time "$built/graph" build --store "$work/store" >"$work/output" 2>&1; } 2>"$work/first" || { cat "$work/output"; exit 1; }
{ time "$built/graph" build --store "$work/store" >/dev/null 2>&1; } 2>"$work/again"
paste "$work/first" "$work/again" | awk -v n="$actions" '{
  printf "graph build of %d new commands: %.2f s; for each command  cpu %.2f ms   wall %.2f ms, two and more at once\n",
    n, $1, ($2 + $3 - $5 - $6) * 1000 / n, ($1 - $4) * 1000 / n }'
