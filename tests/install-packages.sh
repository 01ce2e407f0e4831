#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian 12 packages that building and testing need.
#
# Usage: tests/install-packages.sh [build|test|fuzz]...
#
#   build  compiler, CMake and the libraries of the operator
#   test   what the unit, integration and end-to-end tests need beside that, without the
#          compiler of Kubernetes (tests/cluster/binaries.sh installs it when it is needed)
#   fuzz   clang with libFuzzer, for tests/fuzz
#
# Without a word: build and test. When nothing is missing the script ends at once, and needs no root.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=cluster/lib.sh
. "$top/tests/cluster/lib.sh"

build=(g++ cmake ninja-build ccache libcpprest-dev libboost-dev libboost-system-dev libyaml-cpp-dev
  libspdlog-dev libfmt-dev nlohmann-json3-dev libprotozero-dev libexpected-dev libcli11-dev
  prometheus-cpp-dev libssl-dev)
test=(catch2 faketime openssl jq curl ca-certificates procps util-linux)
# llvm: the program that gives stack traces their names.
fuzz=(clang libclang-rt-14-dev llvm)

wanted=()
[ $# -gt 0 ] || set -- build test
for word in "$@"; do
  case "$word" in
    build) wanted+=("${build[@]}") ;;
    test)
      wanted+=("${test[@]}")
      "$top/tests/cluster/install-packages.sh" control-plane
      ;;
    fuzz) wanted+=("${fuzz[@]}") ;;
    -h | --help) print_help; exit 0 ;;
    *) die "unknown word '$word'; see --help" ;;
  esac
done

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null) ||
  die "this machine has no dpkg-query; the packages are those of Debian 12: ${wanted[*]}"
missing=()
for package in "${wanted[@]}"; do
  grep -qx "$package installed" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] ||
  die "missing packages: ${missing[*]}; run as root: apt-get install --no-install-recommends ${missing[*]}"

say "installing ${missing[*]}"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)

# One line for every 25 packages that apt-get fetches, unpacks or sets up.
progress() {
  awk -v program="$BSO_PROGRAM" '
    / newly installed, / { total = $3 + $1 }
    /^Get:/ { show("fetched", ++fetched) }
    /^Unpacking / { show("unpacked", ++unpacked) }
    /^Setting up / { show("set up", ++ready) }
    function show(what, count) {
      if (count % 25 == 0 || count == total) {
        printf "%s:   %s %d of %d packages\n", program, what, count, total > "/dev/stderr"
      }
    }'
}

if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } 2>&1 |
  tee "$log" | progress; then
  tail -n 20 "$log" >&2
  die "apt-get failed, its output is in $log; check the machine's package sources and network and try again"
fi
rm -f "$log"
say "installed"
