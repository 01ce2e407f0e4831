#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# End-to-end tests: the operator as it ships, in a real Kubernetes with two nodes.
#
# Usage: tests/e2e/run.sh [--keep] [--list] [--causes] [FILTER...]
#
#   FILTER    runs only the scenarios with this word in their name; all without one
#   --keep    leaves the cluster up
#   --list    only prints the names of the scenarios
#   --causes  only prints which scenario shows which cause of a pod that waits for its volume
#
# Needs root, the packages of tests/install-packages.sh and a finished build (cmake --preset
# release && cmake --build --preset release); tests/run.sh does all of that. Takes about 11
# minutes, and once 10 more to build Kubernetes.
#
# Environment:
#   BSO_CLUSTER_DIR      where the cluster lives (default /var/tmp/block-storage-operator-e2e)
#   BSO_CLUSTER_NETWORK  its network (default 10.78.0.0/24)
#
# The last line is "N passed, N failed"; the exit status is 0 when none failed.
set -euo pipefail
export BSO_CLUSTER_DIR=${BSO_CLUSTER_DIR:-/var/tmp/block-storage-operator-e2e}
export BSO_CLUSTER_NETWORK=${BSO_CLUSTER_NETWORK:-10.78.0.0/24}
# Half of what clusters have, and still five reports of a kubelet: a scenario waits for that long.
export BSO_CLUSTER_NODE_GRACE=20
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=writer.sh
. "$(dirname "$0")/writer.sh"
# shellcheck source=scenarios.sh
. "$(dirname "$0")/scenarios.sh"
# shellcheck source=causes.sh
. "$(dirname "$0")/causes.sh"
# shellcheck source=../cause-names.sh
. "$BSO_TOP/tests/cause-names.sh"
# shellcheck source=../tagged-tests.sh
. "$BSO_TOP/tests/tagged-tests.sh"

# "C5 HolderTerminating -> SCENARIO" for each cause that one shows.
show_causes() {
  printf '%s\n' "${causes[@]}" | awk -F '\t' '
    FILENAME == ARGV[1] { shown[$1] = shown[$1] "\n" $2; next }
    {
      number = $0; sub(/ .*/, "", number)
      count = split(shown[number], scenarios, "\n")
      for (i = 2; i <= count; i++) printf "%-29s -> %s\n", $0, scenarios[i]
    }' <(tagged_scenarios cause "" "$BSO_TOP"/tests/e2e/*.sh) -
}

keep=false filters=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) print_help; exit 0 ;;
    --keep) keep=true ;;
    --list) printf '%s\n' "${scenarios[@]}"; exit 0 ;;
    --causes) show_causes; exit 0 ;;
    -*) die "unknown option '$1'; see --help" ;;
    *) filters+=("$1") ;;
  esac
  shift
done

chosen=()
for scenario in "${scenarios[@]}"; do
  [ ${#filters[@]} -gt 0 ] || chosen+=("$scenario")
  for word in "${filters[@]}"; do
    case "$scenario" in *"$word"*) chosen+=("$scenario"); break ;; esac
  done
done
[ ${#chosen[@]} -gt 0 ] || die "no scenario has '${filters[*]}' in its name; see --list"
[ "$(id -u)" = 0 ] || die "root is needed"
[ -x "$BSO_PROGRAM_FILE" ] || die "$BSO_PROGRAM_FILE is missing; run: cmake --preset release && cmake --build --preset release"
unset USE_EXISTING_CLUSTER
[ ! -e "$BSO_CLUSTER_DIR/run" ] || cluster down

work=$(mktemp -d)
figures=$work/figures
: >"$figures"
passed=0 failed=0

# shellcheck disable=SC2317 # called by the trap
finish() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  if $keep; then
    say "the cluster is kept; to use it: eval \"\$(tests/cluster/cluster.sh --dir $BSO_CLUSTER_DIR env)\""
  else
    cluster down || status=1
  fi
  rm -rf "$work"
  if [ $((passed + failed)) -gt 0 ]; then echo "$passed passed, $failed failed"; fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cluster up
use_cluster
say "making and loading the images"
make_images "$work/images" >/dev/null 2>"$work/images.log" || {
  cat "$work/images.log" >&2
  die "the images could not be made"
}
mapfile -t archives < <(image_archives "$work/images")
cluster load-image "${archives[@]}"
figure "image of the operator, MB" \
  "$(($(stat -c %s "$work/images/block-storage-operator-$BSO_OPERATOR_VERSION.tar") / 1048576))"
prepare

for scenario in "${chosen[@]}"; do
  begin=$(date +%s)
  say "--- $scenario"
  # In a shell of its own, so that the first check that fails ends the scenario and no more.
  set +e
  (
    set -e
    "$scenario"
    if [ -e "$work/writer" ]; then writer_was_not_disturbed; fi
  )
  status=$?
  set -e
  took=$(($(date +%s) - begin))
  if [ $status -eq 0 ]; then
    passed=$((passed + 1))
    echo "PASS $scenario ($took s)"
  else
    failed=$((failed + 1))
    echo "FAIL $scenario ($took s)"
    show_cluster >&2
  fi
  clean_workloads || warn "objects of $scenario are still there"
done

echo
echo "figures:"
# Of figures that were taken several times: the least and the greatest.
sort -t $'\t' -k1,1 -k2,2n "$figures" | awk -F '\t' '
  $1 != name { flush(); name = $1; low = $2; count = 0 }
  { high = $2; count++ }
  function flush() {
    if (name != "") printf "  %-62s %s\n", name, (count == 1 ? high : low " to " high " (" count " times)")
  }
  END { flush() }'
[ $failed -eq 0 ] || exit 1
