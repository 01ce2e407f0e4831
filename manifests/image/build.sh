#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the operator's container image as a docker-archive, without a container engine. Load it with
# `ctr -n k8s.io images import`, `docker load`, `podman load`, `skopeo copy docker-archive:...`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

usage() {
  cat <<'TXT'
Usage: manifests/image/build.sh [--program FILE] [--name NAME:TAG] OUT.tar
  --program FILE   default: build/release/operator/block-storage-operator
  --name NAME:TAG  default: block-storage-operator:<version of CMakeLists.txt>
TXT
}

program=$top/build/release/operator/block-storage-operator
version=$(sed -n 's/^project(block-storage-operator VERSION \([0-9.]*\).*/\1/p' "$top/CMakeLists.txt")
name=block-storage-operator:$version
out=
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage; exit 0 ;;
    --program) program=$2; shift 2 ;;
    --name) name=$2; shift 2 ;;
    -*) echo "build.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
    *) out=$1; shift ;;
  esac
done
[[ -n $out ]] || { usage >&2; exit 2; }

rootfs=$(mktemp -d)
trap 'rm -rf "$rootfs"' EXIT
"$here/collect.sh" "$program" "$rootfs/root"
"$top/tests/cluster/images/make-image.sh" "$name" "$rootfs/root" "$out" \
  --entrypoint /usr/bin/block-storage-operator --user 65532:65532
echo "$out: image $name, $(du -h "$out" | cut -f1)"
