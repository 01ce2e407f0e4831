# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # $work is run.sh's
# shellcheck disable=SC2317 # functions inside of functions are handed to `eventually`
#
# The pod that writes to a volume of the plug-in from the installation on, through all scenarios,
# until the uninstallation has waited for it. It has a namespace and a volume of its own, so that
# clean_workloads leaves it alone. $work/writer is there as long as the pod has to be. Sourced,
# never run.

max_gap_seconds=10

writer_starts() {
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: writer}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-writer, labels: {app: writer}}
spec:
  storageClassName: ibmc-block-bronze
  capacity: {storage: 20Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: writer, name: data}
  flexVolume: {driver: ibm/ibmc-block, fsType: ext4}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: writer}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ibmc-block-bronze
  resources: {requests: {storage: 20Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: writer, namespace: writer}
spec:
  nodeSelector: {kubernetes.io/hostname: $BSO_NODE_1}
  terminationGracePeriodSeconds: 2
  containers:
  - name: shell
    image: registry.local/shell:1
    # Every error ends up in the log of the container, which is otherwise empty.
    command:
    - sh
    - -c
    - |
      trap 'exit 0' TERM
      while :; do
        { date +%s >>/mnt/log && sync /mnt/log && tail -n 1 /mnt/log >/dev/null; } || echo failed
        sleep 0.2
      done
    volumeMounts: [{name: data, mountPath: /mnt}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
YAML
  # The API server has to know of the container too, not only the node.
  writes() {
    [ -n "$(kubectl -n writer get pod writer -o 'jsonpath={.status.containerStatuses[0].containerID}')" ] &&
      kubectl -n writer exec writer -- test -s /mnt/log
  }
  eventually 60 "the writer writes" writes
  writer_identity >"$work/writer"
  expect "its volume is mounted once" [ "$(grep -c /pv-writer "$work/writer")" = 1 ]
}

# Its container, and the mounts of its volume: identifier, parent, device, source and target. A
# mount that was made anew has another identifier.
writer_identity() {
  kubectl -n writer get pod writer -o json |
    jq -r '[.metadata.uid, .status.containerStatuses[0].containerID, .status.containerStatuses[0].restartCount] | join(" ")'
  cluster exec-node "$BSO_NODE_1" cat /proc/self/mountinfo | awk '$5 ~ "/pv-writer$" { print $1, $2, $3, $4, $5 }'
}

# Seconds of the longest time between two writes, that since the last one included.
writer_gap() {
  kubectl -n writer exec writer -- sh -c 'cat /mnt/log && date +%s' |
    awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { if (NR < 2) exit 1; print most + 0 }'
}

# It has written all the while: without an error, a restart, a mount made anew or a gap.
writer_was_not_disturbed() {
  local errors gap identity
  errors=$(kubectl -n writer logs writer)
  expect "the writer saw no error" equals '' "$errors"
  identity=$(writer_identity)
  expect "its container and its mount are those of the beginning" equals "$(cat "$work/writer")" "$identity"
  gap=$(writer_gap)
  expect "the longest gap between two writes, $gap s, is below $max_gap_seconds s" [ "$gap" -lt "$max_gap_seconds" ]
  figure "longest gap between two writes, s" "$gap"
}

# Takes the writer and its volume away, after a last look at it.
writer_ends() {
  writer_was_not_disturbed
  rm "$work/writer"
  kubectl -n writer delete pod/writer pvc/data --timeout=60s >/dev/null
  kubectl delete pv/pv-writer --timeout=60s >/dev/null
}
