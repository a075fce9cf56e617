#!/bin/bash
# Stores two nightlies of a Debian root tree, as a tar archive and as an ext4 image, and reads them back, beside zstd -3,
# zstd --patch-from, casync and restic in the same run. Prints a line for each measure: size in the store, seconds, and
# the ratio to zstd -3.
#
#   Benchmarks/store.sh [FOLDER]
#
# Needs root, the release build (make), debootstrap, casync, restic, and Debian's archive for the first time: the images
# stay in FOLDER (default /var/tmp/graph-nightlies) and are used again. The first night is Debian 12 as it was released
# last, the second has its security updates of that day. Writes below a folder of its own else.
set -euo pipefail
images=${1:-/var/tmp/graph-nightlies}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
graph=${GRAPH:-$top/.build/release/graph}
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 RESTIC_PASSWORD=none RESTIC_CACHE_DIR=$work/restic-cache

make_images() {
  local v
  rm -rf "$images.new"
  mkdir -p "$images.new"
  debootstrap --variant=minbase --include=systemd,python3,ca-certificates,openssl,tzdata,expat,curl \
    bookworm "$images.new/v1" http://deb.debian.org/debian
  cp -a "$images.new/v1" "$images.new/v2"
  for suite in bookworm bookworm-updates; do
    echo "deb http://deb.debian.org/debian $suite main"
  done >"$images.new/v2/etc/apt/sources.list"
  echo 'deb http://deb.debian.org/debian-security bookworm-security main' >>"$images.new/v2/etc/apt/sources.list"
  cp /etc/resolv.conf "$images.new/v2/etc/resolv.conf"
  chroot "$images.new/v2" env DEBIAN_FRONTEND=noninteractive sh -ec 'apt-get update; apt-get -y upgrade'
  for v in v1 v2; do
    rm -rf "$images.new/$v"/var/lib/apt/lists/* "$images.new/$v"/var/cache/apt/* "$images.new/$v"/var/log/*
    tar --sort=name --mtime=@1700000000 --owner=0 --group=0 --numeric-owner -cf "$images.new/$v.tar" -C "$images.new/$v" .
    E2FSPROGS_FAKE_TIME=1700000000 mke2fs -q -t ext4 -d "$images.new/$v" -U 22222222-2222-2222-2222-222222222222 \
      -E hash_seed=11111111-1111-1111-1111-111111111111,root_owner=0:0 "$images.new/$v.ext4" 600M
    rm -rf "$images.new/$v"
  done
  mv "$images.new" "$images"
}
if [ ! -e "$images/v2.ext4" ]; then
  # Not behind '||', where an error would not end it.
  trap 'tail "$work/log" >&2; rm -rf "$work"' EXIT
  make_images >"$work/log" 2>&1
  trap 'rm -rf "$work"' EXIT
fi

# Wall and processor seconds of a command, in $wall and $cpu; its output goes to a file.
run() {
  /usr/bin/time -o "$work/time" -f '%e %U %S' "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; exit 1; }
  read -r wall user system <"$work/time"
  cpu=$(awk -v u="$user" -v s="$system" 'BEGIN { print u + s }')
}

size() { du -sb --apparent-size "$1" | cut -f1; }

# line WHAT BYTES REFERENCE: with the times of the last run; REFERENCE is the processor time of zstd -3.
line() {
  awk -v what="$1" -v bytes="$2" -v wall="$wall" -v cpu="$cpu" -v ref="$3" -v total="$total" 'BEGIN {
    printf "%-34s %9.2f MB   wall %6.2f s   cpu %6.2f s   %5.0f MB/s of cpu   zstd -3/this %.2f\n",
      what, bytes / 1e6, wall, cpu, total / 1e6 / cpu, ref / cpu }'
}

for kind in tar ext4; do
  old=$images/v1.$kind
  new=$images/v2.$kind
  total=$(stat -c %s "$new")
  echo "== $kind, $((total / 1000000)) MB: what the second night adds, v1 being there"
  cat "$old" "$new" >/dev/null

  run zstd -3 -q --single-thread -f "$new" -o "$work/whole.zst"
  reference=$cpu
  line 'zstd -3' "$(size "$work/whole.zst")" "$reference"
  run zstd -3 -q --single-thread -f --long=31 --patch-from="$old" "$new" -o "$work/patch.zst"
  line 'zstd -3 --long=31 --patch-from' "$(size "$work/patch.zst")" "$reference"

  run casync make --store="$work/casync" "$work/v1.caibx" "$old"
  before=$(size "$work/casync")
  run casync make --store="$work/casync" "$work/v2.caibx" "$new"
  line 'casync' $(($(size "$work/casync") - before)) "$reference"

  run restic init -q -r "$work/restic"
  run restic backup -q -r "$work/restic" "$old"
  before=$(size "$work/restic")
  run restic backup -q -r "$work/restic" "$new"
  line 'restic' $(($(size "$work/restic") - before)) "$reference"
  rm -rf "$work/casync" "$work/restic"

  store=$work/store
  run "$graph" store add --store "$store" "$old"
  first=$(size "$store/blobs")
  line 'graph, the first night, whole' "$first" "$reference"
  run "$graph" store add --store "$store" "$new"
  line 'graph, the second night' $(($(size "$store/blobs") - first)) "$reference"
  for image in "$old" "$new"; do
    digest=$(sha256sum "$image" | cut -c1-64)/$(stat -c %s "$image")
    "$graph" store cat --store "$store" "$digest" | cmp - "$image"
    run "$graph" store cat --store "$store" "$digest"
    line "graph, $(basename "$image") read back" 0 "$reference"
    "$graph" store cat --store "$store" "$digest" --from 100000000 --count 4096 |
      cmp - <(tail -c +100000001 "$image" | head -c 4096)
    run "$graph" store cat --store "$store" "$digest" --from 100000000 --count 4096
    awk -v what="graph, 4 KiB of $(basename "$image")" -v wall="$wall" 'BEGIN { printf "%-34s wall %.3f s\n", what, wall }'
  done
  rm -rf "$store"
done
