#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests the test cluster: what the operator is about really happens in it, and nothing of
# it is left behind.
#
# Usage: selftest.sh [--dir DIR] [--keep]
#
#   --dir DIR  where the cluster lives (default /var/tmp/block-storage-operator-selftest)
#   --keep     leave the cluster up at the end, also when a check failed
#
# Takes about 3 minutes when the Kubernetes programs are in the cache. Root is needed.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

dir=/var/tmp/block-storage-operator-selftest
keep=false
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) print_help; exit 0 ;;
    --dir)
      [ $# -ge 2 ] || die "--dir needs a directory"
      dir=$2
      shift
      ;;
    --keep) keep=true ;;
    *) die "unknown word '$1'; see --help" ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || die "root is needed"
unset USE_EXISTING_CLUSTER
dir=$(realpath -m "$dir")
[ ! -e "$dir/run" ] || die "there is a cluster in $dir already; run: $BSO_HERE/cluster.sh --dir $dir down"

cluster=("$BSO_HERE/cluster.sh" --dir "$dir")
images=$(mktemp -d)
before=$(mktemp)
finished=false

# What this cluster could leave on the machine. Others may come and go meanwhile.
traces() {
  local mark
  mark=$(sha256sum <<<"$dir" | cut -c1-6)
  echo '--- interfaces'; ip -o link | grep -F "bso-$mark" || true
  echo '--- routes'; ip -4 route | grep -F "bso-$mark" || true
  echo '--- firewall'; { iptables-save 2>/dev/null || true; } | grep -E 'KUBE-|CNI-|10\.96\.0\.' || true
  echo '--- mounts'; grep -F "$dir" /proc/self/mountinfo || true
  echo '--- cgroups'; find /sys/fs/cgroup -type d -name "block-storage-operator-$mark" 2>/dev/null || true
  echo '--- files'; ls -d "$dir" "$dir.lock" "/dev/shm/bso-cluster-$mark" 2>/dev/null || true
  # These are shared by all clusters of the machine.
  if ! grep -qsz '[n]ode-init.sh' /proc/[0-9]*/cmdline; then
    echo '--- directories'
    ls -d /var/lib/kubelet /var/lib/containerd /var/lib/cni /etc/cni /usr/libexec/kubernetes /opt/containerd \
      /run/containerd /var/log/pods /var/log/containers /var/log/ibmc-block.log /var/log/attachable.log 2>/dev/null || true
    find /sys/fs/cgroup -type d -name k8s.io 2>/dev/null || true
  fi
}

cleanup() {
  local status=$?
  trap - EXIT
  rm -rf "$images" "$before" "$before.after"
  if ! $finished; then
    echo "--- pods and the last events:" >&2
    { kubectl get pods -A -o wide; kubectl get events -A --sort-by=.lastTimestamp | tail -n 25; } >&2 2>/dev/null || true
    if $keep; then
      warn "failed; the cluster is kept in $dir"
    else
      "${cluster[@]}" down || true
    fi
  fi
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

kubectl() { "$kubectl_program" --kubeconfig "$dir/kubeconfig" --request-timeout=20s "$@"; }
kubectl_program=false

passed() { say "ok: $*"; }

eventually() { # SECONDS WHAT COMMAND...
  local seconds=$1 what=$2
  shift 2
  wait_for "$seconds" "$@" || {
    say "the last try:"
    "$@" >&2 || true
    die "not within $seconds s: $what"
  }
  passed "$what"
}

# --- helpers that read the cluster ---
pods_in_state() { # LABEL STATE -> count; the state as kubectl prints it
  kubectl get pods -l "$1" --no-headers 2>/dev/null | awk -v state="$2" '$3 == state { n++ } END { print n + 0 }'
}
states_are() { # LABEL RUNNING CREATING
  [ "$(pods_in_state "$1" Running)" = "$2" ] && [ "$(pods_in_state "$1" ContainerCreating)" = "$3" ]
}
no_pods() { # LABEL
  [ -z "$(kubectl get pods -l "$1" -o name)" ]
}
events_match() { # REASON COUNT REGULAR-EXPRESSION: that many objects have such an event
  [ "$(kubectl get events --field-selector "reason=$1" \
    -o 'jsonpath={range .items[*]}{.involvedObject.name}{"\t"}{.message}{"\n"}{end}' |
    grep -E -- "$3" | cut -f1 | sort -u | wc -l)" -ge "$2" ]
}
pod_runs() { # NAME
  [ "$(kubectl get pod "$1" -o 'jsonpath={.status.phase}')" = Running ]
}

# --- objects ---
driver_daemonset() { # SEMANTICS
  kubectl apply -f - >/dev/null <<END
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: driver}
spec:
  selector: {matchLabels: {app: driver}}
  updateStrategy: {rollingUpdate: {maxUnavailable: 2}}
  template:
    metadata: {labels: {app: driver}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: driver
        image: registry.local/ibmcloud-block-storage-driver:2.5.26
        env: [{name: RWO_SEMANTICS, value: $1}]
        readinessProbe:
          exec: {command: [/bin/sh, /driver/probe.sh]}
          periodSeconds: 1
        volumeMounts: [{name: plugins, mountPath: /flexvolume}]
      volumes:
      - name: plugins
        hostPath: {path: /usr/libexec/kubernetes/kubelet-plugins/volume/exec, type: Directory}
END
}

volume() { # NAME DRIVER
  kubectl apply -f - >/dev/null <<END
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-$1}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: by-hand
  claimRef: {namespace: default, name: claim-$1}
  flexVolume: {driver: $2, fsType: ext4}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim-$1, namespace: default}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  volumeName: pv-$1
  resources: {requests: {storage: 1Gi}}
END
}

bound() { # NAME
  [ "$(kubectl get pvc "claim-$1" -o 'jsonpath={.status.phase}')" = Bound ]
}

deployment() { # NAME CLAIM NODE
  kubectl apply -f - >/dev/null <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: 3
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {kubernetes.io/hostname: $3}
      containers:
      - name: shell
        image: registry.local/shell:1
        command: [sh, -c, "hostname >>/data/seen; trap 'exit 0' TERM; sleep 100000 & wait"]
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: claim-$2}}]
END
}

pod() { # NAME NODE [CLAIM] [EXTRA-POD-SPEC-LINE]
  kubectl apply -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}}
spec:
  terminationGracePeriodSeconds: 1
  nodeSelector: {kubernetes.io/hostname: $2}
  containers:
  - name: shell
    image: registry.local/shell:1
    command: [sh, -c, "echo hello from $1; mkdir -p /www; echo page of $1 >/www/index.html; trap 'exit 0' TERM; httpd -p 8080 -h /www; sleep 100000 & wait"]
    securityContext: {privileged: true}
    volumeMounts:
    - {name: data, mountPath: /data}
    - {name: shared, mountPath: /shared, mountPropagation: Bidirectional}
  volumes:
  - name: data
    $([ -n "${3:-}" ] && echo "persistentVolumeClaim: {claimName: claim-$3}" || echo "emptyDir: {}")
  - name: shared
    hostPath: {path: /var/lib/kubelet/selftest, type: DirectoryOrCreate}
END
}

# --- the test ----------------------------------------------------------------
"$BSO_HERE/install-packages.sh" control-plane nodes
traces >"$before"

"${cluster[@]}" up
eval "$("${cluster[@]}" env)"
kubectl_program=$BSO_KUBECTL
"${cluster[@]}" up 2>&1 | grep -q 'already up' || die "a second 'up' did not see that the cluster is up"
passed "a second 'up' does nothing"
kubectl get nodes "$BSO_NODE_1" "$BSO_NODE_2" >/dev/null
[ "$(kubectl get node "$BSO_NODE_1" -o 'jsonpath={.metadata.labels.kubernetes\.io/hostname}')" = "$BSO_NODE_1" ]
passed "kubectl works from the machine, the nodes are $BSO_NODE_1 and $BSO_NODE_2"
"$BSO_HERE/images/build.sh" "$images" driver
"${cluster[@]}" load-image "$images"/*.tar

# Pods without a driver's volume: network, tokens, logs, exec.
pod one "$BSO_NODE_1"
pod two "$BSO_NODE_2"
eventually 60 "a pod runs on $BSO_NODE_1" pod_runs one
eventually 60 "a pod runs on $BSO_NODE_2" pod_runs two
kubectl expose pod one --name=page --port=80 --target-port=8080 >/dev/null
for name in one two; do
  eventually 20 "kubectl logs of pod $name" grep -q "hello from $name" <(kubectl logs "$name")
  [ "$(kubectl exec "$name" -- cat /www/index.html)" = "page of $name" ] || die "kubectl exec in pod $name"
  passed "kubectl exec in pod $name"
  # shellcheck disable=SC2016 # expanded in the pod
  eventually 30 "the API behind the service address 10.96.0.1 with the pod's own token, from pod $name" \
    kubectl exec "$name" -- sh -c 'cd /var/run/secrets/kubernetes.io/serviceaccount && curl -sSf -m 5 --cacert ca.crt -H "Authorization: Bearer $(cat token)" https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/version | grep v1.20.2'
  eventually 30 "a service of a pod of $BSO_NODE_1, from pod $name" \
    kubectl exec "$name" -- sh -c 'curl -sSf -m 5 http://'"$(kubectl get service page -o 'jsonpath={.spec.clusterIP}')"'/ | grep "page of one"'
done
kubectl exec one -- mount -t tmpfs selftest /shared
"${cluster[@]}" exec-node 1 grep -q ' /var/lib/kubelet/selftest ' /proc/self/mountinfo || die "a Bidirectional mount is not seen on its node"
if "${cluster[@]}" exec-node 2 grep -q '/var/lib/kubelet/selftest ' /proc/self/mountinfo; then die "a mount of one node is seen on the other"; fi
if grep -q selftest /proc/self/mountinfo; then die "a mount of a node is seen on the machine"; fi
passed "a Bidirectional mount reaches its node, and neither the other node nor the machine"
kubectl exec one -- umount /shared
kubectl delete pod two --wait=false >/dev/null

# The driver comes after the kubelet, by a DaemonSet, as the operator brings it.
driver_daemonset single-pod
eventually 60 "the driver is installed on both nodes" kubectl rollout status daemonset/driver --timeout=1s
cmp -s "$BSO_PLUGIN_DIR_1/ibm~ibmc-block/ibmc-block" "$BSO_PLUGIN_DIR_2/ibm~ibmc-block/ibmc-block" ||
  die "the nodes have different drivers"
volume block ibm/ibmc-block
eventually 30 "the claim is bound" bound block
deployment stuck block "$BSO_NODE_1"
eventually 90 "of 3 replicas on one node 1 runs and 2 are stuck in ContainerCreating" states_are app=stuck 1 2
eventually 60 "both stuck pods have the FailedMount event, with the words of the real driver" events_match FailedMount 2 \
  $'^stuck-[^\t]*\tMountVolume.SetUp failed for volume "pv-block" : mount command failed, status: Failure, reason: Error while mounting the volume &errors.errorString\\{s:"RWO check has failed. DevicePath /var/lib/kubelet/plugins/kubernetes.io/flexvolume/ibm/ibmc-block/mounts/pv-block is already mounted on mountpath /var/lib/kubelet/pods/[0-9a-f-]{36}/volumes/ibm~ibmc-block/pv-block "\\}$'
states_are app=stuck 1 2 || die "the stuck pods did not stay stuck"
kubectl delete deployment stuck --wait=false >/dev/null
eventually 60 "they end" no_pods app=stuck

driver_daemonset single-node
installed_everywhere() {
  grep -qx RWO_SEMANTICS=single-node "$BSO_PLUGIN_DIR_1/ibm~ibmc-block/ibmc-block" &&
    grep -qx RWO_SEMANTICS=single-node "$BSO_PLUGIN_DIR_2/ibm~ibmc-block/ibmc-block" &&
    kubectl rollout status daemonset/driver --timeout=1s
}
eventually 60 "the other flavour of the driver replaces the first" installed_everywhere
deployment shared block "$BSO_NODE_1"
eventually 60 "with it all 3 replicas run on one node" states_are app=shared 3 0
[ "$(kubectl exec deployment/shared -- sh -c 'sort -u /data/seen | wc -l')" -ge 4 ] || die "the data of the volume did not outlive the pods"
passed "the data of the volume outlived the pods"
kubectl delete deployment shared --wait=false >/dev/null

# Attachment is between kube-controller-manager and the other driver.
volume move example.com/attachable
eventually 30 "the claim of the attachable volume is bound" bound move
pod holder "$BSO_NODE_1" move
eventually 90 "a pod holds the attachable volume on $BSO_NODE_1" pod_runs holder
kubectl exec holder -- sh -c 'echo written by holder >/data/file'
pod waiter "$BSO_NODE_2" move
eventually 60 "a pod on $BSO_NODE_2 gets the Multi-Attach event" events_match FailedAttachVolume 1 \
  $'^waiter\tMulti-Attach error for volume "pv-move" Volume is already used by pod\\(s\\) holder$'
kubectl get node "$BSO_NODE_1" -o 'jsonpath={.status.volumesAttached}{.status.volumesInUse}' | grep -q pv-move ||
  die "the node's status does not name the attached volume"
passed "the node's status names the attached volume"
kubectl delete pod holder --wait=false >/dev/null
eventually 90 "when the holder is gone the waiter runs" pod_runs waiter
[ "$(kubectl exec waiter -- cat /data/file)" = 'written by holder' ] || die "the data did not follow the volume"
passed "the data followed the volume"

"${cluster[@]}" stop-kubelet 2
if "${cluster[@]}" status >/dev/null 2>&1; then die "'status' does not see that a kubelet is missing"; fi
"${cluster[@]}" start-kubelet 2
eventually 60 "the cluster is whole again after stop-kubelet and start-kubelet" "${cluster[@]}" status

if $keep; then
  finished=true
  say "all passed; the cluster is kept in $dir"
  exit 0
fi
"${cluster[@]}" down
traces >"$before.after"
if grep -q -e '--- directories' "$before" && ! grep -q -e '--- directories' "$before.after"; then
  warn "another cluster is up now: the directories that all share are not compared"
  sed -i '/^--- directories/,$d' "$before"
elif ! grep -q -e '--- directories' "$before"; then
  sed -i '/^--- directories/,$d' "$before.after"
fi
if ! diff "$before" "$before.after" >&2; then die "the cluster left something behind, see above"; fi
passed "nothing is left on the machine"
finished=true
say "all passed"
