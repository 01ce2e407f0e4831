#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the project and runs its tests.
#
# Usage: tests/run.sh [unit|integration|e2e|upstream|installer-rows|causes|asan|tsan|fuzz|all|
#                      asan-rest|tsan-rest]...
#
#   unit            the rules and the wire formats, as small programs
#   integration     the operator against a real etcd and kube-apiserver, also with faults on the wire
#   e2e             the operator in a real Kubernetes with two nodes (root)
#   upstream        prints which test of client-go and others is which test of ours; see
#                   tests/upstream.sh
#   installer-rows  prints which tests prove which feature of the installer; see
#                   tests/installer-rows.sh
#   causes          prints which scenario proves which cause of a pod that waits for its volume; see
#                   tests/causes.sh
#   asan, tsan      unit and a part of integration once more, built with the sanitizers of addresses
#                   and undefined behaviour, and of threads
#   fuzz            everything that reads bytes of others, for FUZZ_SECONDS each; see tests/fuzz
#   all             all of these
#   asan-rest, tsan-rest
#                   the rest of integration so: a quarter of an hour each, and not among all
#
# Without a word: unit, integration and e2e. Installs what is missing of Debian's packages
# (as root), builds below build/, and builds Kubernetes 1.20 once (see tests/cluster/binaries.sh).
# On two cores that takes half an hour, all parts an hour and more, and Kubernetes once 6 to 10 minutes.
#
# Environment:
#   BSO_JOBS       compilations at once (default: one for each core; each takes up to 1.5 GB)
#   FUZZ_SECONDS   how long each fuzzer runs (default: 60)
#
# The exit status is 0 when every part passed; all parts are run either way.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/lib.sh
. tests/cluster/lib.sh

all=(unit integration e2e upstream installer-rows causes asan tsan fuzz)
parts=()
[ $# -gt 0 ] || set -- unit integration e2e
for word in "$@"; do
  case "$word" in
    -h | --help) print_help; exit 0 ;;
    all) parts+=("${all[@]}") ;;
    asan-rest | tsan-rest) parts+=("$word") ;;
    *)
      [[ " ${all[*]} " == *" $word "* ]] || die "unknown word '$word'; see --help"
      parts+=("$word")
      ;;
  esac
done
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

jobs=${BSO_JOBS:-$(nproc)}
results=() failures=()
status=0
log=$(mktemp)

# What a part printed of its failures: tests of ctest, scenarios, the compiler's or our own errors.
# The end of a long run is often all that one sees of it.
what_failed() {
  sed -nE -e 's/^[[:space:]]+[0-9]+ - (.*) \((Failed|Timeout|SEGFAULT|Subprocess aborted|Not Run)\).*/\1: \2/p' \
    -e 's/^(FAIL|error:|.*: error:|.*: FAILED:|not within) ?/&/p' "$log"
}

# Runs one part, prints how long it took, and remembers how it ended.
part() { # NAME COMMAND...
  local name=$1 begin rc=0 took
  shift
  begin=$(date +%s)
  printf '\n=== %s\n' "$name"
  "$@" 2>&1 | tee "$log" || rc=$?
  took=$(($(date +%s) - begin))
  if [ $rc -eq 0 ]; then
    results+=("$(printf '%-24s passed  %4d s' "$name" "$took")")
  else
    results+=("$(printf '%-24s FAILED  %4d s' "$name" "$took")")
    mapfile -t -O "${#failures[@]}" failures < <(what_failed | sed "s/^/$name: /" | cut -c1-200 | head -n 8)
    status=1
  fi
  return $rc
}

build() { # PRESET
  cmake --preset "$1" >/dev/null && cmake --build --preset "$1" -j "$jobs"
}

labelled() { # PRESET LABEL
  local at_once=$jobs
  if [[ "$2" = integration* ]]; then
    # They mostly wait, unless a sanitizer gives them work.
    [ "$1" != release ] || at_once=$((jobs + 1))
    # The scenarios clean up what they find, so they cannot share a cluster.
    [ "${USE_EXISTING_CLUSTER:-}" != true ] || at_once=1
  fi
  ctest --preset "$1" -L "^$2\$" -j "$at_once"
}

# shellcheck disable=SC2317 # called by the trap
summary() {
  local rc=$?
  trap - EXIT
  [ $rc -eq 0 ] || status=1
  printf '\n=== summary, %d s in all\n' "$(($(date +%s) - BSO_START_SECONDS))"
  rm -f "$log"
  [ ${#results[@]} -eq 0 ] || printf '%s\n' "${results[@]}"
  [ ${#failures[@]} -eq 0 ] || printf '%s\n' "${failures[@]}"
  if [ $status -eq 0 ]; then echo "all passed"; else echo "FAILED"; fi
  exit $status
}
trap summary EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

part "packages" tests/install-packages.sh || exit 1
if wants integration || wants asan || wants tsan || wants asan-rest || wants tsan-rest; then
  part "Kubernetes programs" tests/cluster/binaries.sh --control-plane || exit 1
fi
if wants unit || wants integration || wants e2e || wants upstream ||
  wants installer-rows || wants causes; then
  part "build release" build release || exit 1
  ! wants unit || part "unit" labelled release unit || true
  ! wants integration || part "integration" labelled release integration || true
  ! wants e2e || part "e2e" tests/e2e/run.sh || true
  ! wants upstream || part "upstream" tests/upstream.sh || true
  ! wants installer-rows || part "installer rows" tests/installer-rows.sh || true
  ! wants causes || part "causes" tests/causes.sh || true
fi
for preset in asan tsan; do
  wants "$preset" || wants "$preset-rest" || continue
  part "build $preset" build "$preset" || continue
  ! wants "$preset" || part "unit $preset" labelled "$preset" unit || true
  ! wants "$preset" || part "integration $preset" labelled "$preset" integration || true
  ! wants "$preset-rest" || part "rest $preset" labelled "$preset" integration-rest || true
done
if wants fuzz && part "clang" tests/install-packages.sh fuzz && part "build fuzz" build fuzz; then
  part "fuzz" tests/fuzz/run.sh || true
fi
