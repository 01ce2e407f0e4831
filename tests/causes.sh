#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints which scenario on a real API server proves which cause of a pod that waits for its volume,
# and which one on real nodes (e2e/), and checks that each cause has one of the former.
#
# Usage: tests/causes.sh
#
# A scenario belongs to cause N when it has the tag [cause-N]; one of tests/e2e when a comment before
# its function has it. Needs a finished build (cmake --preset release && cmake --build --preset
# release).
#
# The exit status is 0 when every cause has a scenario.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/lib.sh
. tests/cluster/lib.sh
# shellcheck source=tagged-tests.sh
. tests/tagged-tests.sh
# shellcheck source=cause-names.sh
. tests/cause-names.sh

case "${1:-}" in
  "") ;;
  -h | --help) print_help; exit 0 ;;
  *) die "unknown word '$1'; see --help" ;;
esac

program=build/release/tests/integration/integration_tests
[ -x $program ] || die "no finished build; run: cmake --preset release && cmake --build --preset release"

# "cause TAB scenario" for every test with such a tag.
known=$(mktemp)
trap 'rm -f "$known"' EXIT
tagged_tests $program cause >"$known"
tagged_scenarios cause e2e/ tests/e2e/*.sh >>"$known"

printf '%s\n' "${causes[@]}" | awk -F '\t' '
  FILENAME == ARGV[1] {
    tests[$1] = tests[$1] "\n      " $2
    if ($2 ~ /^e2e\//) on_nodes[$1] = 1
    else proved[$1] = 1
    next
  }
  {
    number = $0; sub(/ .*/, "", number)
    causes++
    seen[number] = 1
    printf "%s%s\n", $0, tests[number]
    if (number in on_nodes) real++
    if (!(number in proved)) faults[++count] = "cause " number " has no scenario"
  }
  END {
    for (number in tests) if (!(number in seen)) faults[++count] = "there is no cause " number ", which a test names"
    printf "\n%d causes, %d without a scenario; %d on real nodes too\n", causes, count, real
    for (i = 1; i <= count; i++) print "error: " faults[i] > "/dev/stderr"
    exit count > 0
  }' "$known" -
