#!/bin/bash
# Builds the cases with buildah, two at a time, and lists what came out.
#
#   buildah.sh FOLDER BASE_LAYOUT
#
# FOLDER is what prepare.py made; BASE_LAYOUT the OCI layout of the base image. Writes FOLDER/buildah/NUMBER, a listing,
# or FOLDER/buildah/NUMBER.failed with what buildah said. All images are below FOLDER.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
export STORAGE_DRIVER=overlay BUILDAH_ISOLATION=chroot
mkdir -p "$folder/buildah"
b() { buildah --root "$folder/storage" --runroot "$folder/runroot" "$@"; }
base=registry.example.org/test/base:1
layout=$(mktemp -d -p "$folder" layout-XXXXXX)
skopeo copy -q "oci:$2" "containers-storage:[overlay@$folder/storage+$folder/runroot]$base" || exit
build() {
  local number=$1 context=$folder/workspace/images/$1/context
  if b bud -q --pull-never --format docker -t "localhost/case:$number" \
    -f "$folder/workspace/images/$number/Dockerfile" "$context" >"$folder/buildah/$number.log" 2>&1 &&
    b push -q "localhost/case:$number" "dir:$layout/$number" >>"$folder/buildah/$number.log" 2>&1; then
    python3 "$here/listing.py" "$layout/$number" >"$folder/buildah/$number"
  else
    mv "$folder/buildah/$number.log" "$folder/buildah/$number.failed"
  fi
}
while IFS=$'\t' read -r number _; do
  build "$number" &
  while (($(jobs -rp | wc -l) >= 2)); do wait -n; done
done <"$folder/names"
wait
