#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a test cluster needs.
#
# Usage: install-packages.sh [control-plane|nodes|build]...
#
#   control-plane  etcd and the tools that control-plane.sh uses
#   nodes          containerd, runc, CNI plug-ins, iptables: what cluster.sh uses
#   build          the Go compiler and source tools that binaries.sh uses
#
# Without a word: all three. What is installed already is left alone, and when
# nothing is missing the script ends at once without calling apt-get.
# No service is left running: etcd and containerd of the machine are not used.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

control_plane=(etcd-server etcd-client openssl curl ca-certificates procps util-linux)
nodes=(containerd runc containernetworking-plugins iptables conntrack socat ethtool iproute2
  busybox-static curl kmod mount procps util-linux gcc libc6-dev jq)
build=(golang-1.19-go golang-github-modern-go-reflect2-dev dpkg-dev patch xz-utils)

wanted=()
[ $# -gt 0 ] || set -- control-plane nodes build
for word in "$@"; do
  case "$word" in
    control-plane) wanted+=("${control_plane[@]}") ;;
    nodes) wanted+=("${nodes[@]}") ;;
    build) wanted+=("${build[@]}") ;;
    -h | --help) print_help; exit 0 ;;
    *) die "unknown word '$word'; see --help" ;;
  esac
done

missing=()
# One call for all of them: dpkg-query costs more to start than to run.
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null || true)
for package in "${wanted[@]}"; do
  grep -qx "$package installed" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

[ "$(id -u)" = 0 ] || die "missing packages: ${missing[*]}; run as root: apt-get install --no-install-recommends ${missing[*]}"

# Debian starts a service when its package is installed. Ours run their own copies,
# so a policy file forbids it for the duration of the installation. One that the
# machine has already is the machine's own decision and stays.
policy=/usr/sbin/policy-rc.d
policy_is_ours=false
cleanup() {
  if $policy_is_ours; then rm -f "$policy"; fi
}
trap cleanup EXIT
if [ ! -e "$policy" ]; then
  policy_is_ours=true
  printf '#!/bin/sh\n# Written by install-packages.sh, removed when it ends.\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

log=$(mktemp)
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  die "apt-get failed, its output is in $log; check the machine's package sources and network and try again"
fi
rm -f "$log"

# With systemd the packages enable their units, which would then start at the next
# boot. Only what this run installed is touched.
if [ -d /run/systemd/system ]; then
  for unit in etcd containerd; do
    if [[ " ${missing[*]} " == *" $unit "* || " ${missing[*]} " == *" $unit-server "* ]]; then
      systemctl disable --now "$unit.service" >/dev/null 2>&1 || true
    fi
  done
fi
say "installed"
