#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows on a real Kubernetes cluster what the block storage operator does, from nothing.
#
# Usage: examples/quickstart.sh [--yes] [--keep] [--kubeconfig FILE [--registry NAME]]
#        examples/quickstart.sh --images DIR
#
#   --yes              does not ask before it starts; without a terminal it never asks
#   --keep             leaves everything up at the end and says how to use it and remove it
#   --kubeconfig FILE  uses the cluster of FILE instead of bringing one up. Root is then not
#                      needed. The nodes need FlexVolume (kubelet --volume-plugin-dir at its
#                      default) and the images, see --images.
#   --registry NAME    with --kubeconfig: the nodes pull the images from there, for example
#                      registry.example.com/test. Without it the nodes must have them already.
#   --images DIR       only makes the images, as archives in DIR, and says how to load them
#   --help             this text
#
# Without --kubeconfig it brings up a Kubernetes 1.20 with two nodes on this machine (Debian 12,
# as root), in namespaces of its own: nothing of the machine is changed but for the Debian
# packages that it installs, and everything else is removed at the end.
#
# Environment:
#   BSO_CLUSTER_DIR, BSO_CLUSTER_NETWORK, BSO_CACHE_DIR: see tests/cluster/cluster.sh --help
#
# The exit status is 0 only when every check passed.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
export BSO_CLUSTER_DIR=${BSO_CLUSTER_DIR:-/var/tmp/block-storage-operator-quickstart}
# shellcheck source=../tests/e2e/lib.sh
. "$top/tests/e2e/lib.sh"

keep=false ask=true kubeconfig='' registry='' images_only=''
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) print_help; exit 0 ;;
    --yes) ask=false ;;
    --keep) keep=true ;;
    --kubeconfig | --registry | --images)
      [ $# -ge 2 ] || die "$1 needs a value; see --help"
      case "$1" in
        --kubeconfig) kubeconfig=$(realpath "$2") ;;
        --registry) registry=$2 ;;
        --images) images_only=$2 ;;
      esac
      shift
      ;;
    *) die "unknown option '$1'; see --help" ;;
  esac
  shift
done
[ -z "$registry" ] || [ -n "$kubeconfig" ] || die "--registry goes with --kubeconfig; see --help"
[ -z "$kubeconfig" ] || [ -r "$kubeconfig" ] || die "cannot read $kubeconfig"

own_cluster=true
[ -z "$kubeconfig" ] || own_cluster=false
stand_ins=${registry:-registry.local}
images=$top/build/images
steps=12
step=0
up=false
installed=false
started=$(date +%s)
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

# --- output ------------------------------------------------------------------
heading() {
  step=$((step + 1))
  printf '\n%s=== %d/%d  %s%s\n' "$bold" "$step" "$steps" "$*" "$plain"
}

note() { printf '%s\n' "$*"; }

# Prints a command as one would type it, and runs it.
show() { # COMMAND-LINE
  # shellcheck disable=SC2016 # a prompt, not an expansion
  printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
  (cd "$top" && bash -o pipefail -c "$1" 2>&1) || fail "the command above failed"
}

fail() {
  printf '\nFAILED: %s\n' "$*"
  exit 1
}

check() { # WHAT COMMAND...
  local what=$1
  shift
  "$@" || fail "$what"
  printf '  ok: %s\n' "$what"
}

eventually() { # SECONDS WHAT COMMAND...
  local seconds=$1 what=$2
  shift 2
  wait_for "$seconds" "$@" || fail "not within $seconds seconds: $what"
  printf '  ok: %s\n' "$what"
}

contains() { # TEXT PART
  case "$1" in *"$2"*) return 0 ;; esac
  printf '  the text:     %s\n  does not have: %s\n' "$1" "$2"
  return 1
}

equals() { # WANTED FOUND
  [ "$1" = "$2" ] && return 0
  printf '  wanted: %s\n  found:  %s\n' "$1" "$2"
  return 1
}

# --- the end -----------------------------------------------------------------
remove_workloads() {
  kubectl delete deployment/dep3pod-blk pvc/bronze-blk pv/pv-bronze-blk --ignore-not-found --wait=false >/dev/null
  wait_for 90 no_pods app=dep3pod-blk && wait_for 60 no_volume
}

no_volume() {
  [ -z "$(kubectl get pv/pv-bronze-blk --ignore-not-found -o name)" ]
}

# On somebody else's cluster: everything that this script made, the plug-in before the operator.
remove_all() {
  remove_workloads || warn "the Deployment, the claim or the volume of the quickstart is still there"
  kubectl delete bsp/ibmc-block --ignore-not-found --timeout=120s &&
    kubectl delete -f "$top/manifests/" --ignore-not-found && kubectl delete -f "$top/crds/" --ignore-not-found
}

diagnostics() {
  echo
  echo '--- for whoever looks into it'
  kubectl get pods -A -o wide || true
  kubectl get bsp -o yaml || true
  kubectl get events -A --sort-by=.lastTimestamp | tail -n 15 || true
  kubectl -n "$BSO_NAMESPACE" logs deployment/block-storage-operator --tail=25 || true
}

# shellcheck disable=SC2317 # called by the trap
finish() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  if [ "$status" -ne 0 ] && $installed; then diagnostics 2>&1; fi
  if ! $up; then exit "$status"; fi
  if $keep; then
    how_to_go_on
  elif $own_cluster; then
    note ""
    cluster down || status=1
  else
    note ""
    remove_all || status=1
  fi
  exit "$status"
}

how_to_go_on() {
  echo
  if $own_cluster; then
    cat <<TXT
The cluster stays up. To use it:
  eval "\$(tests/cluster/cluster.sh --dir $BSO_CLUSTER_DIR env)"; \$BSO_KUBECTL get pods -A -o wide
To take it down:
  tests/cluster/cluster.sh --dir $BSO_CLUSTER_DIR down
TXT
  else
    cat <<TXT
Everything stays installed. To remove it, in this order:
  kubectl delete deployment/dep3pod-blk pvc/bronze-blk pv/pv-bronze-blk
  kubectl delete bsp/ibmc-block
  kubectl delete -f manifests/ -f crds/
TXT
  fi
}

# --- images only -------------------------------------------------------------
build_operator() {
  (cd "$top" && cmake --preset release >/dev/null && cmake --build --preset release --target block-storage-operator) ||
    fail "the operator does not build, see above"
}

if [ -n "$images_only" ]; then
  "$top/tests/install-packages.sh" build
  build_operator
  make_images "$images_only"
  cat <<TXT

The images are in $images_only. Bring them to every node of your cluster, one way or another:
  on each node     ctr -n k8s.io images import FILE.tar
  kind             kind load image-archive FILE.tar
  a registry       skopeo copy docker-archive:FILE.tar docker://registry.example.com/test/NAME:TAG
With a registry, add: --registry registry.example.com/test
TXT
  exit 0
fi

# --- what is to come ---------------------------------------------------------
note "This shows the block storage operator at work: three pods share one ReadWriteOnce volume, two of"
note "them are stuck, and the operator writes on them who holds the volume and what to do."
note ""
if $own_cluster; then
  [ "$(id -u)" = 0 ] ||
    die "the test cluster needs root for its network namespaces: run it with sudo, or name a cluster of yours with --kubeconfig FILE"
  [ "$(uname -m)" = x86_64 ] || warn "tried on x86_64 only, this machine is $(uname -m)"
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] && [ "${BSO_ALLOW_CGROUP_V2:-}" != true ]; then
    die "Kubernetes 1.20 needs cgroup version 1, and this machine has version 2 only: boot it with systemd.unified_cgroup_hierarchy=0, or name a cluster of yours with --kubeconfig FILE"
  fi
  free_mb=$(df -Pm "$(dirname "$BSO_CLUSTER_DIR")" | awk 'NR == 2 { print $4 }')
  cached=false
  for directory in "$(cache_dir)"/kubernetes-*/; do [ ! -f "$directory/stamp" ] || cached=true; done
  note "It needs: Debian 12, root, the network 10.77.0.0/24 to be unused, 2 cores, 4 GB of memory;"
  if $cached; then
    note "          2 GB of disk; about 2 minutes, and up to 10 more when the operator is not built yet."
  else
    note "          6 GB of disk, the network for Debian's packages, and 15 to 25 minutes, half of them to"
    note "          build Kubernetes 1.20 from Debian's source package. That is done once and kept in"
    note "          $(cache_dir) (400 MB)."
  fi
  note "It will:  install Debian packages (compiler, libraries, etcd, containerd); build the operator in"
  note "          build/release; start etcd, the Kubernetes control plane and two nodes in network"
  note "          namespaces of their own, all below $BSO_CLUSTER_DIR;"
  $keep || note "          and remove that cluster at the end, also after Ctrl-C."
  [ "$free_mb" -ge 2048 ] || die "$(dirname "$BSO_CLUSTER_DIR") has $free_mb MB free, 2048 are needed; free some, or set BSO_CLUSTER_DIR"
else
  note "It needs: kubectl and jq; the right to do everything in the cluster of $kubeconfig;"
  note "          and the images on its nodes, from ${registry:-an earlier import (see --images)}."
  note "It will:  install the operator in the namespace $BSO_NAMESPACE, a driver on every node, eight"
  note "          StorageClasses, and a Deployment with its claim and volume in the namespace default;"
  $keep || note "          and remove all that at the end, also after Ctrl-C."
fi
if $ask && [ -t 0 ]; then
  read -r -p "Go on? [Y/n] " answer
  case "$answer" in '' | [yY]*) ;; *) exit 1 ;; esac
fi
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- preparation -------------------------------------------------------------
heading "Debian packages"
if $own_cluster; then
  "$top/tests/install-packages.sh" build test || fail "the packages could not be installed, see above"
  "$top/tests/cluster/install-packages.sh" control-plane nodes || fail "the packages could not be installed, see above"
  note "All are installed."
else
  for program in kubectl jq awk sed; do command -v "$program" >/dev/null || fail "$program is missing; install it"; done
  note "Not needed: the cluster exists."
fi

heading "Build the operator"
if $own_cluster; then
  show "cmake --preset release >/dev/null"
  show "cmake --build --preset release --target block-storage-operator"
else
  note "Not needed: the images exist."
fi

heading "A Kubernetes cluster with two nodes"
if $own_cluster; then
  up=true
  cluster up || fail "the cluster did not come up, see above"
  use_cluster
else
  export KUBECONFIG=$kubeconfig
  kubectl get --raw /readyz >/dev/null || fail "the cluster of $kubeconfig does not answer"
  [ -z "$(kubectl get crd/blockstorageplugins.blockstorage.dev namespace/$BSO_NAMESPACE --ignore-not-found -o name)" ] ||
    fail "the operator is in this cluster already (namespace $BSO_NAMESPACE or its CRD exists); the quickstart would overwrite it"
  up=true
fi
show "kubectl get nodes -o wide"
node=$(kubectl get nodes -o json | jq -r '[.items[] | select(.spec.unschedulable | not)
  | select(all(.spec.taints[]?; .effect == "PreferNoSchedule"))
  | select(any(.status.conditions[]; .type == "Ready" and .status == "True"))]
  [0].metadata.labels["kubernetes.io/hostname"] // empty')
[ -n "$node" ] || fail "the cluster has no node that is ready and takes pods"

heading "Container images: the operator, and stand-ins of the closed images of the plug-in"
if $own_cluster; then
  make_images "$images" || fail "the images could not be made, see above"
  mapfile -t archives < <(image_archives "$images")
  cluster load-image "${archives[@]}" || fail "the images could not be loaded, see above"
else
  note "Taken from ${registry:-what the nodes have}."
fi

heading "The cluster as it is found: nine StorageClasses of somebody else"
if $own_cluster; then
  # What an earlier run with --keep left behind.
  remove_workloads || fail "the Deployment, the claim or the volume of an earlier run cannot be removed"
  show "kubectl apply -f examples/storageclasses-file.yaml"
else
  note "The classes of this cluster stay as they are:"
fi
foreign() { kubectl get sc -o json | jq -cS '.items[] | select(.provisioner != "ibm.io/ibmc-block")
  | [.metadata.name, .metadata.uid, .metadata.resourceVersion]'; }
foreign_before=$(foreign)
show "kubectl get sc"

# --- the operator ------------------------------------------------------------
heading "Install the operator"
installed=true
had_operator=$(kubectl -n "$BSO_NAMESPACE" get deployment/block-storage-operator --ignore-not-found -o name)
if [ -z "$registry" ]; then
  show "kubectl apply -f crds/ -f manifests/"
else
  show "sed -s 's,image: block-storage-operator,image: $registry/block-storage-operator,' crds/*.yaml manifests/*.yaml | kubectl apply -f -"
fi
# The same name may stand for an image that was built anew.
[ -z "$had_operator" ] || show "kubectl -n $BSO_NAMESPACE rollout restart deployment/block-storage-operator"
show "kubectl -n $BSO_NAMESPACE rollout status deployment/block-storage-operator --timeout=180s"
show "kubectl -n $BSO_NAMESPACE get pods -o wide"

heading "Install the plug-in: one object"
plugin() { # FILE: as it fits the registry
  if [ -z "$registry" ]; then
    printf 'kubectl apply -f %s' "$1"
  else
    printf "sed 's,registry.local,%s,' %s | kubectl apply -f -" "$registry" "$1"
  fi
}
show "sed '/^#/d' examples/quickstart-plugin.yaml"
show "$(plugin examples/quickstart-plugin.yaml)"
show "kubectl wait --for=condition=Available bsp/ibmc-block --timeout=180s"
driver_everywhere() { # IMAGE
  local found
  found=$(kubectl -n kube-system get daemonset/ibmcloud-block-storage-driver -o json | jq -r '
    [.spec.template.spec.containers[0].image, (.metadata.generation == .status.observedGeneration),
     .status.desiredNumberScheduled == .status.updatedNumberScheduled,
     .status.desiredNumberScheduled == .status.numberAvailable] | join(" ")')
  [ "$found" = "$1 true true true" ]
}
eventually 120 "the driver is on every node" driver_everywhere "$stand_ins/ibmcloud-block-storage-driver:$BSO_PLUGIN_VERSION"
finished_rollout() { [ "$(kubectl get bsp/ibmc-block -o 'jsonpath={.status.conditions[?(@.type=="Progressing")].status}')" = False ]; }
eventually 60 "the operator says that the rollout is complete" finished_rollout
show "kubectl get bsp"
show "kubectl get sc"
check "the eight classes of the plug-in are there" equals 8 "$(kubectl get sc -o name | grep -c '/ibmc-block-')"
if $own_cluster; then check "seventeen classes in all" equals 17 "$(kubectl get sc -o name | wc -l)"; fi
check "the foreign classes were not touched" equals "$foreign_before" "$(foreign)"

# --- the story ---------------------------------------------------------------
heading "Three pods on one node share one volume"
show "kubectl apply -f examples/pv-blk-static.yml -f examples/pvc-blk.yml"
claim_bound() { [ "$(kubectl get pvc/bronze-blk -o 'jsonpath={.status.phase}')" = Bound ]; }
eventually 60 "the claim is bound" claim_bound
show "kubectl get pvc"
deploy="sed -e 's/$BSO_EXAMPLE_NODE/$node/' -e 's,image: ubuntu,image: $stand_ins/shell:1,' examples/deploy-3pod-single-node.yml | kubectl apply -f -"
show "$deploy"
eventually 120 "one pod runs, two are stuck" pods_are app=dep3pod-blk 1 2
eventually 60 "the operator has written on the two why" annotated_are app=dep3pod-blk 2
show "kubectl get po --selector=app=dep3pod-blk -o wide"

heading "Why? Kubernetes' own words, and the operator's"
holder=$(running_pods app=dep3pod-blk)
stuck=$(creating_pods app=dep3pod-blk | head -n 1)
mapfile -t all_stuck < <(creating_pods app=dep3pod-blk)
eventually 60 "the kubelet has said FailedMount" has_event "$stuck" FailedMount
show "kubectl describe po $stuck | sed -n '1,/^Status/p; /^Events/,\$p'"
note ""
note "'kubectl describe' cuts long annotations. The whole of it:"
show "kubectl get po $stuck -o jsonpath='{.metadata.annotations.blockstorage\\.dev/mount-conflict}{\"\\n\"}'"
show "kubectl get po $stuck -o jsonpath='{.metadata.annotations.blockstorage\\.dev/mount-conflict-detail}' | jq ."
note ""
note "Is it true? Compared with what the API server knows:"
command="kubectl -n default scale deployment/dep3pod-blk --replicas=1"
for pod in "${all_stuck[@]}"; do
  sentence=$(sentence_of "$pod")
  detail=$(detail_of "$pod")
  detail_field() { jq -r "$1" <<<"$detail"; }
  check "$pod: the sentence names the holder $holder" contains "$sentence" "pod $holder "
  check "$pod: the sentence names the node" contains "$sentence" " on this same node $(pod_field "$holder" .spec.nodeName)."
  check "$pod: the sentence names the claim" contains "$sentence" "(PVC default/bronze-blk)"
  check "$pod: the sentence gives the command" contains "$sentence" "$command"
  check "$pod: the detail has one holder, the pod that runs" equals "$holder $(pod_field "$holder" .metadata.uid)" \
    "$(detail_field '.holders | map(.pod + " " + .uid) | join(",")')"
  check "$pod: the detail names cause, node and claim" equals "ReplicasShareSinglePodVolume $(pod_field "$holder" .spec.nodeName) default/bronze-blk" \
    "$(detail_field '.cause + " " + .holders[0].node + " " + .volume.claim')"
  check "$pod: the detail gives the command" equals "$command" "$(recommended_command "$pod")"
done
check "the pod that runs has no annotation" equals '' "$(sentence_of "$holder")"
if $own_cluster; then latency=$(annotation_latency "$stuck" FailedMount) || fail "the latency cannot be measured, see above"; fi

heading "Do what the operator says"
before=$(now_ns)
show "$(recommended_command "$stuck")"
eventually 90 "one pod runs and none is stuck" pods_are app=dep3pod-blk 1 0
eventually 30 "no pod has the annotation" annotated_are app=dep3pod-blk 0
healed=$(seconds_between "$before" "$(now_ns)")
only_the_holder() { [ "$(kubectl get po -l app=dep3pod-blk -o name)" = "pod/$holder" ]; }
eventually 60 "only the pod that ran before is left" only_the_holder
show "kubectl get deployment/dep3pod-blk"
show "kubectl get po --selector=app=dep3pod-blk -o wide"

# --- the other kind of driver ------------------------------------------------
heading "The same on GKE: a driver that lets all pods of one node share a volume"
show "$(plugin examples/quickstart-plugin-gke.yaml)"
eventually 180 "that driver is on every node" driver_everywhere "$stand_ins/ibmcloud-block-storage-driver-gke:$BSO_PLUGIN_VERSION"
show "kubectl delete deployment/dep3pod-blk"
eventually 90 "its pods are gone" no_pods app=dep3pod-blk
show "$deploy"
eventually 120 "all three run" pods_are app=dep3pod-blk 3 0
eventually 30 "no pod has the annotation" annotated_are app=dep3pod-blk 0
show "kubectl get po --selector=app=dep3pod-blk -o wide"
if $own_cluster; then
  for pod in $(running_pods app=dep3pod-blk); do
    check "$pod: the operator never wrote on it" equals '' "$(operator_writes "$pod")"
  done
fi

# --- figures -----------------------------------------------------------------
heading "Figures of this run"
if $own_cluster; then
  rss=$(operator_rss_kb)
  note "  from the kubelet's FailedMount event to the annotation   $latency s (API server's audit log)"
  note "  from the recommended command to nothing stuck            $healed s"
  note "  memory of the operator (RSS)                             $((rss / 1024)) MB"
  note "  image of the operator                                    $(($(stat -c %s "$images/block-storage-operator-$BSO_OPERATOR_VERSION.tar") / 1024 / 1024)) MB"
else
  note "  from the recommended command to nothing stuck            $healed s"
  note "  (the latency is measured in the API server's audit log, which is not at hand here)"
fi
note "  the whole run                                            $(($(date +%s) - started)) s"
note ""
note "SUCCESS"
