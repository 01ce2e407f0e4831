# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What examples/quickstart.sh and tests/e2e/run.sh share. Sourced, never run. After use_cluster,
# `kubectl` is the one of the test cluster and speaks to it.

# shellcheck source=../cluster/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../cluster/lib.sh"

# shellcheck disable=SC2034 # some of these are for the scripts that source this file
{
  BSO_TOP=$(cd "$BSO_HERE/../.." && pwd)
  BSO_OPERATOR_VERSION=$(sed -n 's/^project(block-storage-operator VERSION \([0-9.]*\).*/\1/p' "$BSO_TOP/CMakeLists.txt")
  BSO_PLUGIN_VERSION=$(sed -n 's/^version: *//p' "$BSO_TOP/operator/bundles/ibmc-block/bundle.yaml")
  # The only other version that stand-ins are made of, for upgrades.
  BSO_NEXT_VERSION=2.5.27
  BSO_PROGRAM_FILE=$BSO_TOP/build/release/operator/block-storage-operator
  BSO_NAMESPACE=block-storage-operator
  BSO_ACCOUNT=system:serviceaccount:$BSO_NAMESPACE:block-storage-operator
  BSO_CONFLICT=blockstorage.dev/mount-conflict
  BSO_DETAIL=blockstorage.dev/mount-conflict-detail
  # The node in the examples, to be replaced by one that exists.
  BSO_EXAMPLE_NODE=10.193.10.44
}

cluster() {
  "$BSO_TOP/tests/cluster/cluster.sh" "$@"
}

# --- images ------------------------------------------------------------------

# Writes the operator's image and the stand-ins of the plug-in into DIR.
make_images() { # DIR
  mkdir -p "$1"
  "$BSO_TOP/manifests/image/build.sh" --program "$BSO_PROGRAM_FILE" "$1/block-storage-operator-$BSO_OPERATOR_VERSION.tar"
  "$BSO_TOP/tests/cluster/images/build.sh" "$1" shell driver driver-gke plugin
}

# The archives that make_images wrote and that the tests use.
image_archives() { # DIR
  printf '%s\n' "$1/block-storage-operator-$BSO_OPERATOR_VERSION.tar" "$1/shell-1.tar" \
    "$1/ibmcloud-block-storage-driver-$BSO_PLUGIN_VERSION.tar" \
    "$1/ibmcloud-block-storage-driver-gke-$BSO_PLUGIN_VERSION.tar" \
    "$1/ibmcloud-block-storage-plugin-$BSO_PLUGIN_VERSION.tar" \
    "$1/ibmcloud-block-storage-driver-$BSO_NEXT_VERSION.tar" \
    "$1/ibmcloud-block-storage-plugin-$BSO_NEXT_VERSION.tar"
}

# --- the cluster -------------------------------------------------------------

# Everything from here on speaks to the test cluster, child processes included.
use_cluster() {
  local lines
  lines=$(cluster env) || die "the test cluster does not tell how to reach it"
  eval "$lines"
  PATH=$(dirname "$BSO_KUBECTL"):$PATH
  export PATH KUBECONFIG
}

# A file of examples/ as it fits this cluster: its node and its image.
example() { # FILE NODE IMAGE
  sed -e "s/$BSO_EXAMPLE_NODE/$2/" -e "s,image: ubuntu,image: $3," "$BSO_TOP/examples/$1"
}

now_ns() {
  date +%s%N
}

# "1.250", of two times in nanoseconds.
seconds_between() { # FROM TO
  awk -v from="$1" -v to="$2" 'BEGIN { printf "%.3f", (to - from) / 1e9 }'
}

# --- pods --------------------------------------------------------------------

# Names of the pods of a selector for which a jq expression holds; those that are being deleted
# do not count.
pods_where() { # SELECTOR EXPRESSION
  kubectl get pods -l "$1" -o json |
    jq -r ".items[] | select(.metadata.deletionTimestamp == null) | select($2) | .metadata.name"
}

running_pods() { # SELECTOR
  pods_where "$1" '.status.phase == "Running" and all(.status.containerStatuses[]; .ready)'
}

creating_pods() { # SELECTOR
  pods_where "$1" '[.status.containerStatuses[]?.state.waiting.reason] | index("ContainerCreating")'
}

annotated_pods() { # SELECTOR
  pods_where "$1" ".metadata.annotations[\"$BSO_CONFLICT\"]"
}

# For wait_for: COUNT pods are in each state.
pods_are() { # SELECTOR RUNNING CREATING
  [ "$(running_pods "$1" | wc -l)" = "$2" ] && [ "$(creating_pods "$1" | wc -l)" = "$3" ]
}

annotated_are() { # SELECTOR COUNT
  [ "$(annotated_pods "$1" | wc -l)" = "$2" ]
}

no_pods() { # SELECTOR
  [ -z "$(kubectl get pods -l "$1" -o name)" ]
}

pod_field() { # POD JQ-EXPRESSION
  kubectl get pod "$1" -o json | jq -r "$2 // empty"
}

sentence_of() { # POD
  pod_field "$1" ".metadata.annotations[\"$BSO_CONFLICT\"]"
}

detail_of() { # POD
  pod_field "$1" ".metadata.annotations[\"$BSO_DETAIL\"]"
}

has_event() { # POD REASON
  [ -n "$(kubectl get events --field-selector "involvedObject.name=$1,reason=$2" -o name)" ]
}

# The command that the operator recommends for a stuck pod; only ever a kubectl command.
recommended_command() { # POD
  local command
  command=$(detail_of "$1" | jq -r '.actions[0] // empty')
  case "$command" in
    "kubectl "*) printf '%s\n' "$command" ;;
    *) die "the annotation of pod $1 recommends no kubectl command but '$command'" ;;
  esac
}

# --- the operator ------------------------------------------------------------

operator_pod() {
  kubectl -n "$BSO_NAMESPACE" get pods -l app.kubernetes.io/name=block-storage-operator -o json |
    jq -r '[.items[] | select(.metadata.deletionTimestamp == null)][0].metadata.name // empty'
}

operator_node() {
  kubectl -n "$BSO_NAMESPACE" get pod "$(operator_pod)" -o 'jsonpath={.spec.nodeName}'
}

# A line of /proc/PID/status of the operator's process, as its node sees it.
operator_status() { # FIELD
  # shellcheck disable=SC2016 # expanded in the node
  cluster exec-node "$(operator_node)" sh -c 'cat "/proc/$(pgrep -o -x block-storage-o)/status"' |
    sed -n "s/^$1:[[:space:]]*//p"
}

operator_rss_kb() {
  operator_status VmRSS | awk '{ print $1 }'
}

# --- what the API server's audit log tells -----------------------------------
#
# One JSON document for each request; stageTimestamp is when its answer went out, in microseconds.

audit_times() { # WORD-OF-THE-LINE JQ-CONDITION
  grep -F -- "$1" "$BSO_AUDIT_LOG" | jq -r "select(.stage == \"ResponseComplete\") | select($2) | .stageTimestamp"
}

to_ns() { # RFC3339
  date -d "$1" +%s%N
}

# Times at which the operator wrote to a pod, in nanoseconds, oldest first.
operator_writes() { # POD
  local time
  audit_times "\"$1\"" ".verb == \"patch\" and .objectRef.resource == \"pods\" and .objectRef.name == \"$1\"
    and .user.username == \"$BSO_ACCOUNT\" and .responseStatus.code == 200" |
    while read -r time; do to_ns "$time"; done
}

# Seconds from the moment at which the API server had the first event REASON of a pod until it had
# the operator's annotation.
annotation_latency() { # POD REASON
  local event created written
  event=$(kubectl get events --field-selector "involvedObject.name=$1,reason=$2" -o json |
    jq -r '.items | sort_by(.metadata.creationTimestamp) | .[0].metadata.name // empty')
  [ -n "$event" ] || die "pod $1 has no event $2"
  created=$(audit_times "$event" ".verb == \"create\" and .objectRef.name == \"$event\"" | head -n 1)
  [ -n "$created" ] || die "the audit log does not have the event $event"
  created=$(to_ns "$created")
  written=$(operator_writes "$1" | awk -v from="$created" '$1 >= from { print; exit }')
  # The graph alone may have told before the event did.
  [ -n "$written" ] || written=$(operator_writes "$1" | head -n 1)
  [ -n "$written" ] || die "the audit log has no write of the operator to pod $1"
  seconds_between "$created" "$written"
}
