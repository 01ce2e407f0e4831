# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Functions that the scripts of this directory share. Sourced, never run.

BSO_PROGRAM=$(basename "$0")
BSO_START_SECONDS=$(date +%s)
# shellcheck disable=SC2034 # for the scripts that source this file
BSO_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# All human output goes to stderr: some scripts print one result on stdout.
say() {
  printf '%s: [%3ds] %s\n' "$BSO_PROGRAM" "$(($(date +%s) - BSO_START_SECONDS))" "$*" >&2
}

warn() {
  printf '%s: warning: %s\n' "$BSO_PROGRAM" "$*" >&2
}

die() {
  printf '%s: error: %s\n' "$BSO_PROGRAM" "$*" >&2
  exit 1
}

# Prints the comment block at the head of a script as its help text.
print_help() {
  awk 'NR > 2 { if ($0 !~ /^#/) exit; sub(/^# ?/, ""); print }' "$0"
}

cache_dir() {
  if [ -n "${BSO_CACHE_DIR:-}" ]; then
    printf '%s\n' "$BSO_CACHE_DIR"
  elif [ -n "${XDG_CACHE_HOME:-}" ]; then
    printf '%s/block-storage-operator\n' "$XDG_CACHE_HOME"
  elif [ -n "${HOME:-}" ]; then
    printf '%s/.cache/block-storage-operator\n' "$HOME"
  else
    die "none of BSO_CACHE_DIR, XDG_CACHE_HOME and HOME is set; set BSO_CACHE_DIR to a directory for the cache"
  fi
}

# --- processes started by these scripts, known by pid files -----------------
#
# A pid file holds "PID STARTTIME BOOT". The start time (clock ticks since boot) makes
# a recycled pid harmless: what started at another time is somebody else's process. The
# boot tells a file that survived a reboot.

boot_id() {
  cat /proc/sys/kernel/random/boot_id
}

proc_start_time() { # PID
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The command name, in parentheses, may hold spaces; count the fields after it.
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  # A zombie has ended already, only its parent has not noticed.
  [ "$1" != Z ] || return 1
  printf '%s\n' "${20}"
}

# Prints the pid when the process of this pid file is alive, and ours.
live_pid() { # FILE
  local pid started boot now
  [ -s "$1" ] || return 1
  read -r pid started boot <"$1" || return 1
  case "$pid" in '' | *[!0-9]*) return 1 ;; esac
  [ "$boot" = "$(boot_id)" ] || return 1
  now=$(proc_start_time "$pid") || return 1
  [ "$now" = "$started" ] || return 1
  printf '%s\n' "$pid"
}

# Starts a command as a daemon of its own session, so that it outlives the script
# and a Ctrl-C in the terminal. Its output goes to the log.
#
# The new process writes its pid file itself before it becomes the command: however
# this script ends, there is no daemon without a pid file. Descriptors above 2 are
# closed, for a daemon must not hold the caller's lock.
#
# BSO_ENTER is what to put in front, to start it in other namespaces. With another
# process namespace, BSO_ENTER_PROC names the machine's /proc there: pid files hold pids
# as the machine counts them.
BSO_ENTER=()
BSO_ENTER_PROC=/proc

start_daemon() { # PIDFILE LOG COMMAND...
  local pidfile=$1 log=$2
  shift 2
  rm -f "$pidfile"
  # shellcheck disable=SC2016 # expanded by that shell
  "${BSO_ENTER[@]}" setsid -f bash -c '
    proc=$1
    file=$2
    shift 2
    read -r stat <"$proc/self/stat"
    pid=${stat%% *}
    stat=${stat##*) }
    read -r -a field <<<"$stat"
    read -r boot <"$proc/sys/kernel/random/boot_id"
    echo "$pid ${field[19]} $boot" >"$file.tmp" && mv "$file.tmp" "$file"
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      [ "$fd" -le 2 ] || eval "exec $fd>&-" 2>/dev/null || true
    done
    exec "$@"' daemon "$BSO_ENTER_PROC" "$pidfile" "$@" </dev/null >>"$log" 2>&1 || die "could not start $1; see $log"
  wait_for 5 test -s "$pidfile" || die "could not start $1; see $log"
}

# TERM, then KILL after the given seconds. Only a process that the pid file proves ours.
stop_by_pid_file() { # PIDFILE [SECONDS]
  local file=$1 seconds=${2:-10} pid i
  if pid=$(live_pid "$file"); then
    kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < seconds * 20; i++)); do
      live_pid "$file" >/dev/null || break
      sleep 0.05
    done
    if pid=$(live_pid "$file"); then
      kill -KILL "$pid" 2>/dev/null || true
      for ((i = 0; i < 100; i++)); do
        live_pid "$file" >/dev/null || break
        sleep 0.05
      done
    fi
  fi
  rm -f "$file"
}

# Polls until a command succeeds. The command should be quiet.
wait_for() { # SECONDS COMMAND...
  local deadline=$(($(date +%s%N) + $1 * 1000000000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s%N)" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# --- certificates ------------------------------------------------------------

make_ca() { # PREFIX COMMON-NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 \
    -subj "/CN=$2" -keyout "$1.key" -out "$1.crt" \
    -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,digitalSignature,keyCertSign,cRLSign \
    -addext subjectKeyIdentifier=hash 2>/dev/null ||
    die "openssl could not make the certificate authority $1.crt"
  chmod 600 "$1.key"
}

# An empty SAN makes a client certificate, otherwise one for both uses.
make_cert() { # CA-PREFIX PREFIX SUBJECT [SAN]
  local ext="$2.ext"
  {
    echo 'basicConstraints=critical,CA:FALSE'
    echo 'keyUsage=critical,digitalSignature,keyEncipherment'
    echo 'authorityKeyIdentifier=keyid'
    echo 'subjectKeyIdentifier=hash'
    if [ -n "${4:-}" ]; then
      echo 'extendedKeyUsage=serverAuth,clientAuth'
      echo "subjectAltName=$4"
    else
      echo 'extendedKeyUsage=clientAuth'
    fi
  } >"$ext"
  # A random serial number: two certificates of one CA must not share one.
  if ! openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 \
    -subj "$3" -keyout "$2.key" -out "$2.csr" 2>/dev/null ||
    ! openssl x509 -req -sha256 -days 3650 -in "$2.csr" -CA "$1.crt" -CAkey "$1.key" \
      -set_serial "0x$(openssl rand -hex 8)" -extfile "$ext" -out "$2.crt" 2>/dev/null; then
    die "openssl could not make the certificate $2.crt"
  fi
  rm -f "$ext" "$2.csr"
  chmod 600 "$2.key"
}

# A key pair for signing ServiceAccount tokens.
make_signing_key() { # PREFIX
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1.key" 2>/dev/null &&
    openssl pkey -in "$1.key" -pubout -out "$1.pub" 2>/dev/null ||
    die "openssl could not make the key $1.key"
  chmod 600 "$1.key"
}

# Everything is embedded: a kubeconfig can be copied away and still works.
write_kubeconfig() { # FILE URL CA-FILE cert CERT-PREFIX | token TOKEN
  local user
  if [ "$4" = cert ]; then
    user="client-certificate-data: $(base64 -w0 <"$5.crt")
    client-key-data: $(base64 -w0 <"$5.key")"
  else
    user="token: $5"
  fi
  (
    umask 077
    cat >"$1.tmp" <<END
apiVersion: v1
kind: Config
clusters:
- name: test
  cluster:
    server: $2
    certificate-authority-data: $(base64 -w0 <"$3")
users:
- name: user
  user:
    $user
contexts:
- name: test
  context:
    cluster: test
    user: user
current-context: test
preferences: {}
END
  )
  mv "$1.tmp" "$1"
}

# Metadata of every request, once per request (a watch: when it starts and when it ends).
write_audit_policy() { # FILE
  cat >"$1" <<'END'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
END
}
