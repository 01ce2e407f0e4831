#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints a directory that holds the Kubernetes programs; builds them when needed.
#
# Usage: binaries.sh [--control-plane]
#
# The directory holds etcd, etcdctl, kube-apiserver, kube-controller-manager,
# kube-scheduler, kube-proxy, kubelet and kubectl. Its name is the only line on
# standard output.
#
#   --control-plane  etcd, kube-apiserver and kubectl are enough. A directory named
#                    by KUBEBUILDER_ASSETS is then used as it is.
#
# The programs are built from Debian's own source package of Kubernetes 1.20.2, the
# newest one that Debian carries with its servers. That takes 6 to 10 minutes, 3 GB
# of disk for the time being, and happens once: the result is kept (450 MB) in
# ${BSO_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/block-storage-operator}.
#
# Environment:
#   BSO_CACHE_DIR       where the result is kept
#   BSO_BUILD_JOBS      compilations at once (default 2; each takes up to 1 GB)
#   KUBEBUILDER_ASSETS  see --control-plane
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Raise the revision when the recipe below changes: old results are then not used.
recipe=1
version=1.20.2
built=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl)

control_plane_only=false
while [ $# -gt 0 ]; do
  case "$1" in
    --control-plane) control_plane_only=true ;;
    -h | --help) print_help; exit 0 ;;
    *) die "unknown word '$1'; see --help" ;;
  esac
  shift
done

if $control_plane_only && [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  for program in etcd kube-apiserver kubectl; do
    [ -x "$KUBEBUILDER_ASSETS/$program" ] ||
      die "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds no program '$program'; unset it, or fill the directory with setup-envtest"
  done
  (cd "$KUBEBUILDER_ASSETS" && pwd)
  exit 0
fi

# etcd comes as a Debian package; only the way to it is kept in the directory.
link_etcd() { # DIR
  local program path
  for program in etcd etcdctl; do
    if [ ! -x "$1/$program" ]; then
      path=$(command -v "$program") || return 1
      ln -sfn "$path" "$1/$program"
    fi
  done
}

is_complete() { # DIR
  local program
  [ -f "$1/stamp" ] || return 1
  for program in "${built[@]}"; do
    [ -x "$1/$program" ] || return 1
  done
}

cache=$(cache_dir)
result=$cache/kubernetes-$version-$recipe
mkdir -p "$cache" || die "cannot make $cache; set BSO_CACHE_DIR to a directory that can be written"

if ! command -v etcd >/dev/null || ! command -v etcdctl >/dev/null; then
  "$BSO_HERE/install-packages.sh" control-plane
fi

finish() {
  link_etcd "$result" || die "etcd is not installed; run: $BSO_HERE/install-packages.sh control-plane"
  printf '%s\n' "$result"
  exit 0
}

if is_complete "$result"; then finish; fi

# --- one build at a time -----------------------------------------------------
exec 9>"$cache/.kubernetes.lock"
if ! flock -n 9; then
  say "another build of the Kubernetes programs is running; waiting for it"
  flock 9
fi
if is_complete "$result"; then finish; fi

"$BSO_HERE/install-packages.sh" build

need_kb=$((4 * 1024 * 1024))
free_kb=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
[ "$free_kb" -ge "$need_kb" ] ||
  die "$cache has $((free_kb / 1024)) MB free, the build needs $((need_kb / 1024)); free some, or set BSO_CACHE_DIR"

# What a killed build left behind: nobody uses it, for the lock is ours.
rm -rf "$cache"/.kubernetes-build.*
work=$(mktemp -d "$cache/.kubernetes-build.XXXXXX")
chmod 755 "$work"
compiler_pid=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
  local status=$?
  trap - EXIT INT TERM
  if [ -n "$compiler_pid" ]; then
    # The compiler has a process group of its own, so its children end as well.
    kill -TERM -- "-$compiler_pid" 2>/dev/null || true
    wait "$compiler_pid" 2>/dev/null || true
  fi
  if [ "$status" -ne 0 ] && [ -f "$work/build.log" ]; then
    cp "$work/build.log" "$cache/kubernetes-build-failed.log"
    warn "the log of the build is kept in $cache/kubernetes-build-failed.log"
  fi
  chmod -R u+w "$work" 2>/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "no Kubernetes programs in the cache yet: building them once (6 to 10 minutes)"

# --- the source --------------------------------------------------------------
#
# The machine rarely has a deb-src entry. Derive one from its own entry for Debian's
# main archive (which may name a mirror) and keep it, with the package lists, out of
# the machine's configuration.
write_source_entries() {
  local file count=0
  shopt -s nullglob
  for file in /etc/apt/sources.list.d/*.sources; do
    awk -v out="$work/entry-" -v base="$count" '
      function flush(  i, name) {
        if (enabled && typed && uris != "" && suite && main) {
          name = out sprintf("%02d", base + n++) ".sources"
          printf "Types: deb-src\nURIs:%s\nSuites: bookworm\nComponents: main\n%s", uris, rest > name
          close(name)
        }
        enabled = 1; typed = suite = main = 0; uris = rest = ""; field = ""
      }
      function take(f, v) {
        if (f == "types") { if (v ~ /(^|[ \t])deb(-src)?([ \t]|$)/) typed = 1 }
        else if (f == "uris") { uris = uris " " v }
        else if (f == "suites") { if (v ~ /(^|[ \t])bookworm([ \t]|$)/) suite = 1 }
        else if (f == "components") { if (v ~ /(^|[ \t])main([ \t]|$)/) main = 1 }
        else if (f == "enabled") { if (tolower(v) ~ /^[ \t]*(no|false|off|0|without|disable)/) enabled = 0 }
      }
      BEGIN { enabled = 1 }
      /^#/ { next }
      /^[ \t]*$/ { flush(); next }
      /^[ \t]/ {
        # A continuation line: of a list, or of a key inside Signed-By.
        if (field ~ /^(types|uris|suites|components)$/) take(field, $0)
        else if (field != "architectures") rest = rest $0 "\n"
        next
      }
      {
        colon = index($0, ":"); field = tolower(substr($0, 1, colon - 1)); value = substr($0, colon + 1)
        if (field ~ /^(types|uris|suites|components|enabled)$/) take(field, value)
        else if (field != "architectures") rest = rest $0 "\n"
      }
      END { flush() }' "$file"
    count=$((count + 20))
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    awk -v out="$work/entry-" -v base="$count" '
      { sub(/[ \t]#.*$/, "") }
      $1 == "deb" || $1 == "deb-src" {
        line = $0; options = ""
        sub(/^[ \t]*deb(-src)?[ \t]+/, "", line)
        if (line ~ /^\[/) {
          options = substr(line, 1, index(line, "]"))
          line = substr(line, index(line, "]") + 1)
          gsub(/arch[-+]?=[^] \t]*/, "", options)
          if (options ~ /^\[[ \t]*\]$/) options = ""
        }
        fields = split(line, part, /[ \t]+/); first = (part[1] == "") ? 2 : 1
        main = 0
        for (i = first + 2; i <= fields; i++) if (part[i] == "main") main = 1
        if (part[first + 1] == "bookworm" && main) {
          name = out sprintf("%02d", base + n++) ".list"
          printf "deb-src %s %s bookworm main\n", options, part[first] > name
          close(name)
        }
      }' "$file"
    count=$((count + 20))
  done
  shopt -u nullglob
}

private_apt() { # ENTRY COMMAND...
  local entry=$1
  shift
  # The private cache keeps the machine's own package cache as it was. The download
  # runs as root because _apt may not enter the home directory.
  apt-get -q -o Dir::Etc::sourcelist="$entry" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/apt-cache" \
    -o APT::Sandbox::User=root -o Acquire::Languages=none "$@" >>"$work/build.log" 2>&1 9>&-
}

fetch_source() {
  local entry
  write_source_entries
  for entry in "$work"/entry-*; do
    [ -f "$entry" ] || break
    rm -rf "$work/lists" "$work/apt-cache"
    mkdir -p "$work/lists/partial" "$work/apt-cache/archives/partial"
    private_apt "$entry" update || continue
    # Other archives also call their suite bookworm; the signed Release file tells.
    grep -qsx 'Origin: Debian' "$work"/lists/*Release || continue
    (cd "$work" && private_apt "$entry" source --download-only kubernetes) || continue
    [ -n "$(find "$work" -maxdepth 1 -name 'kubernetes_*.dsc' -print -quit)" ] && return 0
  done
  return 1
}

say "fetching Debian's source package of Kubernetes"
fetch_source || {
  tail -n 15 "$work/build.log" >&2 2>/dev/null || true
  die "cannot fetch the source package 'kubernetes' of Debian 12 (bookworm): /etc/apt needs an entry for Debian's own archive with suite bookworm and component main, and the network must be up"
}
dsc=$(find "$work" -maxdepth 1 -name 'kubernetes_*.dsc' -print -quit)
source_version=$(awk '$1 == "Version:" { print $2; exit }' "$dsc")
case "$source_version" in
  *"$version"*) ;;
  *) die "Debian's source package is version $source_version, this recipe is for $version" ;;
esac

say "unpacking $(basename "$dsc" .dsc)"
gopath=$work/go
tree=$gopath/src/k8s.io/kubernetes
mkdir -p "$gopath/src/k8s.io"
# apt has checked the signed hashes already; a second check needs keyrings we lack.
dpkg-source --no-check -x "$dsc" "$tree" >>"$work/build.log" 2>&1 || die "dpkg-source could not unpack $dsc"

# --- three repairs, without which the build fails or the server misbehaves ---
say "repairing the tree for this Go version"

# 1. The vendored reflect2 reads Go's map internals as they were before Go 1.18: the
#    server would crash on every JSON body with a map in it. Debian packages a newer one.
new_reflect2=/usr/share/gocode/src/github.com/modern-go/reflect2
reflect2=$tree/vendor/github.com/modern-go/reflect2
[ -f "$new_reflect2/go_above_118.go" ] ||
  die "$new_reflect2 is missing; run: apt-get install --reinstall golang-github-modern-go-reflect2-dev"
rm -f "$reflect2"/*.go "$reflect2"/*.s
cp "$new_reflect2"/*.go "$new_reflect2"/*.s "$reflect2/"

# 2. Since Go 1.16 this comparison is also true for "", so that every empty string in a
#    custom resource would be refused as null.
validator=$tree/vendor/k8s.io/kube-openapi/pkg/validation/validate/type.go
[ "$(grep -c 'if data == nil || reflect.DeepEqual' "$validator")" = 1 ] || die "unexpected content of $validator"
sed -i 's/if data == nil || reflect.DeepEqual(.*) {$/if data == nil {/' "$validator"

# 3. Debian's tarball leaves out the generated OpenAPI definitions: see below.

export GOPATH=$gopath GOCACHE=$work/go-cache GO111MODULE=off CGO_ENABLED=0 GOFLAGS='' GOENV=off GOTOOLCHAIN=local
unset GOROOT GOOS GOARCH GOBIN || true
go=/usr/lib/go-1.19/bin/go
[ -x "$go" ] || die "$go is missing; run: $BSO_HERE/install-packages.sh build"

# Runs the compiler and says every 20 seconds how far it is. Compiled packages are
# lines of 'go build -v'.
compile() { # TOTAL ARGUMENTS...
  local total=$1 log=$work/compile.log next=20 waited=0 status=0
  shift
  : >"$log"
  set -m # a process group of its own, for cleanup
  (cd "$tree" && exec "$go" build -v -p "${BSO_BUILD_JOBS:-2}" "$@") >"$log" 2>&1 &
  compiler_pid=$!
  set +m
  while kill -0 "$compiler_pid" 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    if [ $waited -ge $next ]; then
      say "  compiled $(wc -l <"$log") of about $total packages"
      next=$((next + 20))
    fi
  done
  wait "$compiler_pid" || status=$?
  compiler_pid=
  cat "$log" >>"$work/build.log"
  if [ "$status" -ne 0 ]; then
    grep -v '^[a-z0-9./_-]*$' "$log" | tail -n 20 >&2 || true
    die "the compiler failed"
  fi
}

say "generating the OpenAPI definitions"
mkdir -p "$work/tools"
# Not with -trimpath: the generator looks for the standard library where it was built.
compile 170 -o "$work/tools/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
(
  cd "$tree"
  # The directories below staging are known to the compiler by their names in vendor.
  packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=' staging/src/k8s.io pkg cmd |
    grep -v -e '^staging/src/k8s.io/code-generator/' -e '^staging/src/k8s.io/sample-apiserver/' |
    xargs -n1 dirname | LC_ALL=C sort -u |
    sed -e 's,^staging/src/,vendor/,' -e 's,^,k8s.io/kubernetes/,' | paste -sd, -)
  "$work/tools/openapi-gen" --go-header-file hack/boilerplate/boilerplate.generatego.txt \
    -O zz_generated.openapi -p k8s.io/kubernetes/pkg/generated/openapi \
    -r "$work/openapi-violations" -i "$packages"
) >>"$work/build.log" 2>&1 || die "openapi-gen failed"
[ -s "$tree/pkg/generated/openapi/zz_generated.openapi.go" ] || die "openapi-gen wrote nothing"

# --- the programs ------------------------------------------------------------
say "compiling ${built[*]}"
# Two packages know a version: one tells it to users, the other to the server as User-Agent.
ldflags='-s -w'
for package in component-base/version client-go/pkg/version; do
  for stamp in gitVersion=v$version gitMajor=1 gitMinor=20 gitTreeState=archive; do
    ldflags+=" -X k8s.io/kubernetes/vendor/k8s.io/$package.$stamp"
  done
done
mkdir -p "$work/result"
compile 2350 -trimpath -ldflags "$ldflags" -o "$work/result/" "${built[@]/#/./cmd/}"

for program in "${built[@]}"; do
  case "$("$work/result/$program" "$([ "$program" = kubectl ] && echo version || echo --version)" \
    ${program:+$([ "$program" = kubectl ] && echo --client)} 2>&1)" in
    *"v$version"*) ;;
    *) die "the program $program does not tell its version; see the log" ;;
  esac
done
{
  echo "recipe $recipe"
  echo "source $source_version"
  "$go" version
} >"$work/result/stamp"

# Renamed at the end: a directory of this name is always a whole one.
rm -rf "$result"
mv "$work/result" "$result"
say "the Kubernetes programs are in $result"
link_etcd "$result" || die "etcd is not installed; run: $BSO_HERE/install-packages.sh control-plane"
printf '%s\n' "$result"
