#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers and lets each look for trouble for a while, as many at once as there are cores.
#
# Usage: tests/fuzz/run.sh [NAME...]
#
# Names are those of tests/fuzz/NAME_fuzz.cpp; without one: all. Prints a line for each with its
# executions, the coverage that they reached, the size of the corpus and the result. A fuzzer that
# finds something ends at once; what it says, the input (kept below build/fuzz/crashes) and the
# command that runs it again are printed. Each begins with what earlier runs found worth keeping
# (build/fuzz/corpus) beside the seeds.
#
# Environment:
#   FUZZ_SECONDS   how long each fuzzer runs (default: 60)
#   FUZZ_SEED      what the inputs are made from (default: 1, so that runs of one commit differ little;
#                  0 takes another one each time)
#   BSO_JOBS       compilations and fuzzers at once (default: one for each core)
#
# The exit status is 0 when none found anything.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=../cluster/lib.sh
. tests/cluster/lib.sh

seconds=${FUZZ_SECONDS:-60}
jobs=${BSO_JOBS:-$(nproc)}
known=()
for source in tests/fuzz/*_fuzz.cpp; do
  source=${source##*/}
  known+=("${source%_fuzz.cpp}")
done
targets=()
for word in "$@"; do
  case "$word" in
    -h | --help) print_help; exit 0 ;;
  esac
  [[ " ${known[*]} " == *" $word "* ]] || die "unknown fuzzer '$word'; there are: ${known[*]}"
  targets+=("$word")
done
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "FUZZ_SECONDS is '$seconds'; give a whole number of seconds"

command -v clang++ >/dev/null || die "clang++ is missing; remedy: tests/install-packages.sh fuzz"
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$jobs"
build=build/fuzz
"$build/tests/fuzz/fuzz_seeds" "$build/seeds"

# What a fuzzer is started with, to search and to run one input again.
export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

search() { # NAME
  mkdir -p "$build/corpus/$1" "$build/crashes/$1"
  exec "$build/tests/fuzz/fuzz_$1" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 \
    -max_len=16384 -dict="tests/fuzz/dict/$1.dict" -artifact_prefix="$build/crashes/$1/" \
    -print_final_stats=1 "$build/corpus/$1" "$build/seeds/$1" >"$build/$1.log" 2>&1
}

# Prints a target's line; on a failure also what it was and how to see it again.
report() { # NAME STATUS
  local log=$build/$1.log executions coverage corpus input
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$log" | tail -n 1)
  corpus=$(sed -nE 's/.* corp: ([0-9]+).*/\1/p' "$log" | tail -n 1)
  printf '%-12s %9s executions  coverage %5s  corpus %5s  %s\n' "$1" "${executions:-?}" \
    "${coverage:-?}" "${corpus:-?}" "$([ "$2" -eq 0 ] && echo passed || echo FAILED)"
  [ "$2" -ne 0 ] || return 0
  # From the first line that tells of it to libFuzzer's own list of changes to the input.
  sed -nE '/^FUZZ: |ERROR: |runtime error: |^terminate called/,/^MS: /{/ in fuzzer::|^NOTE: |^ *Combine /d;s/ \(BuildId: .*//;p}' \
    "$log" | sed -n 1,60p
  input=$(sed -n 's/^artifact_prefix=.*Test unit written to //p' "$log" | tail -n 1)
  echo "FAIL $1: $(grep -m 1 -E '^FUZZ: |ERROR: |runtime error: ' "$log" || echo "see $log")"
  [ -z "$input" ] || echo "again: $build/tests/fuzz/fuzz_$1 $input"
}

running=()
declare -A name_of
# shellcheck disable=SC2317 # called by the trap
stop() {
  trap - EXIT
  [ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

failed=0
await_one() {
  local rc=0 pid still=() one
  wait -n -p pid "${running[@]}" || rc=$?
  for one in "${running[@]}"; do [ "$one" = "$pid" ] || still+=("$one"); done
  running=("${still[@]}")
  [ $rc -eq 0 ] || failed=1
  report "${name_of[$pid]}" $rc
}

for target in "${targets[@]}"; do
  [ ${#running[@]} -lt "$jobs" ] || await_one
  search "$target" &
  running+=($!)
  name_of[$!]=$target
done
while [ ${#running[@]} -gt 0 ]; do await_one; done
exit $failed
