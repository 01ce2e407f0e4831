#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a container image of a directory, without a container engine.
#
# Usage: make-image.sh NAME:TAG ROOTFS_DIR OUT.tar [OPTION...]
#
#   --entrypoint WORD  the program; repeat it for its arguments
#   --cmd WORD         a default argument; repeat it for more
#   --user UID[:GID]   who runs it (default: root)
#   --env KEY=VALUE    a variable; repeat it for more
#   --workdir DIR      the working directory (default: /)
#   --label KEY=VALUE  a label; repeat it for more
#
# OUT.tar is an archive as `docker save` writes it, with one layer. `docker load`,
# `podman load`, `ctr images import` and `cluster.sh load-image` take it. The same
# directory gives the same bytes at any time: owners are root, times are zero. The
# permissions of the files are taken over; set them before.
set -euo pipefail
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

case "${1:-}" in -h | --help) print_help; exit 0 ;; esac
[ $# -ge 3 ] || die "needs NAME:TAG ROOTFS_DIR OUT.tar; see --help"
name=$1 rootfs=$2 out=$3
shift 3
case "$name" in
  *[!a-zA-Z0-9._:/-]* | *: | :*) die "'$name' is no image name" ;;
  *:*) ;;
  *) die "'$name' has no tag; write $name:TAG" ;;
esac
[ -d "$rootfs" ] || die "there is no directory $rootfs"

json_string() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  case "$text" in *[[:cntrl:]]*) die "a control character in '$1'" ;; esac
  printf '"%s"' "$text"
}

json_list() {
  local word separator=
  printf '['
  for word in "$@"; do
    printf '%s' "$separator"
    json_string "$word"
    separator=,
  done
  printf ']'
}

entrypoint=() cmd=() env=() labels=() user='' workdir=/
path_given=false
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "'$1' needs a value; see --help"
  case "$1" in
    --entrypoint) entrypoint+=("$2") ;;
    --cmd) cmd+=("$2") ;;
    --user) user=$2 ;;
    --workdir) workdir=$2 ;;
    --env)
      case "$2" in
        PATH=*) path_given=true ;;
        ?*=*) ;;
        *) die "--env $2: KEY=VALUE is needed" ;;
      esac
      env+=("$2")
      ;;
    --label)
      case "$2" in ?*=*) ;; *) die "--label $2: KEY=VALUE is needed" ;; esac
      labels+=("$(json_string "${2%%=*}"):$(json_string "${2#*=}")")
      ;;
    *) die "unknown option '$1'; see --help" ;;
  esac
  shift 2
done
[ $((${#entrypoint[@]} + ${#cmd[@]})) -gt 0 ] || die "--entrypoint or --cmd is needed; see --help"
$path_given || env=("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "${env[@]}")

case "$(uname -m)" in
  x86_64) architecture=amd64 ;;
  aarch64) architecture=arm64 ;;
  *) architecture=$(uname -m) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar_deterministic() { # ARGUMENTS...
  tar --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "$@"
}
mkdir "$work/image"
tar_deterministic -C "$rootfs" -cf "$work/image/layer.tar" .
layer=$(sha256sum "$work/image/layer.tar" | cut -d' ' -f1)
label_text=$(IFS=,; printf '%s' "${labels[*]}")
printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{"User":%s,"Env":%s,"Entrypoint":%s,"Cmd":%s,"WorkingDir":%s,"Labels":{%s}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"make-image.sh"}]}' \
  "$architecture" "$(json_string "$user")" "$(json_list "${env[@]}")" "$(json_list "${entrypoint[@]}")" \
  "$(json_list "${cmd[@]}")" "$(json_string "$workdir")" "$label_text" "$layer" >"$work/config"
config=$(sha256sum "$work/config" | cut -d' ' -f1).json
mv "$work/config" "$work/image/$config"
printf '[{"Config":"%s","RepoTags":[%s],"Layers":["layer.tar"]}]\n' "$config" "$(json_string "$name")" \
  >"$work/image/manifest.json"
mkdir -p "$(dirname "$out")"
tar_deterministic -C "$work/image" -cf "$out.tmp.$$" "$config" layer.tar manifest.json
mv -f "$out.tmp.$$" "$out"
