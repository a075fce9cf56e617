#!/bin/bash
# Times graph beside what people use for the same work today, on the example's own packages, and prints one line for
# each measure: ours, the peer's, and the ratio ours/peer. Medians of RUNS runs (default 5), peers and graph in turn.
#
#   Benchmarks/images.sh [RUNS]
#
# Needs the release build (make), and dnf and zstd. Writes below a folder of its own only.
set -euo pipefail
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

. "$top/Benchmarks/measure.sh"

"$graph" build //repo/os:aarch64 //app/httpd:aarch64 >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }
"$graph" export //repo/os:aarch64 "$work/repo-aarch64" >/dev/null 2>&1
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
"$graph" build //app/httpd:aarch64 >/dev/null 2>&1
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
