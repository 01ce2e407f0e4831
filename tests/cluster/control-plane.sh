#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real etcd and kube-apiserver, and nothing else, for integration tests.
#
# Usage: control-plane.sh up DIR [-- FLAG...]
#        control-plane.sh restart DIR [-- FLAG...]
#        control-plane.sh down DIR
#        control-plane.sh status DIR
#
#   up       starts both; does nothing when they are up already. FLAGs are added to the
#            flags of kube-apiserver.
#   restart  ends kube-apiserver and starts it again on the same port and data
#   down     ends both and removes the data; logs stay in DIR
#   status   says whether it is up; the exit status is 0 when it is, else 3
#
# Any number of control planes can be up at once, each in a DIR of its own.
# After `up`, DIR holds
#   kubeconfig          admin, by client certificate
#   kubeconfig-token    admin, by token
#   kubeconfig-limited  a user without any rights, by token
#   ca.crt              the authority of the server's certificate
#   tokens.csv          the tokens: TOKEN,USER,UID,"GROUPS"
#   env                 shell lines KEY=VALUE: KUBECONFIG, BSO_URL, BSO_PORT, BSO_CA,
#                       BSO_TOKEN_ADMIN, BSO_TOKEN_LIMITED, BSO_ETCD_URL, BSO_BINARIES,
#                       BSO_APISERVER_PID, BSO_ETCD_PID, BSO_AUDIT_LOG
#   audit.log           one JSON line per request, level Metadata
#   etcd.log, kube-apiserver.log
#
# Root is not needed. There are no controllers: no garbage collection, no ServiceAccount
# tokens, no binding of volumes, and pods never run.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

case "${1:-}" in
  -h | --help) print_help; exit 0 ;;
  up | restart | down | status) ;;
  *) die "the first word must be up, restart, down or status; see --help" ;;
esac
command=$1
dir=${2:-}
[ -n "$dir" ] && [ "$dir" != -- ] || die "'$command' needs a directory; see --help"
shift 2
extra=()
if [ $# -gt 0 ]; then
  [ "$1" = -- ] || die "unexpected word '$1'; flags for kube-apiserver come after --"
  shift
  extra=("$@")
fi

is_healthy() {
  live_pid "$dir/etcd.pid" >/dev/null && live_pid "$dir/kube-apiserver.pid" >/dev/null &&
    [ -s "$dir/env" ] && api /readyz | grep -qx ok
}

api() { # PATH
  curl -sf --noproxy '*' --max-time 5 --cacert "$dir/ca.crt" --cert "$dir/admin.crt" --key "$dir/admin.key" \
    "https://127.0.0.1:$(cat "$dir/port")$1"
}

stop() {
  local data
  # What they hold is thrown away: no need to wait for open watches to end.
  stop_by_pid_file "$dir/kube-apiserver.pid" 2
  stop_by_pid_file "$dir/etcd.pid" 2
  if [ -s "$dir/data" ]; then
    data=$(cat "$dir/data")
    case "$data" in
      /dev/shm/bso-control-plane.?* | */etcd-data) rm -rf "$data" ;;
    esac
  fi
  rm -rf "$dir/certs"
  for file in data port kubeconfig kubeconfig-token kubeconfig-limited env tokens.csv audit-policy.yaml \
    etcd-ports flags ca.crt ca.key admin.crt admin.key server.crt server.key sa.key sa.pub; do
    rm -f "$dir/$file"
  done
}

# Below 32768, where the kernel's own choice for outgoing connections begins: a port
# from there may be taken by any connection at any time.
pick_port() {
  local port i
  for ((i = 0; i < 200; i++)); do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      printf '%s\n' "$port"
      return 0
    fi
  done
  die "found no free port between 20000 and 32000 on 127.0.0.1"
}

# Waits until a started program answers. Fails when it ended, or after a time.
wait_answer() { # SECONDS PIDFILE COMMAND...
  local deadline=$(($(date +%s%N) + $1 * 1000000000)) pidfile=$2
  shift 2
  while [ "$(date +%s%N)" -lt "$deadline" ]; do
    # First alive, then answering, then alive again: on a port that somebody else took
    # in the meantime it is the other one who answers, while ours ends.
    live_pid "$pidfile" >/dev/null || return 1
    if "$@" >/dev/null 2>&1 && live_pid "$pidfile" >/dev/null; then return 0; fi
    sleep 0.05
  done
  return 1
}

start_etcd() {
  local client peer flags=()
  client=$(pick_port)
  peer=$(pick_port)
  printf '%s\n' "$client" >"$dir/etcd-ports"
  rm -rf "$(cat "$dir/data")"/etcd
  # Nothing here has to survive a power failure (newer versions of etcd only).
  if "$bin/etcd" --help 2>&1 | grep -q -- --unsafe-no-fsync; then flags+=(--unsafe-no-fsync); fi
  start_daemon "$dir/etcd.pid" "$dir/etcd.log" "$bin/etcd" --name test --data-dir "$(cat "$dir/data")/etcd" \
    --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
    --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "test=http://127.0.0.1:$peer" --quota-backend-bytes 8589934592 --log-level warn "${flags[@]}"
  wait_answer 20 "$dir/etcd.pid" curl -sf --noproxy '*' --max-time 2 "http://127.0.0.1:$client/health"
}

start_apiserver() { # PORT
  local port=$1 flags=()
  printf '%s\n' "$port" >"$dir/port"
  # Gone in Kubernetes 1.24, which KUBEBUILDER_ASSETS may name; on by default before 1.20.
  if "$bin/kube-apiserver" --help 2>&1 | grep -q -- '--insecure-port '; then flags+=(--insecure-port=0); fi
  start_daemon "$dir/kube-apiserver.pid" "$dir/kube-apiserver.log" "$bin/kube-apiserver" \
    --etcd-servers="http://127.0.0.1:$(cat "$dir/etcd-ports")" \
    --service-cluster-ip-range=10.0.0.0/24 --allow-privileged=true \
    --disable-admission-plugins=ServiceAccount --authorization-mode=RBAC \
    --secure-port="$port" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 \
    --cert-dir="$dir/certs" --tls-cert-file="$dir/server.crt" --tls-private-key-file="$dir/server.key" \
    --service-account-issuer="https://127.0.0.1:$port/" \
    --service-account-key-file="$dir/sa.pub" --service-account-signing-key-file="$dir/sa.key" \
    --client-ca-file="$dir/ca.crt" --token-auth-file="$dir/tokens.csv" \
    --audit-policy-file="$dir/audit-policy.yaml" --audit-log-path="$dir/audit.log" \
    "${flags[@]}" "${extra[@]}"
  wait_answer 60 "$dir/kube-apiserver.pid" api /readyz &&
    wait_answer 20 "$dir/kube-apiserver.pid" api /api/v1/namespaces/default
}

# A port can be taken between the choice and the start: another one is tried then.
# Any other failure is final.
with_retries() { # LOG COMMAND...
  local log=$1 i
  shift
  for i in 1 2 3 4 5; do
    : >"$log"
    if "$@"; then return 0; fi
    grep -q 'address already in use' "$log" || break
    say "a port was taken in the meantime; trying another one ($i of 5)"
  done
  tail -n 10 "$log" >&2
  return 1
}

start_apiserver_anywhere() {
  start_apiserver "$(pick_port)"
}

write_env() {
  cat >"$dir/env.tmp" <<END
KUBECONFIG=$dir/kubeconfig
BSO_URL=https://127.0.0.1:$(cat "$dir/port")
BSO_PORT=$(cat "$dir/port")
BSO_CA=$dir/ca.crt
BSO_TOKEN_ADMIN=$token_admin
BSO_TOKEN_LIMITED=$token_limited
BSO_ETCD_URL=http://127.0.0.1:$(cat "$dir/etcd-ports")
BSO_BINARIES=$bin
BSO_APISERVER_PID=$(live_pid "$dir/kube-apiserver.pid")
BSO_ETCD_PID=$(live_pid "$dir/etcd.pid")
BSO_AUDIT_LOG=$dir/audit.log
END
  mv "$dir/env.tmp" "$dir/env"
}

# Requests to ourselves must not go to a proxy that the environment names.
NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}
export NO_PROXY no_proxy=$NO_PROXY

token_admin=test-token-admin
token_limited=test-token-limited

if [ "$command" = up ]; then mkdir -p "$dir" || die "cannot make the directory $dir"; fi
if [ ! -d "$dir" ]; then
  [ "$command" = down ] && exit 0
  say "down: there is no directory $dir"
  exit 3
fi
dir=$(cd "$dir" && pwd)
case "$dir" in *[[:space:]]*) die "the path $dir has a blank in it; choose another one" ;; esac

if [ "$command" = status ]; then
  if is_healthy; then
    say "up: https://127.0.0.1:$(cat "$dir/port"), KUBECONFIG=$dir/kubeconfig"
    exit 0
  fi
  if live_pid "$dir/etcd.pid" >/dev/null || live_pid "$dir/kube-apiserver.pid" >/dev/null; then
    say "half up: run '$0 up $dir' or '$0 down $dir'"
  else
    say "down"
  fi
  exit 3
fi

# Two calls for one directory at the same time take turns.
exec 8>"$dir/.lock"
flock -w 120 8 || die "another $BSO_PROGRAM works on $dir since two minutes; wait for it, or end it"

case "$command" in
  down)
    stop
    rm -f "$dir/.lock"
    say "down"
    ;;

  restart)
    [ -s "$dir/port" ] && live_pid "$dir/etcd.pid" >/dev/null || die "not up; run: $0 up $dir"
    bin=$("$BSO_HERE/binaries.sh" --control-plane)
    port=$(cat "$dir/port")
    stop_by_pid_file "$dir/kube-apiserver.pid" 2
    # The threads of one that was killed may hold the port a moment longer than their process lasts.
    for attempt in 1 2 3 4 5 6; do
      : >"$dir/kube-apiserver.log"
      if start_apiserver "$port"; then break; fi
      if [ "$attempt" -lt 6 ] && grep -q 'address already in use' "$dir/kube-apiserver.log"; then
        sleep 1
        continue
      fi
      tail -n 10 "$dir/kube-apiserver.log" >&2
      die "kube-apiserver did not become ready again; see $dir/kube-apiserver.log"
    done
    write_env
    say "restarted: https://127.0.0.1:$port"
    ;;

  up)
    if is_healthy; then
      say "already up: https://127.0.0.1:$(cat "$dir/port"), KUBECONFIG=$dir/kubeconfig"
      exit 0
    fi
    [ ! -s "$dir/data" ] || say "removing what an earlier run left"
    stop
    bin=$("$BSO_HERE/binaries.sh" --control-plane)
    command -v curl >/dev/null && command -v openssl >/dev/null || "$BSO_HERE/install-packages.sh" control-plane

    # In memory when there is room: etcd waits for the disk at every write.
    if [ -w /dev/shm ] && [ "$(df -Pm /dev/shm | awk 'NR == 2 { print $4 }')" -ge 512 ]; then
      mktemp -d /dev/shm/bso-control-plane.XXXXXX >"$dir/data"
    else
      mkdir -p "$dir/etcd-data"
      printf '%s\n' "$dir/etcd-data" >"$dir/data"
    fi
    chmod 700 "$(cat "$dir/data")"

    make_ca "$dir/ca" "block-storage-operator test authority"
    make_cert "$dir/ca" "$dir/server" /CN=kube-apiserver \
      "IP:127.0.0.1,IP:10.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
    make_cert "$dir/ca" "$dir/admin" /O=system:masters/CN=admin
    make_signing_key "$dir/sa"
    write_audit_policy "$dir/audit-policy.yaml"
    (
      umask 077
      printf '%s,admin,admin,"system:masters"\n%s,limited,limited\n' "$token_admin" "$token_limited" >"$dir/tokens.csv"
    )
    : >"$dir/audit.log"

    say "starting etcd"
    with_retries "$dir/etcd.log" start_etcd || {
      stop
      die "etcd did not start; see $dir/etcd.log"
    }
    say "starting kube-apiserver"
    with_retries "$dir/kube-apiserver.log" start_apiserver_anywhere || {
      stop
      die "kube-apiserver did not become ready; see $dir/kube-apiserver.log"
    }
    url=https://127.0.0.1:$(cat "$dir/port")
    write_kubeconfig "$dir/kubeconfig" "$url" "$dir/ca.crt" cert "$dir/admin"
    write_kubeconfig "$dir/kubeconfig-token" "$url" "$dir/ca.crt" token "$token_admin"
    write_kubeconfig "$dir/kubeconfig-limited" "$url" "$dir/ca.crt" token "$token_limited"
    write_env
    say "up: $url, KUBECONFIG=$dir/kubeconfig"
    ;;
esac
