#!/bin/bash
# Times graph beside what people use for the same work today, on the example's own packages, and prints one line for
# each measure: ours, the peer's, and the ratio ours/peer. Medians of RUNS runs (default 5), peers and graph in turn.
#
#   Benchmarks/images.sh [RUNS]
#
# Needs the release build (make), and dnf, buildah and zstd. Writes below a folder of its own only.
set -euo pipefail
export LC_ALL=C.UTF-8
runs=${1:-5}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
graph=${GRAPH:-$top/.build/release/graph}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache HOME=$work/home
mkdir -p "$HOME"
printf '%%_dbpath /var/lib/rpm\n%%_db_backend sqlite\n' >"$HOME/.rpmmacros"
cp -r "$top/examples/index" "$work/index"
cd "$work/index"

now() { date +%s.%N; }
# seconds COMMAND...: how long it takes; its output goes to a file that is shown where it fails.
seconds() {
  local begin end
  begin=$(now)
  "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; exit 1; }
  end=$(now)
  awk -v a="$begin" -v b="$end" 'BEGIN { printf "%.3f\n", b - a }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# compare NAME OURS PEER PEER_NAME: functions of those names, run in turn.
compare() {
  local i
  : >"$work/ours"; : >"$work/peer"
  for ((i = 1; i <= runs; i++)); do
    "prepare_$2" "$i"; seconds "$2" "$i" >>"$work/ours"
    "prepare_$3" "$i"; seconds "$3" "$i" >>"$work/peer"
  done
  awk -v name="$1" -v peer="$4" -v a="$(median <"$work/ours")" -v b="$(median <"$work/peer")" \
    'BEGIN { printf "%-58s graph %.3f s   %s %.3f s   ratio %.2f\n", name, a, peer, b, a / b }'
}

"$graph" build >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }
"$graph" export //repo/os:aarch64 "$work/repo-aarch64" >/dev/null 2>&1
"$graph" export //app/httpd:x86_64 "$work/httpd" >/dev/null 2>&1
dnf_install() { # ROOT ARCH PACKAGE...
  local root=$1 arch=$2
  shift 2
  SOURCE_DATE_EPOCH=1700000000 dnf -y -q --installroot="$root" --forcearch="$arch" \
    --repofrompath=os,"file://$work/repo-$arch" --repo=os --nogpgcheck --releasever=1 \
    --setopt=install_weak_deps=False --setopt=cachedir="$work/dnf-cache" --setopt=metadata_expire=0 \
    --setopt=logdir=/var/log --setopt=tsflags=noscripts install "$@"
}

# 1. A base image from cached packages: lock, install, tar, compress. Each run installs another set, so nothing is cached.
base=(filesystem bash coreutils findutils gawk grep libc-bin sed)
extra=(jq curl lighttpd ca-certificates tzdata media-types libexpat1 libnettle8 libxxhash0)
prepare_graph_base() {
  sed -i "s/packages: \[filesystem.*/packages: [$(IFS=,; echo "${base[*]},${extra[$1 % ${#extra[@]}]}")]/" graph.d/system.yml
}
graph_base() { "$graph" build //base/core:aarch64; }
prepare_dnf_base() { rm -rf "$work/root"; mkdir "$work/root"; }
dnf_base() {
  dnf_install "$work/root" aarch64 "${base[@]}" "${extra[$1 % ${#extra[@]}]}"
  tar -C "$work/root" --sort=name --mtime=@1700000000 -cf - . | zstd -q -3 -f -o "$work/root.tar.zst"
}
compare 'base image, aarch64, from cached packages' graph_base dnf_base 'dnf+tar+zstd'

# 2. One package and what it needs on top of an image, foreign architecture. (The peer runs no scriptlets: where the host
# has no emulator registered, it cannot. graph runs them.)
git -C "$top" show HEAD:examples/index/graph.d/system.yml >graph.d/system.yml
printf 'FROM registry.example.org/library/core:7\nRUN dnf install -y httpd && dnf clean all\n' >images/httpd/Dockerfile
"$graph" build >/dev/null 2>&1
prepare_graph_layer() { sed -i "s/^RUN dnf install -y httpd.*/RUN dnf install -y httpd ${extra[$1 % ${#extra[@]}]} \&\& dnf clean all/" images/httpd/Dockerfile; }
graph_layer() { "$graph" build //app/httpd:aarch64; }
prepare_dnf_base 0
dnf_install "$work/root" aarch64 "${base[@]}" >/dev/null 2>&1
mv "$work/root" "$work/lower"
prepare_dnf_layer() { rm -rf "$work/up" "$work/wk"; mkdir -p "$work/up" "$work/wk" "$work/mnt"; }
dnf_layer() {
  mount -t overlay overlay -o "lowerdir=$work/lower,upperdir=$work/up,workdir=$work/wk" "$work/mnt"
  dnf_install "$work/mnt" aarch64 httpd "${extra[$1 % ${#extra[@]}]}" || { umount "$work/mnt"; return 1; }
  umount "$work/mnt"
  tar -C "$work/up" --sort=name --mtime=@1700000000 -cf - . | zstd -q -3 -f -o "$work/up.tar.zst"
}
compare 'layer of one more package, aarch64' graph_layer dnf_layer 'dnf+overlay+tar+zstd'

# 3. An unchanged image, and one whose last COPY changed.
git -C "$top" show HEAD:examples/index/images/httpd/Dockerfile >images/httpd/Dockerfile
"$graph" build >/dev/null 2>&1
if command -v buildah >/dev/null; then
  export STORAGE_DRIVER=overlay BUILDAH_ISOLATION=chroot
  buildah=(buildah --root "$work/storage" --runroot "$work/run")
  # buildah names a pulled image after its folder, and takes only lower case.
  mkdir -p /tmp/graph-bench
  layout=$(mktemp -u -p /tmp/graph-bench XXXX | tr 'A-Z' 'a-z')
  mv "$work/httpd" "$layout"
  "${buildah[@]}" tag "$("${buildah[@]}" pull -q "oci:$layout")" localhost/httpd:base
  rm -rf /tmp/graph-bench
  mkdir "$work/context"
  printf 'FROM localhost/httpd:base\nLABEL a=b\nCOPY index.html /var/www/html/index.html\n' >"$work/context/Dockerfile"
  cp images/httpd/index.html "$work/context/"
  bud() { "${buildah[@]}" bud --layers --pull-never -q -t localhost/httpd:test "$work/context"; }
  nothing() { :; }
  prepare_graph_noop() { nothing; }
  prepare_bud() { nothing; }
  graph_noop() { "$graph" build //app/httpd:x86_64; }
  bud >/dev/null 2>&1
  compare 'unchanged layered image' graph_noop bud 'buildah --layers'
  prepare_graph_copy() { echo "<!-- $1 -->" >>images/httpd/index.html; }
  prepare_bud_copy() { echo "<!-- $1 -->" >>"$work/context/index.html"; }
  graph_copy() { "$graph" build //app/httpd:x86_64; }
  bud_copy() { bud; }
  compare 'the file of the last COPY changed' graph_copy bud_copy 'buildah --layers'
fi
prepare_graph_plan() { :; }
graph_plan() { "$graph" plan; }
: >"$work/ours"
for ((i = 1; i <= runs; i++)); do seconds graph_plan >>"$work/ours"; done
printf '%-58s graph %.3f s\n' 'plan of everything' "$(median <"$work/ours")"
