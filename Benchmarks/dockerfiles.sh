#!/bin/bash
# Times graph beside 'buildah bud --layers' on the same Dockerfiles, x86_64 and aarch64, and prints a line for each
# measure: ours, buildah's, and the ratio ours/buildah. Medians of RUNS runs (default 5), in turn.
#
#   Benchmarks/dockerfiles.sh [RUNS]
#
# Needs root, the release build (make) and buildah. For programs of aarch64, buildah needs an emulator that the host has
# registered: one is registered for the time of the measurement (graph's sandbox brings its own). Writes below a folder
# of its own only.
set -euo pipefail
runs=${1:-5}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
graph=${GRAPH:-$top/.build/release/graph}
work=$(mktemp -d)
binfmt=/proc/sys/fs/binfmt_misc
registered=
finish() {
  [ -z "$registered" ] || echo -1 >"$binfmt/graph-benchmark"
  rm -rf "$work"
}
trap finish EXIT
. "$top/Benchmarks/measure.sh"
export XDG_CACHE_HOME=$work/cache STORAGE_DRIVER=overlay BUILDAH_ISOLATION=chroot

mountpoint -q "$binfmt" || mount -t binfmt_misc binfmt_misc "$binfmt"
if ! grep -qs '^interpreter.*aarch64' "$binfmt"/*aarch64*; then
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":graph-benchmark:M::$magic:$mask:/usr/bin/qemu-aarch64-static:OCF" >"$binfmt/register"
  registered=yes
fi

# Five images on the example's core image: a folder, a command, a file, settings.
cp -r "$top/examples/index" "$work/index"
cd "$work/index"
sed -i 's/^arches:.*/arches: [x86_64, aarch64]/' graph.yml
printf 'Projects:\n' >index.d/bench.yml
for n in 1 2 3 4 5; do
  folder=images/bench$n
  mkdir -p "$folder/site"
  for page in $(seq 20); do echo "page $page" >"$folder/site/$page.html"; done
  echo "index $n" >"$folder/index.html"
  printf 'job-id: image%s\n' "$n" >"$folder/cccp.yml"
  cat >"$folder/Dockerfile" <<END
FROM registry.example.org/core:7
LABEL name="image$n"
COPY site/ /srv/site/
RUN cat /srv/site/*.html >/srv/all-$n
COPY index.html /srv/site/
WORKDIR /srv/site
CMD ["cat", "index.html"]
END
  cat >>index.d/bench.yml <<END
  - id: $n
    app-id: bench
    job-id: image$n
    git-url: .
    git-path: $folder
    git-branch: main
    target-file: Dockerfile
    desired-tag: latest
    notify-email: bench@example.org
    build-context: ./
    depends-on: library/core:7
END
done
cp -r images "$work/contexts"
"$graph" build //library/core //bench/... >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }

b() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }

bench() { # ARCHITECTURE OCI_NAME
  local arch=$1 oci=$2
  "$graph" export "//library/core@7:$arch" "$work/core-$arch" >/dev/null 2>&1
  skopeo copy -q "oci:$work/core-$arch" "containers-storage:[overlay@$work/storage+$work/run]registry.example.org/core:7"
  bud() { b bud --layers --pull-never -q --arch "$oci" -t "localhost/image$1:$oci" "$work/contexts/bench$1"; }
  all_bud() {
    local n
    for n in 1 2 3 4 5; do bud "$n" & done
    wait
  }
  all_bud >/dev/null 2>&1

  graph_one() { "$graph" build "//bench/image1:$arch"; }
  buildah_one() { bud 1; }
  graph_five() { "$graph" build "//bench/...:$arch"; }
  buildah_five() { all_bud; }
  graph_one >/dev/null 2>&1

  prepare_graph_one() { :; }
  prepare_buildah_one() { :; }
  compare "unchanged image, $arch" graph_one buildah_one 'buildah'
  prepare_graph_one() { echo "$1 $arch" >images/bench1/index.html; }
  prepare_buildah_one() { echo "$1 $arch" >"$work/contexts/bench1/index.html"; }
  compare "the last COPY changed, $arch" graph_one buildah_one 'buildah'
  prepare_graph_one() { sed -i "s/^RUN.*/RUN cat \/srv\/site\/*.html >\/srv\/all-$1-$arch/" images/bench1/Dockerfile; }
  prepare_buildah_one() { sed -i "s/^RUN.*/RUN cat \/srv\/site\/*.html >\/srv\/all-$1-$arch/" "$work/contexts/bench1/Dockerfile"; }
  compare "the RUN changed, $arch" graph_one buildah_one 'buildah'
  prepare_graph_five() { for n in 1 2 3 4 5; do echo "$1 $arch" >"images/bench$n/site/1.html"; done; }
  prepare_buildah_five() { for n in 1 2 3 4 5; do echo "$1 $arch" >"$work/contexts/bench$n/site/1.html"; done; }
  compare "five images, the first COPY of each changed, $arch" graph_five buildah_five 'buildah, five at once'
  prepare_graph_five() { :; }
  prepare_buildah_five() { :; }
  compare "five images, unchanged, $arch" graph_five buildah_five 'buildah, five at once'
}

bench x86_64 amd64
bench aarch64 arm64
