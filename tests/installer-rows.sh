#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints which tests prove which feature of the installer, and checks that each feature has one.
#
# Usage: tests/installer-rows.sh
#
# Each line of tests/installer-rows.tsv is: row, feature, and the reason why it has no test; between
# them one TAB. A test belongs to row N when it has the tag [row-N]; a scenario of tests/e2e when a
# comment before its function has it. Needs a finished build (cmake --preset release && cmake --build
# --preset release).
#
# The exit status is 0 when every row has a test or a reason.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/lib.sh
. tests/cluster/lib.sh
# shellcheck source=tagged-tests.sh
. tests/tagged-tests.sh

case "${1:-}" in
  "") ;;
  -h | --help) print_help; exit 0 ;;
  *) die "unknown word '$1'; see --help" ;;
esac

build=build/release/tests
[ -x $build/unit/unit_install ] || die "no finished build; run: cmake --preset release && cmake --build --preset release"

# "row TAB test" for every test with such a tag.
known=$(mktemp)
trap 'rm -f "$known"' EXIT
for program in "$build"/unit/unit_* $build/integration/integration_tests; do
  { [ -f "$program" ] && [ -x "$program" ]; } || continue
  name=${program##*/}
  name=${name/unit_/unit\/}
  tagged_tests "$program" row "${name/_tests/}/"
done >"$known"
tagged_scenarios row e2e/ tests/e2e/*.sh >>"$known"

awk -F '\t' '
  FILENAME == ARGV[1] { tests[$1] = tests[$1] "\n       " $2; next }
  /^#/ || /^$/ { next }
  {
    rows++
    seen[$1] = 1
    printf "%-3s %s%s\n", $1, $2, ($1 in tests) ? tests[$1] : ($3 == "" ? "" : "\n       - (" $3 ")")
    if ($1 in tests) proved++
    else if ($3 == "") faults[++count] = "row " $1 " has no test and no reason: " $2
  }
  END {
    for (row in tests) if (!(row in seen)) faults[++count] = "there is no row " row ", which a test names"
    printf "\n%d rows: %d have tests, %d are left out with a reason\n", rows, proved, rows - proved - count
    for (i = 1; i <= count; i++) print "error: " faults[i] > "/dev/stderr"
    exit count > 0
  }' "$known" tests/installer-rows.tsv
