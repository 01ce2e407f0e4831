#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the operator's way from the API server to its view, and prints tables of figures beside
# what they should be.
#
# Usage: tests/bench/run.sh [store|scale|latency|storm|install|all] [--pods N]... [--seconds S] [--rounds R]
#
#   store    bytes and time of each object that the view keeps, without any server
#   scale    time, processor time and memory until the view is in step with N pods, beside the API
#            server's own time for that LIST
#   latency  time from an event to the request that answers it, and what 1000 updates a second cost
#   storm    2000 pods that get stuck on 200 volumes at once: how soon each is told why, and by how
#            many requests
#   install  requests of the first installation of ibmc-block, and of looks at it afterwards, as the
#            API server's audit log tells them
#   all      all of these; the default
#
#   --pods N     how many pods. scale takes several, and 1000, 10000 and 100000 without any; store and
#                latency take the largest
#   --seconds S  how long the updates are written (default 60)
#   --rounds R   measurements of each figure of scale; the best one counts (default 5)
#
# Builds the programs (preset release), starts an etcd and a kube-apiserver of its own, and takes
# them down at the end. With 100000 pods that takes 6 minutes, 2 GB of /dev/shm and 8 GB of memory.
# Nothing here passes or fails: compare figures of one machine, and of a quiet one.
#
# Environment:
#   BSO_JOBS   compilations at once (default: one for each core)
set -euo pipefail
export LC_ALL=C # a point in numbers
cd "$(dirname "$0")/../.."
# shellcheck source=../cluster/lib.sh
. tests/cluster/lib.sh

what=all
pods=()
seconds=60
rounds=5
rate=1000

positive() { # WORD OPTION
  [[ $1 =~ ^[1-9][0-9]*$ ]] || die "$2 needs a number; see --help"
  printf '%s\n' "$1"
}

while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) print_help; exit 0 ;;
    store | scale | latency | storm | install | all) what=$1 ;;
    --pods) pods+=("$(positive "${2:-}" "$1")"); shift ;;
    --seconds) seconds=$(positive "${2:-}" "$1"); shift ;;
    --rounds) rounds=$(positive "${2:-}" "$1"); shift ;;
    *) die "unknown word '$1'; see --help" ;;
  esac
  shift
done
if [ ${#pods[@]} -eq 0 ]; then
  if [ "$what" = latency ] || [ "$what" = store ]; then pods=(100000); else pods=(1000 10000 100000); fi
fi
mapfile -t pods < <(printf '%s\n' "${pods[@]}" | sort -nu)
most=${pods[-1]}
[ "$most" -le 1000000 ] || die "--pods $most is too many: the pods are told apart by six digits"

dir=$(mktemp -d)
plane=$dir/plane
bench=build/release/tests/bench

# shellcheck disable=SC2317 # called by the trap
cleanup() {
  local rc=$?
  trap - EXIT
  [ ! -d "$plane" ] || tests/cluster/control-plane.sh down "$plane" || true
  rm -rf "$dir"
  exit $rc
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

load() {
  cut -d' ' -f1-3 /proc/loadavg
}

machine() {
  printf '%s cores, %s, load average %s\n' "$(nproc)" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(load)"
}

read_settings() {
  # shellcheck disable=SC1091
  . "$plane/env"
  export KUBECONFIG BSO_ETCD_URL
  export BSO_KUBECTL=$BSO_BINARIES/kubectl
}

# Pods are only ever added, so that a larger number goes on where a smaller one ended. The server
# starts anew, without what it has allocated while it watched them come.
present=0
fill() { # N
  if [ "$1" -gt "$present" ]; then
    say "writing pods $present to $1 into etcd"
    "$bench/bench_pods" fill "$dir" "$present" "$1" >"$dir/fill"
    present=$1
    say "starting kube-apiserver anew"
    tests/cluster/control-plane.sh restart "$plane" 2>"$dir/restart" || die "$(cat "$dir/restart")"
    read_settings
  fi
}

list() {
  curl -sS --fail --noproxy '*' --http1.1 --cacert "$BSO_CA" --cert "$plane/admin.crt" --key "$plane/admin.key" \
    -H 'User-Agent: bench' -H 'Accept: application/vnd.kubernetes.protobuf' -o /dev/null \
    -w 'list_seconds=%{time_total}\nlist_first_byte=%{time_starttransfer}\nlist_bytes=%{size_download}\n' \
    "$BSO_URL/api/v1/pods?resourceVersion=0"
}

# The smallest value of a key in the files.
best() { # KEY FILE...
  local key=$1
  shift
  sed -n "s/^$key=//p" "$@" | sort -g | head -n 1
}

# The one in the middle.
median() { # KEY FILE...
  local key=$1
  shift
  sed -n "s/^$key=//p" "$@" | sort -g | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# One row: a name, the figure, the aim ("-" for none), what client-go takes.
row() { # NAME FIGURE UNIT [AIM [CLIENT-GO]]
  awk -v name="$1" -v figure="$2" -v unit="$3" -v aim="${4:--}" -v go="${5:-}" 'BEGIN {
    verdict = aim == "-" ? "" : (figure + 0 <= aim + 0 ? "met" : "missed")
    printf "  %-44s %10s %-4s %8s %-7s %10s\n", name, figure, unit, aim, verdict, go
  }'
}

heading() {
  printf '  %-44s %10s %-4s %8s %-7s %10s\n' "" measured "" aim "" "$1"
}

measure_scale() { # N
  local n=$1 round lists=() syncs=() list sync middle_list middle_sync
  fill "$n"
  list >/dev/null # the server's first one is slower
  for ((round = 1; round <= rounds; round++)); do
    sleep 1
    list >"$dir/list-$n-$round"
    sleep 1
    timeout 300 "$bench/bench_scale_client" >"$dir/sync-$n-$round"
    lists+=("$dir/list-$n-$round")
    syncs+=("$dir/sync-$n-$round")
    say "$n pods, round $round: LIST $(best list_seconds "${lists[-1]}") s, sync $(best sync_seconds "${syncs[-1]}") s; load average $(load)"
  done
  list=$(best list_seconds "${lists[@]}")
  sync=$(best sync_seconds "${syncs[@]}")
  middle_list=$(median list_seconds "${lists[@]}")
  middle_sync=$(median sync_seconds "${syncs[@]}")
  # Measured once, elsewhere, and for this number of pods only.
  local go=("" "" "" "" "")
  [ "$n" -ne 100000 ] || go=(client-go "8.7 s" "5.0 s" "1900 MiB" "10800 B")
  {
    printf '\nscale: %d pods, %d of them kept; %s MB of protobuf; %s\n' "$(best listed "${syncs[0]}")" \
      "$(best kept "${syncs[0]}")" "$(($(best list_bytes "${lists[0]}") / 1000000))" "$(machine)"
    heading "${go[0]}"
    row "bare LIST (curl), best of $rounds" "$(printf %.3f "$list")" s
    row "  its first byte" "$(printf %.3f "$(best list_first_byte "${lists[@]}")")" s
    row "sync, best of $rounds" "$sync" s - "${go[1]}"
    row "sync / LIST" "$(awk "BEGIN { printf \"%.2f\", $sync / $list }")" "" 1.20
    row "  of the medians" "$(awk "BEGIN { printf \"%.2f\", $middle_sync / $middle_list }")" ""
    row "processor time until synced" "$(best cpu_seconds "${syncs[@]}")" s 1.5 "${go[2]}"
    row "peak RSS" "$(best peak_mib "${syncs[@]}")" MiB 64 "${go[3]}"
    row "RSS before the first LIST" "$(best start_mib "${syncs[@]}")" MiB
    row "RSS a second after" "$(best settled_mib "${syncs[@]}")" MiB
    row "  without watches, after malloc_trim" "$(best trimmed_mib "${syncs[@]}")" MiB
    row "heap for each kept pod, indexes included" "$(best heap_bytes_per_kept "${syncs[@]}")" B 160 "${go[4]}"
  } >>"$dir/tables"
}

measure_latency() { # N
  local n=$1 when
  fill "$n"
  say "reactions, $seconds s of updates, and reactions meanwhile; with $n pods"
  timeout $((seconds + 600)) "$bench/bench_latency" "$bench/bench_pods" "$dir" "$n" "$rate" "$seconds" >"$dir/latency"
  figure() { best "$1" "$dir/latency"; }
  times() { # NAME KEY
    printf '  %-44s %10s %10s %10s\n' "$1" "$(figure "$2_p50")" "$(figure "$2_p99")" "$(figure "$2_max")"
  }
  {
    printf '\nlatency: %d pods; %s\n' "$n" "$(machine)"
    printf '  %-44s %10s %10s %10s\n' "" p50 p99 max
    for when in quiet busy; do
      times "event to request, $when server, us" "${when}_reaction_us"
      times "  from the socket into the view" "${when}_reaction_apply_us"
      times "  until the reconcile asks to send" "${when}_reaction_decide_us"
      times "  until the last byte is in the socket" "${when}_reaction_send_us"
    done
    times "updates: written until in the view, ms" updates_lag_ms
    heading ""
    row "event to request, quiet server, p50" "$(figure quiet_reaction_us_p50)" us 200
    row "event to request, quiet server, p99" "$(figure quiet_reaction_us_p99)" us 1000
    row "processor time at $rate updates/s, of one core" "$(figure updates_cpu_percent)" % 15
    row "  these were written for" "$(figure updates_seconds)" s
    row "  the last one was in the view after" "$(figure updates_last_lag_ms)" ms
    row "pods in the view that differ from a LIST" \
      "$(($(figure store_missing) + $(figure store_different) + $(figure store_surplus)))" "" 0
    row "  of so many compared" "$(figure store_kept)" ""
  } >>"$dir/tables"
}

measure_storm() {
  say "2000 pods get stuck on 200 volumes"
  timeout 900 "$bench/bench_storm" 200 10 >"$dir/storm"
  figure() { best "storm_$1" "$dir/storm"; }
  {
    printf '\nstorm: %s pods on 200 volumes; %s\n' "$(figure pods)" "$(machine)"
    heading ""
    row "pods annotated each second" "$(figure pods_per_second)" ""
    row "PATCHes for each pod" "$(figure patches_per_pod)" "" 1
    row "requests for each pod, events included" "$(figure requests_per_pod)" ""
    row "processor time for each pod" "$(figure cpu_us_per_pod)" us
    row "event, or a worker free for it, to PATCH, p50" "$(figure own_ms_p50)" ms 1
    row "event, or a worker free for it, to PATCH, p99" "$(figure own_ms_p99)" ms 10
    row "event to PATCH, p50" "$(figure whole_ms_p50)" ms
    row "event to PATCH, p99" "$(figure whole_ms_p99)" ms
  } >>"$dir/tables"
}

say "building the programs"
{ cmake --preset release && cmake --build --preset release -j "${BSO_JOBS:-$(nproc)}" --target bench; } \
  >"$dir/build" 2>&1 || { tail -n 30 "$dir/build" >&2; die "the build failed"; }
: >"$dir/tables"
if [ "$what" = all ] || [ "$what" = store ]; then
  say "keeping $most pods"
  printf '\nstore: %d pods; %s\n' "$most" "$(machine)" >>"$dir/tables"
  "$bench/bench_store" "$most" | sed 's/^/  /' >>"$dir/tables"
  if [ "$what" = store ]; then
    cat "$dir/tables"
    exit 0
  fi
fi
if [ "$what" = all ] || [ "$what" = install ]; then
  # The integration tests have the operator's program, an API server with an audit log, and checks.
  say "installing"
  cmake --build --preset release -j "${BSO_JOBS:-$(nproc)}" --target integration_tests >"$dir/build" 2>&1 ||
    { tail -n 30 "$dir/build" >&2; die "the build failed"; }
  printf '\ninstall: %s\n' "$(machine)" >>"$dir/tables"
  build/release/tests/integration/integration_tests '[figures]' >"$dir/install" || { cat "$dir/install" >&2; die "the installation failed"; }
  sed -n '/first installation/,/^===/p' "$dir/install" | sed -e '/^===/d' -e 's/^/  /' >>"$dir/tables"
  if [ "$what" = install ]; then
    cat "$dir/tables"
    exit 0
  fi
fi
say "starting etcd and kube-apiserver"
tests/cluster/control-plane.sh up "$plane" 2>"$dir/up" || die "$(cat "$dir/up")"
read_settings
if [ "$what" = storm ] || [ "$what" = all ]; then measure_storm; fi
if [ "$what" = scale ] || [ "$what" = all ]; then
  for n in "${pods[@]}"; do measure_scale "$n"; done
fi
if [ "$what" = latency ] || [ "$what" = all ]; then measure_latency "$most"; fi
cat "$dir/tables"
