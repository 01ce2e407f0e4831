#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints which test of other projects' suites is which test of ours, and checks that ours exist.
#
# Usage: tests/upstream.sh [--missing] [SUITE...]
#
#   --missing   prints only what was left out, with the reasons
#   SUITE       only tests/upstream/SUITE.tsv
#
# Each line of tests/upstream/SUITE.tsv is: file upstream, test upstream, our test (or -), and the
# reason why there is none; between them one TAB. Our tests are named as `ctest -N` shows them, those
# of the integration program as integration/NAME. Needs a finished build (cmake --preset release &&
# cmake --build --preset release).
#
# The exit status is 0 when every test that a line names exists, and every other line has a reason.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=cluster/lib.sh
. tests/cluster/lib.sh

missing_only=false suites=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) print_help; exit 0 ;;
    --missing) missing_only=true ;;
    -*) die "unknown option '$1'; see --help" ;;
    *) suites+=("tests/upstream/$1.tsv") ;;
  esac
  shift
done
[ ${#suites[@]} -gt 0 ] || suites=(tests/upstream/*.tsv)
for suite in "${suites[@]}"; do [ -f "$suite" ] || die "there is no $suite"; done

build=build/release
[ -f $build/CTestTestfile.cmake ] || die "no finished build; run: cmake --preset release && cmake --build --preset release"
known=$(mktemp)
trap 'rm -f "$known"' EXIT
ctest --preset release -N | sed -n 's/^ *Test *#[0-9]*: //p' >"$known"
for program in integration fault; do
  tests=$build/tests/$program/${program}_tests
  # Catch's status is the number of tests.
  if [ -x "$tests" ]; then { "$tests" --list-test-names-only || true; } | sed "s,^ *,$program/," >>"$known"; fi
done

awk -F '\t' -v missing_only=$missing_only '
  FILENAME == ARGV[1] { known[$0] = 1; next }
  FNR == 1 {
    suite = FILENAME
    sub(/.*\//, "", suite); sub(/\.tsv$/, "", suite)
    printf "%s%s\n", (printed++ ? "\n" : ""), suite
  }
  /^#/ || /^$/ { next }
  {
    cases++
    if (NF < 3 || $2 == "") { fault(FILENAME ":" FNR ": not file TAB test TAB our test TAB reason"); next }
    if ($3 == "-") {
      left_out++
      if ($4 == "") fault(FILENAME ":" FNR ": " $2 " is left out without a reason")
      printf "  %-58s -  (%s)\n", $2, $4
    } else {
      if (!($3 in known)) fault(FILENAME ":" FNR ": there is no test " $3)
      if (missing_only != "true") printf "  %-58s %s\n", $2, $3
    }
  }
  function fault(text) { faults[++count] = text }
  END {
    printf "\n%d cases upstream: %d are ours too, %d left out with a reason\n", cases, cases - left_out, left_out
    for (i = 1; i <= count; i++) print faults[i] > "/dev/stderr"
    exit count > 0
  }' "$known" "${suites[@]}"
