#!/bin/bash
# Locks of many images on a large repository, beside dnf on the same one; then one package is updated, and graph says what
# that means. The repository is made up and has no packages: nothing is installed.
#
#   Benchmarks/updates.sh [IMAGES] [PACKAGES] [ARCH…]      (205 20000 x86_64 aarch64 ppc64le s390x)
#
# Needs the release build (make) and dnf. Writes below a folder of its own only.
set -euo pipefail
images=${1:-205}
packages=${2:-20000}
shift $(($# < 2 ? $# : 2))
arches=("$@")
[ ${#arches[@]} -gt 0 ] || arches=(x86_64 aarch64 ppc64le s390x)
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
graph=${GRAPH:-$top/.build/release/graph}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache

# Prints what a command takes, and its wall time in seconds to descriptor 3.
timed() {
  local name=$1 begin end
  shift
  begin=$(date +%s.%N)
  "$@" >"$work/output" 2>"$work/errors" || { cat "$work/errors"; exit 1; }
  end=$(date +%s.%N)
  seconds=$(echo "$end - $begin" | bc)
  printf '%-70s %8.3f s\n' "$name" "$seconds"
}

python3 "$top/Benchmarks/updates/workspace.py" "$work/w" "$images" "$packages" "${arches[@]}"
cd "$work/w/index"
"$graph" snapshot refresh >/dev/null 2>&1

timed "metadata of ${#arches[@]} repositories of $packages packages, parsed, and the locks of the base" "$graph" lock //base/core
timed "locks of $images images x ${#arches[@]} architectures" "$graph" lock //app/...
each=$(echo "scale=6; $seconds / ($images * ${#arches[@]})" | bc)
timed "the same again, nothing moved" "$graph" lock //app/...

# dnf is given what one image asks for, on an empty root, with its cache made and nothing to download.
mkdir -p "$work/root" "$work/dnf"
requests=$(grep -oh 'pkg[0-9]*' images/job0/Dockerfile)
dnf_solve() {
  dnf --assumeno --installroot="$work/root" --forcearch=x86_64 --repofrompath=big,"file://$work/w/repository/x86_64" --repo=big \
    --nogpgcheck --releasever=1 --setopt=cachedir="$work/dnf" --setopt=logdir="$work/dnf" --setopt=persistdir="$work/dnf" \
    --setopt=reposdir=/nonexistent --setopt=pluginpath=/nonexistent --setopt=metadata_expire=-1 install $requests || true
}
dnf_solve >/dev/null 2>&1
timed "dnf --assumeno, one image's packages, from its cache" dnf_solve
printf 'lock graph/dnf %.4f\n' "$(echo "scale=6; $each / $seconds" | bc)"

# Something that an image asks for.
moved=$((10#$(printf '%s' "$requests" | sed -n '1s/pkg//p')))
python3 "$top/Benchmarks/updates/workspace.py" "$work/w" --update "$moved" "$packages" "${arches[@]}"
timed "snapshot refresh after one package moved" "$graph" snapshot refresh
timed "plan: which images it reaches" "$graph" plan
grep -A2 '^packages that move' "$work/output"
timed "locks of all images brought up to date, each solved again" "$graph" lock //app/...
