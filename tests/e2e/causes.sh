# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # $work and $figures are run.sh's
# shellcheck disable=SC2317 # functions inside of functions are handed to `eventually`
#
# More scenarios of run.sh: why a pod waits when nobody shares a volume on purpose. Sourced, never
# run. Each brings trouble into the cluster, reads what the operator makes of it, takes the trouble
# away and sees the annotation go. What it has done to nodes it undoes at its end, however it ends.

# --- checks ------------------------------------------------------------------

cause_is() { # POD CAUSE
  [ "$(detail_of "$1" | jq -r .cause)" = "$2" ]
}

has_no_annotation() { # POD
  [ -z "$(pod_field "$1" ".metadata.annotations // {} | .[\"$BSO_CONFLICT\"], .[\"$BSO_DETAIL\"] | values")" ]
}

# What an annotation says, as one line: "CAUSE|STATE|POD@NODE of the holders|node without a holder".
verdict_of() { # POD
  detail_of "$1" | jq -r '[.cause, .state, (.holders | map(.pod + "@" + .node) | join(",")), .holderNode // ""] | join("|")'
}

# The sentence of a pod has all these parts.
says() { # POD PART...
  local pod=$1 sentence part
  shift
  sentence=$(sentence_of "$pod")
  say "$pod: $sentence"
  for part in "$@"; do
    expect "$pod: it says '$part'" contains "$sentence" "$part"
  done
}

is_being_deleted() { # POD
  [ -n "$(pod_field "$1" .metadata.deletionTimestamp)" ]
}

is_gone() { # KIND/NAME
  [ -z "$(kubectl get "$1" --ignore-not-found -o name)" ]
}

# --- nodes -------------------------------------------------------------------

node_ready_is() { # NODE STATUS
  [ "$(kubectl get node "$1" -o json | jq -r '.status.conditions[] | select(.type == "Ready") | .status')" = "$2" ]
}

kubelet_comes_back() { # NODE
  cluster start-kubelet "$1"
  eventually 60 "node $1 reports" node_ready_is "$1" True
  # Its pods were not ready either as long as it was silent.
  eventually 60 "the operator is ready" operator_ready
}

is_mounted_for() { # NODE UID
  cluster exec-node "$1" grep -q "/pods/$2/volumes/" /proc/self/mountinfo
}

# --- volumes of drivers that are not there -----------------------------------
#
# Kubernetes asks for their attachment, and a test answers in the driver's place.

csi_volume() { # DRIVER
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-csi}
spec:
  storageClassName: by-hand
  capacity: {storage: 20Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: default, name: csi-blk}
  csi: {driver: $1, volumeHandle: disk-1}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: csi-blk}
spec:
  storageClassName: by-hand
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 20Gi}}
YAML
  eventually 30 "the claim is bound" claim_bound csi-blk
}

attachment() { # NAME DRIVER NODE
  kubectl apply -f - >/dev/null <<YAML
apiVersion: storage.k8s.io/v1
kind: VolumeAttachment
metadata: {name: $1, finalizers: [external-attacher/by-hand]}
spec:
  attacher: $2
  nodeName: $3
  source: {persistentVolumeName: pv-csi}
YAML
  attachment_status "$1" '{attached: true}'
}

# As a driver's attacher writes it.
attachment_status() { # NAME JQ-EXPRESSION [WORDS-OF-THE-DRIVER, $words there]
  kubectl get "volumeattachment/$1" -o json | jq --arg words "${3:-}" ".status = $2" |
    kubectl replace --raw "/apis/storage.k8s.io/v1/volumeattachments/$1/status" -f - >/dev/null
}

# What a driver's attacher does last, when a disk is detached.
let_attachment_go() { # NAME
  kubectl patch "volumeattachment/$1" --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
  kubectl delete "volumeattachment/$1" --ignore-not-found >/dev/null
}

# The waiter goes first, or Kubernetes would ask anew. It would also take back what it has asked for,
# but only when it has waited two minutes for an answer.
attachments_go() {
  local name
  kubectl delete pod waiter --ignore-not-found --timeout=60s >/dev/null
  for name in $(kubectl get volumeattachments -o json | jq -r '.items[].metadata.name'); do
    let_attachment_go "$name"
  done
}

# That which Kubernetes itself has made for a node.
attachment_to() { # NODE
  kubectl get volumeattachments -o json | jq -r ".items[] | .spec.nodeName as \$node | select(\$node == \"$1\") | .metadata.name"
}

is_to_be_attached_to() { # NODE
  [ -n "$(attachment_to "$1")" ]
}

# The attach-detach controller has said so of a pod.
has_attach_event() { # POD WORDS
  kubectl get events --field-selector "involvedObject.name=$1,reason=FailedAttachVolume" \
    -o 'jsonpath={.items[*].message}' | grep -qF "AttachVolume.Attach failed for volume \"pv-csi\" : $2"
}

# --- the scenarios -----------------------------------------------------------

# [cause-C5]
holder_that_ends_slowly_is_explained() {
  local deleted seconds=20
  shared_volume
  pod holder "$BSO_NODE_1" bronze-blk $seconds
  eventually 60 "the holder runs" pod_runs holder
  kubectl delete pod holder --wait=false >/dev/null
  deleted=$(now_ns)
  pod waiter "$BSO_NODE_1" bronze-blk
  eventually 15 "the cause is that the holder is being deleted" cause_is waiter HolderTerminating
  expect "the holder is still there" is_being_deleted holder
  expect "the detail is true" equals "HolderTerminating|Waiting|holder@$BSO_NODE_1|" "$(verdict_of waiter)"
  says waiter "(PVC default/bronze-blk) is still held by pod holder, which is being deleted on node $BSO_NODE_1." \
    "This pod starts when that one is gone" "Nothing to do yet."
  eventually 120 "the waiter runs, and nobody did anything" pod_runs waiter
  figure "holder's deletion to waiting pod seen running, s" "$(seconds_between "$deleted" "$(now_ns)")"
  # The kubelet lets the next pod have the volume before it ends the former pod's object, and looks
  # at that every ten seconds only.
  eventually 90 "the holder is gone" is_gone pod/holder
  eventually 10 "the annotation too" has_no_annotation waiter
}

# The one pod of a StatefulSet.
pod_of_a_set() { # SET NODE CLAIM
  kubectl apply -f - >/dev/null <<YAML
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1}
spec:
  serviceName: $1
  replicas: 1
  selector: {matchLabels: {app: $1-0}}
  template:
    metadata: {labels: {app: $1-0}}
    spec:
      nodeSelector: {kubernetes.io/hostname: $2}
      terminationGracePeriodSeconds: 2
      containers:
      - name: shell
        image: registry.local/shell:1
        command: [sh, -c, "trap 'exit 0' TERM; tail -f /dev/null & wait"]
        volumeMounts: [{name: data, mountPath: /mnt}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: $3}}]
YAML
}

# [cause-C6] [cause-C7]
lost_node_is_explained() {
  local kept begin
  # By a name of its own: a kubelet that has waited for a volume in vain remembers its name, and looks
  # again half a minute later.
  sed 's/two-nodes-blk/movable-blk/' "$BSO_TOP/examples/volume-two-nodes.yml" | kubectl apply -f - >/dev/null
  eventually 30 "the claim is bound" claim_bound movable-blk
  shared_volume
  pod holder "$BSO_NODE_2" movable-blk
  pod_of_a_set db "$BSO_NODE_2" bronze-blk
  eventually 60 "the holder runs" pod_runs holder
  eventually 60 "the pod of the StatefulSet runs" pod_runs db-0
  kept=$(pod_field db-0 .metadata.uid)

  trap 'kubelet_comes_back "$BSO_NODE_2"' EXIT
  cluster stop-kubelet "$BSO_NODE_2"
  begin=$(now_ns)
  eventually 60 "node $BSO_NODE_2 is lost" node_ready_is "$BSO_NODE_2" Unknown
  figure "kubelet stopped to node lost, s" "$(seconds_between "$begin" "$(now_ns)")"
  kubectl delete pod holder db-0 --wait=false >/dev/null
  pod waiter "$BSO_NODE_1" movable-blk
  eventually 30 "the cause is the lost node" cause_is waiter HolderOnLostNode
  expect "the detail is true" equals "HolderOnLostNode|NeedsOperator|holder@$BSO_NODE_2|$BSO_NODE_2" "$(verdict_of waiter)"
  says waiter "(PVC default/movable-blk) is held by pod holder on node $BSO_NODE_2, which has stopped reporting." \
    "only if it is really powered off" "kubectl delete node $BSO_NODE_2" "two writers corrupt the data"
  expect "it recommends no more than a look" equals "kubectl describe node $BSO_NODE_2" "$(recommended_command waiter)"
  eventually 30 "the StatefulSet's pod has the cause of its own" cause_is db-0 StatefulSetPodOnLostNode
  expect "its detail is true" equals "StatefulSetPodOnLostNode|NeedsOperator|db-0@$BSO_NODE_2|$BSO_NODE_2" "$(verdict_of db-0)"
  says db-0 "This pod is being deleted on node $BSO_NODE_2, which has stopped reporting." \
    "(PVC default/bronze-blk), and no other pod db-0 is made while it may still run there"
  expect "no other pod has been made" equals "$kept" "$(pod_field db-0 .metadata.uid)"
  expect "the holder is still there" is_being_deleted holder

  begin=$(now_ns)
  kubelet_comes_back "$BSO_NODE_2"
  trap - EXIT
  eventually 120 "the waiter runs" pod_runs waiter
  figure "kubelet started to waiting pod seen running, s" "$(seconds_between "$begin" "$(now_ns)")"
  eventually 10 "and has no annotation any more" has_no_annotation waiter
  runs_anew() {
    pod_runs db-0 && [ "$(pod_field db-0 .metadata.uid)" != "$kept" ]
  }
  eventually 60 "the StatefulSet has another pod" runs_anew
  expect "which never had one" has_no_annotation db-0
}

busy_file=/run/ibmc-block-busy

# What is mounted goes, and the kubelet's next try is now: after some failures it waits for two
# minutes, and a new one does not know of them.
volumes_are_free_again() { # NODE
  cluster exec-node "$1" rm -f $busy_file
  cluster stop-kubelet "$1"
  kubelet_comes_back "$1"
}

# [cause-C8] [cause-C10]
mount_that_outlives_its_pod_is_explained() {
  local node=$BSO_NODE_2 uid begin
  shared_volume
  pod first "$node" bronze-blk
  eventually 60 "the pod runs" pod_runs first
  uid=$(pod_field first .metadata.uid)

  trap 'volumes_are_free_again "$BSO_NODE_2"' EXIT
  cluster exec-node "$node" touch $busy_file
  kubectl delete pod first --grace-period=0 --force >/dev/null 2>&1
  pod waiter "$node" bronze-blk
  eventually 30 "it may still go by itself" cause_is waiter DetachPending
  says waiter "is still mounted on this node $node for a pod that has ended (UID $uid)." "Nothing to do yet"
  # A minute is what a kubelet gets to clean up.
  eventually 90 "it does not" cause_is waiter OrphanedMount
  expect "the detail is true" equals "OrphanedMount|NeedsOperator||$node" "$(verdict_of waiter)"
  expect "it names the pod that was" equals "$uid" "$(detail_of waiter | jq -r .vanishedUID)"
  says waiter "(PVC default/bronze-blk) is still mounted on this node $node for pod UID $uid" \
    "no pod can be deleted to free it" "look for that UID in the kubelet's log"
  expect "it is mounted there" is_mounted_for "$node" "$uid"
  # shellcheck disable=SC2016 # jq's
  expect "no pod has that UID" equals '' \
    "$(kubectl get pods -A -o json | jq -r --arg uid "$uid" '.items[] | select(.metadata.uid == $uid) | .metadata.name')"
  expect "the kubelet's log has that UID, and why" grep -q "$uid.*target is busy" "$BSO_LOG_DIR/$node-kubelet.log"

  begin=$(now_ns)
  volumes_are_free_again "$node"
  trap - EXIT
  eventually 120 "the waiter runs" pod_runs waiter
  figure "mount free to waiting pod seen running, s" "$(seconds_between "$begin" "$(now_ns)")"
  eventually 10 "and has no annotation any more" has_no_annotation waiter
  if is_mounted_for "$node" "$uid"; then die "the old mount is still there"; fi
}

# [cause-C8] [cause-C9]
attachment_that_nobody_needs_is_explained() {
  local driver=disk.csi.azure.com words="rpc error: code = Internal desc = cannot detach disk-1: it is busy"
  csi_volume $driver
  trap attachments_go EXIT
  attachment by-hand-1 $driver "$BSO_NODE_2"
  pod waiter "$BSO_NODE_1" csi-blk
  eventually 30 "an attachment without a user may be on its way" cause_is waiter DetachPending
  expect "the detail is true" equals "DetachPending|Waiting||$BSO_NODE_2" "$(verdict_of waiter)"
  says waiter "it is still attached to node $BSO_NODE_2, where no pod uses it any more." "Nothing to do yet"

  kubectl delete volumeattachment/by-hand-1 --wait=false >/dev/null
  # shellcheck disable=SC2016 # jq's
  attachment_status by-hand-1 '{attached: true, detachError: {time: (now | todate), message: $words}}' "$words"
  eventually 10 "one that cannot be detached is stale" cause_is waiter StaleAttachment
  expect "the detail is true" equals "StaleAttachment|NeedsOperator||$BSO_NODE_2" "$(verdict_of waiter)"
  says waiter "(PVC default/csi-blk) is used by no running pod, yet VolumeAttachment by-hand-1 keeps it on node $BSO_NODE_2." \
    "Driver: '$words'." "This will not clear by itself."
  expect "what it recommends shows why" contains "$(bash -c "$(recommended_command waiter)")" "$words"
  let_attachment_go by-hand-1
  eventually 10 "without it there is no annotation" has_no_annotation waiter

  attachment by-hand-2 $driver "$BSO_EXAMPLE_NODE"
  eventually 10 "one to a node that is no more is stale" cause_is waiter StaleAttachment
  expect "the detail is true" equals "StaleAttachment|NeedsOperator||$BSO_EXAMPLE_NODE" "$(verdict_of waiter)"
  says waiter "VolumeAttachment by-hand-2 keeps it on node $BSO_EXAMPLE_NODE."
  let_attachment_go by-hand-2
  eventually 10 "without it there is no annotation" has_no_annotation waiter
}

# A driver's refusal to attach, which the attach-detach controller makes an event of the pod.
refuse_to_attach() { # POD NODE WORDS
  # shellcheck disable=SC2016 # jq's
  attachment_status "$(attachment_to "$2")" '{attached: false, attachError: {time: (now | todate), message: $words}}' "$3"
  eventually 40 "Kubernetes repeats the driver's words" has_attach_event "$1" "$3"
}

# In the words of EC2, Azure and GCE.
# [cause-C8] [cause-C11] [cause-C18]
words_of_a_cloud_are_understood() {
  local words driver=disks.example.com machine=projects/p/zones/z/instances/backup-host-7
  csi_volume $driver
  trap attachments_go EXIT
  pod waiter "$BSO_NODE_1" csi-blk
  eventually 30 "Kubernetes wants the disk attached" is_to_be_attached_to "$BSO_NODE_1"

  words='rpc error: code = Internal desc = Could not attach volume "vol-1" to node "machine-1": VolumeInUse: vol-1 is already attached to an instance'
  refuse_to_attach waiter "$BSO_NODE_1" "$words"
  eventually 30 "where no machine is named, none is made up" cause_is waiter UnknownExclusive
  expect "the detail is true" equals "UnknownExclusive|Unknown||" "$(verdict_of waiter)"
  says waiter "(PVC default/csi-blk): driver $driver says that it is in use, but no pod, VolumeAttachment or node of this cluster is known to have it."

  # machine-2 is the second node, by its provider ID.
  words="rpc error: code = Internal desc = disk(disk-1) already attached to node(/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/machine-2), could not be attached to node(machine-1)"
  refuse_to_attach waiter "$BSO_NODE_1" "$words"
  eventually 30 "the machine is found to be a node" cause_is waiter DetachPending
  expect "the detail is true" equals "DetachPending|Waiting||$BSO_NODE_2" "$(verdict_of waiter)"
  says waiter "it is still attached to node $BSO_NODE_2, where no pod uses it any more."

  words="rpc error: code = Internal desc = googleapi: Error 400: (RESOURCE_IN_USE_BY_ANOTHER_RESOURCE): The disk resource 'projects/p/zones/z/disks/disk-1' is already being used by '$machine'"
  refuse_to_attach waiter "$BSO_NODE_1" "$words"
  eventually 30 "another machine is found to be none" cause_is waiter HeldOutsideCluster
  expect "the detail is true" equals "HeldOutsideCluster|NeedsOperator||" "$(verdict_of waiter)"
  says waiter "(PVC default/csi-blk): driver $driver says that machine $machine has it, which is no node of this cluster."
  if grep -q backup-host-7 <(bash -c "$(recommended_command waiter)"); then die "what it recommends shows that machine among the nodes"; fi

  attachment_status "$(attachment_to "$BSO_NODE_1")" '{attached: true}'
  eventually 10 "attached, it has no annotation any more" has_no_annotation waiter
}
