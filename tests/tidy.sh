#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy over the project's own sources, with the compile commands of a finished build.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == --help ]]; then
  cat <<'TXT'
Usage: tests/tidy.sh [FILE...]
Runs clang-tidy (version 14) over the given sources, or over all below operator/.
Needs a configured build: cmake --preset debug
TXT
  exit 0
fi

build=build/debug
tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || {
  echo "tidy.sh: clang-tidy is missing; remedy: apt-get install clang-tidy-14" >&2
  exit 2
}
[[ -f $build/compile_commands.json ]] || cmake --preset debug >/dev/null
files=("$@")
[[ ${#files[@]} -gt 0 ]] || mapfile -t files < <(find operator -name '*.cpp' | sort)

# g++'s precompiled headers and some of its flags mean nothing to clang.
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
sed -E -e 's/-include [^ ]*cmake_pch\.hxx//g' -e 's/-Winvalid-pch//g' \
  -e 's/-W(duplicated-cond|logical-op|useless-cast)//g' \
  -e 's/-ftrivial-auto-var-init=zero//g' \
  -e "s#-std=c\+\+20#-std=c++20 -DBOOST_ASIO_HAS_CO_AWAIT=1 -I$PWD/cmake/clang14#g" \
  "$build/compile_commands.json" >"$database/compile_commands.json"

printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 "$tidy" --quiet -p "$database"
echo "tidy.sh: ${#files[@]} files, nothing found"
