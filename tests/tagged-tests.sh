# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which tests of a Catch2 program, and which scenarios of tests/e2e, have a tag [KIND-...]. Sourced,
# never run.

# A line "tag TAB test" for each: without the brackets and KIND- in the tag, PREFIX before the test.
tagged_tests() { # PROGRAM KIND [PREFIX]
  # Its exit status is the number of tests. Two lines for each test: its name, indented by two, and
  # its tags, by six. Long ones are wrapped.
  { "$1" --list-tests || true; } | awk -v head="[$2-" -v prefix="${3:-}" '
    /^  [^ ]/ { test = substr($0, 3); in_tags = 0; next }
    /^    [^ ]/ && !in_tags { test = test " " substr($0, 5); next }
    /^ +\[/ {
      in_tags = 1
      while ((at = index($0, head)) > 0) {
        $0 = substr($0, at + length(head))
        print substr($0, 1, index($0, "]") - 1) "\t" prefix test
      }
    }'
}

# The same for the scenarios of tests/e2e in these files: the tags are in a comment before the function.
tagged_scenarios() { # KIND PREFIX FILE...
  awk -v head="[$1-" -v prefix="$2" '
    /^#/ { comment = comment $0; next }
    /^[a-z_0-9]+\(\) *\{/ {
      name = $1; sub(/\(\).*/, "", name)
      while ((at = index(comment, head)) > 0) {
        comment = substr(comment, at + length(head))
        print substr(comment, 1, index(comment, "]") - 1) "\t" prefix name
      }
    }
    { comment = "" }' "${@:3}"
}
