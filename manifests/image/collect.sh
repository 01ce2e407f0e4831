#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts the root file system of the operator's image together: the program, the shared objects that it
# needs, the dynamic linker and one user. No shell, no package manager, no certificates (the API
# server's CA comes with the ServiceAccount).
set -euo pipefail

if [[ ${1:-} == --help || $# -ne 2 ]]; then
  echo "Usage: manifests/image/collect.sh PROGRAM ROOTFS_DIR"
  [[ ${1:-} == --help ]] && exit 0
  exit 2
fi
program=$1
rootfs=$2
[[ -x $program ]] || {
  echo "collect.sh: $program is missing; remedy: cmake --preset release && cmake --build --preset release" >&2
  exit 2
}

rm -rf "$rootfs"
mkdir -p "$rootfs/usr/bin" "$rootfs/etc" "$rootfs/tmp"
# Debian's /lib is a link into /usr; the linker's fixed path goes through it.
mkdir -p "$rootfs/usr/lib" "$rootfs/usr/lib64"
ln -s usr/lib "$rootfs/lib"
ln -s usr/lib64 "$rootfs/lib64"

install -m 0755 "$program" "$rootfs/usr/bin/block-storage-operator"
strip --strip-unneeded "$rootfs/usr/bin/block-storage-operator" 2>/dev/null || true

missing=$(ldd "$program" | awk '/not found/ {print $1}')
if [[ -n $missing ]]; then
  echo "collect.sh: shared objects not found: $missing" >&2
  exit 1
fi
# "libx.so => /path (0x...)" and "/lib64/ld-linux-x86-64.so.2 (0x...)"
ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\// {print $1}' | sort -u |
  while read -r object; do
    target=$rootfs$object
    [[ $object == /usr/* ]] || target=$rootfs/usr$object
    mkdir -p "$(dirname "$target")"
    install -m 0755 "$(readlink -f "$object")" "$target"
  done
# The name service modules `files` and `dns` are part of libc since glibc 2.34: nothing to add.
echo "operator:x:65532:65532:block-storage-operator:/:/sbin/nologin" >"$rootfs/etc/passwd"
echo "operator:x:65532:" >"$rootfs/etc/group"
echo "hosts: files dns" >"$rootfs/etc/nsswitch.conf"
chmod 1777 "$rootfs/tmp"
