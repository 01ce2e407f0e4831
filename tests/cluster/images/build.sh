#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the container images that the tests use, without a container engine.
#
# Usage: build.sh OUTDIR [pause|shell|driver|driver-gke|plugin]...
#
# Writes into OUTDIR, as archives that `cluster.sh load-image` takes:
#   pause-1.tar                                 registry.local/pause:1
#   shell-1.tar                                 registry.local/shell:1 (busybox and curl)
#   ibmcloud-block-storage-driver-VERSION.tar   registry.local/ibmcloud-block-storage-driver:VERSION
#   ibmcloud-block-storage-plugin-VERSION.tar   registry.local/ibmcloud-block-storage-plugin:VERSION
# with the VERSIONs 2.5.26 and 2.5.27. The last two are stand-ins of closed images. And
#   ibmcloud-block-storage-driver-gke-2.5.26.tar
#       registry.local/ibmcloud-block-storage-driver-gke:2.5.26: the same driver, which lets all
#       pods of one node share a volume, as on GKE
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

case "${1:-}" in -h | --help) print_help; exit 0 ;; esac
[ $# -ge 1 ] || die "needs a directory for the images; see --help"
mkdir -p "$1" || die "cannot make the directory $1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- pause shell driver driver-gke plugin
here=$BSO_HERE/images
make_image=$here/make-image.sh
versions=(2.5.26 2.5.27)

"$BSO_HERE/install-packages.sh" nodes
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# A root directory with busybox and the files that programs expect.
shell_rootfs() { # DIR
  local applet busybox
  busybox=$(command -v busybox) || die "busybox is missing; run: $BSO_HERE/install-packages.sh nodes"
  mkdir -p "$1"/{bin,sbin,usr/bin,usr/sbin,etc,tmp,root,proc,sys,dev,run,var/log}
  chmod 1777 "$1/tmp"
  install -m 755 "$busybox" "$1/bin/busybox"
  while read -r applet; do
    # A static busybox crashes when it looks up a name or an address; nc with an address works.
    case "$applet" in busybox | wget | nslookup) continue ;; esac
    ln -s busybox "$1/bin/$applet"
  done < <("$busybox" --list)
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$1/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
}

# Copies a program of this machine and the shared objects that it needs.
with_libraries() { # DIR PROGRAM
  local program library
  program=$(command -v "$2") || die "$2 is missing; run: $BSO_HERE/install-packages.sh"
  install -D -m 755 "$program" "$1/usr/bin/$2"
  while read -r library; do
    install -D -m 755 "$library" "$1$library"
  done < <(ldd "$program" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }')
}

driver_image() { # NAME VERSION [OPTION-OF-MAKE-IMAGE...]
  local name=$1 version=$2 rootfs=$work/$1-$2
  shift 2
  shell_rootfs "$rootfs"
  mkdir -p "$rootfs/driver" "$rootfs/flexvolume"
  install -m 755 "$BSO_HERE/drivers/ibmc-block" "$here/driver/entrypoint.sh" "$here/driver/probe.sh" "$rootfs/driver/"
  install -m 644 "$here/driver/common.sh" "$rootfs/driver/"
  printf '%s\n' "$version" >"$rootfs/driver/version"
  "$make_image" "registry.local/$name:$version" "$rootfs" "$out/$name-$version.tar" \
    --entrypoint /bin/sh --entrypoint /driver/entrypoint.sh "$@"
  say "made $out/$name-$version.tar"
}

for word in "$@"; do
  case "$word" in
    pause)
      mkdir -p "$work/pause"
      gcc -Os -static -s -Wall -Wextra -o "$work/pause/pause" "$here/pause.c"
      "$make_image" registry.local/pause:1 "$work/pause" "$out/pause-1.tar" --entrypoint /pause --user 65534:65534
      say "made $out/pause-1.tar"
      ;;
    shell)
      shell_rootfs "$work/shell"
      with_libraries "$work/shell" curl
      "$make_image" registry.local/shell:1 "$work/shell" "$out/shell-1.tar" --cmd /bin/sh
      say "made $out/shell-1.tar"
      ;;
    driver)
      for version in "${versions[@]}"; do driver_image ibmcloud-block-storage-driver "$version"; done
      ;;
    driver-gke)
      driver_image ibmcloud-block-storage-driver-gke "${versions[0]}" --env RWO_SEMANTICS=single-node
      ;;
    plugin)
      for version in "${versions[@]}"; do
        rootfs=$work/plugin-$version
        shell_rootfs "$rootfs"
        mkdir -p "$rootfs/provisioner"
        install -m 755 "$here/provisioner/entrypoint.sh" "$here/provisioner/probe.sh" "$rootfs/provisioner/"
        printf '%s\n' "$version" >"$rootfs/provisioner/version"
        "$make_image" "registry.local/ibmcloud-block-storage-plugin:$version" "$rootfs" \
          "$out/ibmcloud-block-storage-plugin-$version.tar" \
          --entrypoint /bin/sh --entrypoint /provisioner/entrypoint.sh
        say "made $out/ibmcloud-block-storage-plugin-$version.tar"
      done
      ;;
    *) die "unknown image '$word'; see --help" ;;
  esac
done
