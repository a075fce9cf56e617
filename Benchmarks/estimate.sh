#!/bin/bash
# How long 'graph plan' says that builds take, and how long they take: everything in examples/index once more, with the
# times of the build before, for several numbers of jobs.
#
#   Benchmarks/estimate.sh [GRAPH]     the program; default .build/release/graph
set -euo pipefail

cd "$(dirname "$0")/.."
graph=$(realpath "${1:-.build/release/graph}")
scratch=$(mktemp -d /tmp/graph-estimate-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
cp -R examples/index "$scratch/workspace"
cd "$scratch/workspace"
targets='//app/httpd:aarch64'

# A number of the newest run: of the column named.
run() { sqlite3 -readonly "$scratch/store/graph.db" "SELECT $1 FROM runs ORDER BY id DESC LIMIT 1"; }

printf '%-26s %10s %10s %8s\n' run estimate took ratio
report() {
  printf '%-26s %8.1f s %8.1f s %8.2f\n' "$1" "$(run estimate)" "$(run 'finished - started')" \
    "$(run 'estimate / (finished - started)')"
}
"$graph" build --store "$scratch/store" $targets >/dev/null 2>&1
report 'first, nothing known'
for jobs in 1 2 4 2; do
  # Every result but the downloads is forgotten, and what it took is known.
  sqlite3 "$scratch/store/graph.db" "
    CREATE TEMP TABLE kept AS SELECT key FROM traces JOIN nodes ON nodes.id = node WHERE name LIKE '% fetch %';
    DELETE FROM actions WHERE key NOT IN (SELECT key FROM kept);
    DELETE FROM deep WHERE key NOT IN (SELECT key FROM kept)"
  "$graph" build --store "$scratch/store" -j "$jobs" $targets >/dev/null 2>&1
  report "again, $jobs at once"
done
