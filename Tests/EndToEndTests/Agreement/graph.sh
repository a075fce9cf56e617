#!/bin/bash
# Builds the cases with graph and lists what came out, as buildah.sh does.
#
#   graph.sh FOLDER GRAPH STORE
#
# Writes FOLDER/graph/NUMBER, a listing, or FOLDER/graph/NUMBER.failed with what graph said.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1 graph=$2 store=$3
mkdir -p "$folder/graph"
cd "$folder/workspace" || exit
"$graph" build --store "$store" >"$folder/graph/build.log" 2>&1
while IFS=$'\t' read -r number _; do
  place=$folder/graph/layout-$number
  if "$graph" export --store "$store" "//test/case$number:x86_64" "$place" >"$folder/graph/$number.log" 2>&1; then
    python3 "$here/listing.py" "$place" >"$folder/graph/$number"
  else
    mv "$folder/graph/$number.log" "$folder/graph/$number.failed"
  fi
done <"$folder/names"
