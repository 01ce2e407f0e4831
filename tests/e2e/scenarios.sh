# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # $work and $figures are run.sh's
# shellcheck disable=SC2317 # functions inside of functions are handed to `eventually`
#
# The scenarios of run.sh, in the order in which they run, those of causes.sh between them. Sourced,
# never run. A tag [cause-N] before a scenario names a cause that it shows. Each finds the
# operator and the plug-in installed, a pod that writes to a volume of it, and no workload of the
# examples. What those before it leave behind: the plug-in has the next version after its upgrade;
# the last two find the operator bound to the second node, and the last one neither plug-in nor
# writer.

# shellcheck disable=SC2034 # for run.sh
scenarios=(
  operator_runs_from_its_manifests
  operator_is_confined
  seventeen_classes_and_the_foreign_nine_untouched
  three_pods_on_one_node_are_explained_and_healed
  annotation_goes_when_the_holder_goes
  multi_attach_across_nodes_is_explained_and_healed
  rollout_deadlock_is_explained_and_healed
  holder_that_ends_slowly_is_explained
  lost_node_is_explained
  mount_that_outlives_its_pod_is_explained
  attachment_that_nobody_needs_is_explained
  words_of_a_cloud_are_understood
  killed_operator_comes_back
  helm_release_is_adopted_under_a_mounted_volume
  plugin_is_upgraded_under_a_mounted_volume
  broken_image_is_rolled_back_under_a_mounted_volume
  operator_works_on_either_node
  uninstall_waits_for_volumes_and_leaves_nothing
  driver_that_shares_by_node_gets_no_annotation
)

max_rss_kb=$((40 * 1024))
driver_image=registry.local/ibmcloud-block-storage-driver:$BSO_PLUGIN_VERSION
gke_image=registry.local/ibmcloud-block-storage-driver-gke:$BSO_PLUGIN_VERSION

# --- checks ------------------------------------------------------------------

expect() { # WHAT COMMAND...
  local what=$1
  shift
  "$@" || die "$what"
  say "ok: $what"
}

eventually() { # SECONDS WHAT COMMAND...
  local seconds=$1 what=$2
  shift 2
  wait_for "$seconds" "$@" || die "not within $seconds s: $what"
  say "ok: $what"
}

equals() { # WANTED FOUND
  [ "$1" = "$2" ] && return 0
  printf 'wanted: %s\nfound:  %s\n' "$1" "$2" >&2
  return 1
}

contains() { # TEXT PART
  case "$1" in *"$2"*) return 0 ;; esac
  printf 'the text:      %s\ndoes not have: %s\n' "$1" "$2" >&2
  return 1
}

figure() { # NAME VALUE
  printf '%s\t%s\n' "$1" "$2" >>"$figures"
}

show_cluster() {
  echo "--- pods, plug-in, events and the operator's log:"
  kubectl get pods -A -o wide
  kubectl get bsp -o yaml
  kubectl get events -A --sort-by=.lastTimestamp | tail -n 20
  kubectl -n "$BSO_NAMESPACE" logs deployment/block-storage-operator --tail=30
} 2>&1

# --- installing and removing -------------------------------------------------

operator_ready() {
  kubectl -n "$BSO_NAMESPACE" rollout status deployment/block-storage-operator --timeout=1s
}

foreign_classes() {
  kubectl get sc -o json | jq -cS '.items[] | select(.provisioner == "ibm.io/ibmc-file") | .metadata |
    [.name, .uid, .resourceVersion]'
}

driver_everywhere() { # IMAGE
  local found
  found=$(kubectl -n kube-system get daemonset/ibmcloud-block-storage-driver -o json | jq -r '
    [.spec.template.spec.containers[0].image, (.metadata.generation == .status.observedGeneration),
     .status.updatedNumberScheduled, .status.numberAvailable] | join(" ")')
  [ "$found" = "$1 true 2 2" ]
}

condition() { # TYPE
  kubectl get bsp/ibmc-block -o json | jq -r ".status.conditions[]? | select(.type == \"$1\") | .status"
}

condition_is() { # TYPE STATUS
  [ "$(condition "$1")" = "$2" ]
}

install_plugin() { # FILE IMAGE
  kubectl apply -f "$BSO_TOP/examples/$1" >/dev/null
  eventually 300 "the driver $2 is on both nodes" driver_everywhere "$2"
  eventually 60 "the plug-in is available" condition_is Available True
  eventually 60 "its rollout is complete" condition_is Progressing False
}

prepare() {
  kubectl apply -f "$BSO_TOP/examples/storageclasses-file.yaml" >/dev/null
  foreign_classes >"$work/foreign"
  kubectl apply -f "$BSO_TOP/crds/" -f "$BSO_TOP/manifests/" >/dev/null
  eventually 120 "the operator is ready" operator_ready
  install_plugin quickstart-plugin.yaml "$driver_image"
  writer_starts
}

# --- cleaning up -------------------------------------------------------------

nothing_left() {
  [ -z "$(kubectl get deployments,replicasets,statefulsets,pods,pvc -o name)$(kubectl get pv -l 'app!=writer' -o name)" ]
}

no_pod_waits() {
  [ -z "$(waiting_pods)" ]
}

waiting_pods() {
  kubectl get pods -o json | jq -r '.items[] | select(all(.status.containerStatuses[]?; .ready) and .status.phase == "Running" | not) | .metadata.name'
}

# The pods that wait go before those that hold: when a holder lets go just after a waiting pod was
# deleted, the kubelet of Kubernetes 1.20 may still mount the volume for it, fail to look up the
# claim ("MountVolume.NodeExpandVolume get PVC failed: ... forbidden"), and never unmount it again.
clean_workloads() {
  kubectl delete deployments,replicasets,statefulsets --all --cascade=orphan >/dev/null
  waiting_pods | xargs -r kubectl delete pods --wait=false >/dev/null
  wait_for 90 no_pod_waits || return 1
  kubectl delete pods --all --wait=false >/dev/null
  wait_for 90 no_pods '' || return 1
  kubectl delete pvc --all --wait=false >/dev/null
  kubectl delete pv -l 'app!=writer' --wait=false >/dev/null
  wait_for 90 nothing_left
}

# --- workloads ---------------------------------------------------------------

claim_bound() {
  [ "$(kubectl get "pvc/$1" -o 'jsonpath={.status.phase}')" = Bound ]
}

shared_volume() {
  kubectl apply -f "$BSO_TOP/examples/pv-blk-static.yml" -f "$BSO_TOP/examples/pvc-blk.yml" >/dev/null
  eventually 30 "the claim is bound" claim_bound bronze-blk
}

start() { # EXAMPLE [NODE]
  example "$1" "${2:-$BSO_NODE_1}" registry.local/shell:1 | kubectl apply -f - >/dev/null
}

# One that is given seconds to end takes them all.
pod() { # NAME NODE CLAIM [SECONDS]
  local at_the_end='exit 0'
  [ -z "${4:-}" ] || at_the_end=''
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}}
spec:
  nodeSelector: {kubernetes.io/hostname: $2}
  terminationGracePeriodSeconds: ${4:-2}
  containers:
  - name: shell
    image: registry.local/shell:1
    command: [sh, -c, "trap '$at_the_end' TERM; tail -f /dev/null & wait"]
    volumeMounts: [{name: data, mountPath: /mnt}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: $3}}]
YAML
}

run_recommended_command() { # POD
  local command
  command=$(recommended_command "$1")
  say "running: $command"
  bash -c "$command" >/dev/null
}

# The three pods of the example on a node: one runs, two are annotated with the truth.
story() { # NODE
  local pod holder sentence detail
  shared_volume
  start deploy-3pod-single-node.yml "$1"
  eventually 90 "1 of 3 pods on $1 runs, 2 are stuck" pods_are app=dep3pod-blk 1 2
  eventually 60 "both are annotated" annotated_are app=dep3pod-blk 2
  holder=$(running_pods app=dep3pod-blk)
  for pod in $(creating_pods app=dep3pod-blk); do
    eventually 60 "$pod: the kubelet's event" has_event "$pod" FailedMount
    eventually 30 "$pod: proven by that event" proven "$pod"
    sentence=$(sentence_of "$pod")
    detail=$(detail_of "$pod")
    say "$pod: $sentence"
    expect "$pod: names the holder and the node" contains "$sentence" "is in use by pod $holder on this same node $1."
    expect "$pod: names the claim" contains "$sentence" "(PVC default/bronze-blk)"
    expect "$pod: names the rule" contains "$sentence" "lets only ONE POD use a volume"
    expect "$pod: the detail is true" equals \
      "ReplicasShareSinglePodVolume|Deadlock|Proven|$holder|$(pod_field "$holder" .metadata.uid)|$1|default/bronze-blk|pv-bronze-blk|ibm/ibmc-block" \
      "$(jq -r '[.cause, .state, .confidence, (.holders | map(.pod, .uid, .node) | join("|")),
         .volume.claim, .volume.pv, .volume.driver] | join("|")' <<<"$detail")"
    expect "$pod: recommends" equals "kubectl -n default scale deployment/dep3pod-blk --replicas=1" "$(recommended_command "$pod")"
    expect "$pod: has the operator's event too" has_event "$pod" VolumeHeldByOtherPod
  done
  expect "the pod that runs has no annotation" equals '' "$(sentence_of "$holder")"
}

proven() { # POD
  [ "$(detail_of "$1" | jq -r .confidence)" = Proven ]
}

measure_latency() { # POD REASON
  local seconds
  seconds=$(annotation_latency "$1" "$2")
  figure "$2 event to annotation, s" "$seconds"
  expect "the annotation came within 5 s of the event: $seconds s" awk -v s="$seconds" 'BEGIN { exit s > 5 }'
}

measure_memory() {
  local rss
  rss=$(operator_rss_kb)
  expect "the operator's memory, $rss kB, is below $max_rss_kb kB" [ "$rss" -lt "$max_rss_kb" ]
  figure "memory of the operator (RSS), kB" "$rss"
}

# --- the scenarios -----------------------------------------------------------

operator_runs_from_its_manifests() {
  expect "it has the ServiceAccount" equals block-storage-operator \
    "$(kubectl -n "$BSO_NAMESPACE" get pod "$(operator_pod)" -o 'jsonpath={.spec.serviceAccountName}')"
  kubectl -n "$BSO_NAMESPACE" logs deployment/block-storage-operator >"$work/log"
  expect "its log says that it is connected" grep -q connected "$work/log"
  expect "its log has no warning and no error" \
    equals '' "$(jq -Rr 'fromjson? | select(.level == "warning" or .level == "warn" or .level == "error" or .level == "critical") | tojson' "$work/log")"
  expect "the API server knows it by its ServiceAccount" grep -qF "\"username\":\"$BSO_ACCOUNT\"" "$BSO_AUDIT_LOG"
  expect "nothing was forbidden to it: its ClusterRole is enough" equals '' \
    "$(grep -F "\"username\":\"$BSO_ACCOUNT\"" "$BSO_AUDIT_LOG" | jq -r 'select(.responseStatus.code == 403) | .verb + " " + .requestURI')"
  expect "its pod did not restart" equals 0 \
    "$(kubectl -n "$BSO_NAMESPACE" get pod "$(operator_pod)" -o 'jsonpath={.status.containerStatuses[0].restartCount}')"
  measure_memory
}

operator_is_confined() {
  expect "the pod asks for it" equals 'true 65532 true false ["ALL"] RuntimeDefault' \
    "$(kubectl -n "$BSO_NAMESPACE" get pod "$(operator_pod)" -o json | jq -r '.spec | .containers[0].securityContext as $c |
      [.securityContext.runAsNonRoot, .securityContext.runAsUser, $c.readOnlyRootFilesystem, $c.allowPrivilegeEscalation,
       ($c.capabilities.drop | tojson), .securityContext.seccompProfile.type] | join(" ")')"
  expect "no host namespaces, no host paths, not privileged" equals 'null null null [] null' \
    "$(kubectl -n "$BSO_NAMESPACE" get pod "$(operator_pod)" -o json | jq -r '.spec |
      [.hostNetwork, .hostPID, .hostIPC, ([.volumes[] | select(.hostPath)] | tojson),
       .containers[0].securityContext.privileged] | map(. // "null") | join(" ")')"
  expect "the kernel says: user 65532" equals "65532 65532 65532 65532" "$(operator_status Uid | tr '\t' ' ')"
  expect "the kernel says: group 65532" equals "65532 65532 65532 65532" "$(operator_status Gid | tr '\t' ' ')"
  for set in CapEff CapPrm CapBnd; do
    expect "the kernel says: $set is empty" equals 0000000000000000 "$(operator_status $set)"
  done
  expect "the kernel says: no new privileges" equals 1 "$(operator_status NoNewPrivs)"
  # shellcheck disable=SC2016 # expanded in the node
  expect "the kernel says: the root file system is read-only" grep -Eq '^[^ ]+ / [^ ]+ ro[ ,]' \
    <(cluster exec-node "$(operator_node)" sh -c 'cat "/proc/$(pgrep -o -x block-storage-o)/mounts"')
}

default_classes() {
  kubectl get sc -o json | jq -r '[.items[] | select(.metadata.annotations["storageclass.kubernetes.io/is-default-class"] == "true")
    | .metadata.name] | join(" ")'
}

class_exists() {
  kubectl get "sc/$1"
}

seventeen_classes_and_the_foreign_nine_untouched() {
  kubectl get sc
  expect "seventeen classes" equals 17 "$(kubectl get sc -o name | wc -l)"
  expect "eight of them are the plug-in's" equals \
    "ibmc-block-bronze ibmc-block-custom ibmc-block-gold ibmc-block-retain-bronze ibmc-block-retain-custom ibmc-block-retain-gold ibmc-block-retain-silver ibmc-block-silver" \
    "$(kubectl get sc -o json | jq -r '[.items[] | select(.provisioner == "ibm.io/ibmc-block") | .metadata.name] | join(" ")')"
  expect "the one default class is the one of before" equals ibmc-file-bronze "$(default_classes)"
  kubectl annotate sc/ibmc-block-gold storageclass.kubernetes.io/is-default-class=true >/dev/null
  kubectl annotate sc/ibmc-file-bronze storageclass.kubernetes.io/is-default-class=false --overwrite >/dev/null
  foreign_classes >"$work/foreign"
  kubectl delete sc/ibmc-block-silver sc/ibmc-block-gold --wait >/dev/null
  eventually 60 "a class that is deleted comes back" class_exists ibmc-block-silver
  eventually 60 "and the other" class_exists ibmc-block-gold
  expect "no class is made the default class" equals '' "$(default_classes)"
  kubectl annotate sc/ibmc-block-gold storageclass.kubernetes.io/is-default-class=true >/dev/null
  kubectl delete sc/ibmc-block-silver --wait >/dev/null
  eventually 60 "the class comes back once more" class_exists ibmc-block-silver
  expect "the mark that the administrator set stays" equals ibmc-block-gold "$(default_classes)"
  kubectl annotate sc/ibmc-block-gold storageclass.kubernetes.io/is-default-class- >/dev/null
  expect "the foreign nine were not touched" diff "$work/foreign" <(foreign_classes)
}

# [cause-C1]
three_pods_on_one_node_are_explained_and_healed() {
  local pod before
  story "$BSO_NODE_1"
  for pod in $(creating_pods app=dep3pod-blk); do
    measure_latency "$pod" FailedMount
  done
  before=$(now_ns)
  run_recommended_command "$(creating_pods app=dep3pod-blk | head -n 1)"
  eventually 60 "one pod runs, none is stuck" pods_are app=dep3pod-blk 1 0
  eventually 10 "no annotation is left" annotated_are app=dep3pod-blk 0
  figure "recommended command to nothing stuck, s" "$(seconds_between "$before" "$(now_ns)")"
  measure_memory
}

pod_runs() {
  [ "$(running_pods "app=$1")" = "$1" ]
}

# [cause-C4]
annotation_goes_when_the_holder_goes() {
  local running
  shared_volume
  pod holder "$BSO_NODE_1" bronze-blk
  eventually 60 "the holder runs" pod_runs holder
  pod waiter "$BSO_NODE_1" bronze-blk
  eventually 60 "the waiter is annotated" annotated_are app=waiter 1
  expect "the cause is another workload" equals SharedByOtherWorkload "$(detail_of waiter | jq -r .cause)"
  expect "it names the holder" equals holder "$(detail_of waiter | jq -r '.holders[0].pod')"
  run_recommended_command waiter
  eventually 180 "the waiter runs" pod_runs waiter
  running=$(now_ns)
  eventually 10 "and has no annotation any more" annotated_are app=waiter 0
  figure "waiting pod seen running to annotation seen gone, s" "$(seconds_between "$running" "$(now_ns)")"
}

has_multi_attach() { # SELECTOR
  local pod
  for pod in $(creating_pods "$1"); do
    if kubectl get events --field-selector "involvedObject.name=$pod,reason=FailedAttachVolume" \
      -o 'jsonpath={.items[*].message}' | grep -q 'Multi-Attach error'; then return 0; fi
  done
  return 1
}

# [cause-C2]
multi_attach_across_nodes_is_explained_and_healed() {
  local pod holder sentence waiting
  kubectl apply -f "$BSO_TOP/examples/volume-two-nodes.yml" >/dev/null
  eventually 30 "the claim is bound" claim_bound two-nodes-blk
  start deploy-3pod-two-nodes.yml
  eventually 60 "Kubernetes says Multi-Attach" has_multi_attach app=dep3pod-two-nodes
  some_run_and_the_rest_is_annotated() {
    local running annotated
    running=$(running_pods app=dep3pod-two-nodes | wc -l)
    annotated=$(annotated_pods app=dep3pod-two-nodes | wc -l)
    [ "$running" -ge 1 ] && [ "$annotated" -ge 1 ] && [ $((running + annotated)) = 3 ]
  }
  eventually 120 "the pods of one node run, those of the other are annotated" some_run_and_the_rest_is_annotated
  holder=$(running_pods app=dep3pod-two-nodes | head -n 1)
  waiting=$(annotated_pods app=dep3pod-two-nodes)
  for pod in $waiting; do
    sentence=$(sentence_of "$pod")
    say "$pod: $sentence"
    expect "$pod: names the holder's node and its own" contains "$sentence" \
      "on node $(pod_field "$holder" .spec.nodeName), while this pod is on $(pod_field "$pod" .spec.nodeName)."
    expect "$pod: names the claim" contains "$sentence" "(PVC default/two-nodes-blk)"
    expect "$pod: cause and volume" equals "ReplicasSpreadAcrossNodes|Deadlock|pv-two-nodes-blk|example.com/attachable" \
      "$(detail_of "$pod" | jq -r '[.cause, .state, .volume.pv, .volume.driver] | join("|")')"
    expect "$pod: the holders are the pods that run" equals "$(running_pods app=dep3pod-two-nodes | sort | tr '\n' ' ')" \
      "$(detail_of "$pod" | jq -r '.holders[].pod' | sort | tr '\n' ' ')"
  done
  for pod in $waiting; do
    if has_event "$pod" FailedAttachVolume; then measure_latency "$pod" FailedAttachVolume; fi
  done
  run_recommended_command "$(head -n 1 <<<"$waiting")"
  eventually 60 "one pod runs, none is stuck" pods_are app=dep3pod-two-nodes 1 0
  eventually 10 "no annotation is left" annotated_are app=dep3pod-two-nodes 0
}

# [cause-C3]
rollout_deadlock_is_explained_and_healed() {
  local old new
  shared_volume
  start deploy-rollout-deadlock.yml
  eventually 60 "the first release runs" pods_are app=rollout-blk 1 0
  old=$(running_pods app=rollout-blk)
  kubectl set env deployment/rollout-blk RELEASE=2 >/dev/null
  eventually 60 "the pod of the second release is annotated" annotated_are app=rollout-blk 1
  new=$(annotated_pods app=rollout-blk)
  eventually 60 "the kubelet's event" has_event "$new" FailedMount
  eventually 30 "proven by that event" proven "$new"
  say "$new: $(sentence_of "$new")"
  expect "the cause is the deadlock" equals "RolloutDeadlock|Deadlock|$old" \
    "$(detail_of "$new" | jq -r '[.cause, .state, .holders[0].pod] | join("|")')"
  measure_latency "$new" FailedMount
  run_recommended_command "$new"
  one_of_the_second_release() {
    [ "$(pods_where app=rollout-blk '.status.phase == "Running"' | wc -l)" = 1 ] &&
      [ "$(kubectl get deployment/rollout-blk -o 'jsonpath={.status.updatedReplicas}{.status.availableReplicas}')" = 11 ]
  }
  eventually 200 "the second release runs, alone" one_of_the_second_release
  eventually 10 "no annotation is left" annotated_are app=rollout-blk 0
}

killed_operator_comes_back() {
  local pod node restarts
  pod=$(operator_pod)
  node=$(operator_node)
  restarts() { kubectl -n "$BSO_NAMESPACE" get pod "$pod" -o 'jsonpath={.status.containerStatuses[0].restartCount}'; }
  expect "it has never restarted" equals 0 "$(restarts)"
  # shellcheck disable=SC2016 # expanded in the node
  cluster exec-node "$node" sh -c 'kill -KILL "$(pgrep -o -x block-storage-o)"'
  # What happens while it is away must not be missed.
  shared_volume
  start deploy-3pod-single-node.yml
  restarted() { [ "$(restarts)" = 1 ]; }
  eventually 60 "its container was started again" restarted
  eventually 60 "the operator is ready" operator_ready
  eventually 90 "1 of 3 pods runs, 2 are stuck" pods_are app=dep3pod-blk 1 2
  eventually 60 "both are annotated" annotated_are app=dep3pod-blk 2
  # shellcheck disable=SC2016 # expanded in the node
  cluster exec-node "$node" sh -c 'kill -KILL "$(pgrep -o -x block-storage-o)"'
  # Healed while it is away: the annotation of a pod that runs must go when it is back.
  kubectl delete pod "$(running_pods app=dep3pod-blk)" --wait=false >/dev/null
  nobody_runs_with_an_annotation() {
    pods_are app=dep3pod-blk 1 2 && annotated_are app=dep3pod-blk 2 &&
      [ -z "$(sentence_of "$(running_pods app=dep3pod-blk)")" ]
  }
  eventually 240 "the next pod has the volume and no annotation, the others name it" nobody_runs_with_an_annotation
}

patch_plugin() { # MERGE-PATCH-OF-THE-SPEC
  kubectl patch bsp/ibmc-block --type=merge -p "{\"spec\":$1}" >/dev/null
}

# Of the plug-in; "" when it has none.
plugin_field() { # JQ-EXPRESSION
  kubectl get bsp/ibmc-block -o json | jq -r "$1 // empty"
}

condition_field() { # TYPE FIELD
  plugin_field ".status.conditions[] | select(.type == \"$1\") | .$2"
}

reason_is() { # TYPE REASON
  [ "$(condition_field "$1" reason)" = "$2" ]
}

version_is() { # VERSION
  [ "$(plugin_field .status.version)" = "$1" ]
}

image_of() { # VERSION
  printf '%s\n' "registry.local/ibmcloud-block-storage-driver:$1"
}

# What is on a node's disk, which is what mounts volumes there.
driver_on_disk() { # NODE
  cluster exec-node "$1" sh -c '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/ibm~ibmc-block/ibmc-block version' |
    jq -r .message
}

driver_on_both_disks() { # VERSION
  [ "$(driver_on_disk "$BSO_NODE_1")|$(driver_on_disk "$BSO_NODE_2")" = "$1 single-pod|$1 single-pod" ]
}

# What the operator has made, as a List.
plugin_objects() {
  {
    kubectl -n kube-system get deployments,daemonsets,serviceaccounts -l blockstorage.dev/plugin -o json &&
      kubectl get sc,clusterroles,clusterrolebindings -l blockstorage.dev/plugin -o json
  } | jq -s '{apiVersion: "v1", kind: "List", items: map(.items[])}'
}

# The same objects as a release of Helm 3 leaves them: its marks, no sign of the operator on them nor
# on their pods, and no record of who has set which field. This chart rolls both nodes at once.
as_helm_leaves_them() { # FILE-OF-A-LIST
  jq '
    def strike: if . then with_entries(select(.key | test("^(blockstorage\\.dev/|app\\.kubernetes\\.io/)") | not)) else . end;
    .items[] |= (
      .metadata |= (del(.resourceVersion, .generation) | .labels |= strike | .annotations |= strike | .managedFields = [{}])
      | .metadata.labels += {"app.kubernetes.io/managed-by": "Helm", heritage: "Helm", release: "blkstg",
          chart: "ibmcloud-block-storage-plugin-1.7.1"}
      | .metadata.annotations += {"meta.helm.sh/release-name": "blkstg", "meta.helm.sh/release-namespace": "default"}
      | if .spec.template then .spec.template.metadata |= (.labels |= strike | .annotations |= strike) else . end
      | if .kind == "DaemonSet" then .spec.updateStrategy.rollingUpdate.maxUnavailable = 2 else . end)' "$1"
}

identities() { # FILE-OF-A-LIST
  jq -r '.items[] | .kind + "/" + .metadata.name + " " + .metadata.uid' "$1" | sort
}

# Objects of a List, as they are now, that a jq condition holds for.
objects_where() { # FILE-OF-A-LIST CONDITION
  kubectl get -f "$1" -o json | jq -r ".items[] | select($2) | .kind + \"/\" + .metadata.name"
}

# [row-12] [row-13]
helm_release_is_adopted_under_a_mounted_volume() {
  local release=$work/release.json pods
  plugin_objects >"$work/objects.json"
  patch_plugin '{"deletion":{"whenVolumesExist":"Orphan"}}'
  pods=$(plugin_pods)
  kubectl delete bsp/ibmc-block --timeout=60s >/dev/null
  expect "the driver stays" driver_everywhere "$driver_image"
  expect "with the same pods" equals "$pods" "$(plugin_pods)"
  as_helm_leaves_them "$work/objects.json" >"$release"
  kubectl replace --field-manager=helm -f "$release" >/dev/null
  eventually 120 "what Helm has installed runs on both nodes" driver_everywhere "$driver_image"
  expect "all of it is Helm's" equals '' "$(objects_where "$release" '.metadata.labels["app.kubernetes.io/managed-by"] != "Helm"')"
  # The provisioner's former pod may still be about, which comes with a Deployment.
  no_plugin_pods() {
    local found
    found=$(plugin_pods) && [ -z "$found" ]
  }
  eventually 120 "no pod is known to be the operator's" no_plugin_pods
  install_plugin quickstart-plugin.yaml "$driver_image"
  no_mark_of_helm() {
    local found
    found=$(objects_where "$release" '(.metadata.labels["app.kubernetes.io/managed-by"] != "block-storage-operator")
      or .metadata.labels.heritage or .metadata.annotations["meta.helm.sh/release-name"]') && [ -z "$found" ]
  }
  eventually 30 "all of it is the operator's, and nothing Helm's" no_mark_of_helm
  kubectl get -f "$release" -o json >"$work/adopted.json"
  expect "every object is the one of before" equals "$(identities "$work/objects.json")" "$(identities "$work/adopted.json")"
  expect "nothing is wrong" condition_is Degraded False
  expect "and nobody has changed anything" reason_is DriftDetected NoDrift
  expect "what Helm keeps of the release is told" equals "kubectl delete secret -n default -l owner=helm,name=blkstg" \
    "$(plugin_field '.status.leftovers[0].remedy')"
}

# [row-27]
plugin_is_upgraded_under_a_mounted_volume() {
  local begin
  expect "both nodes mount with the driver $BSO_PLUGIN_VERSION" driver_on_both_disks "$BSO_PLUGIN_VERSION"
  begin=$(now_ns)
  patch_plugin "{\"driver\":{\"version\":\"$BSO_NEXT_VERSION\"}}"
  eventually 30 "the rollout is told of" reason_is Progressing RollingOut
  eventually 180 "the new driver is on both nodes" driver_everywhere "$(image_of "$BSO_NEXT_VERSION")"
  eventually 60 "the status has the new version" version_is "$BSO_NEXT_VERSION"
  eventually 60 "its rollout is complete" condition_is Progressing False
  figure "upgrade of two nodes, s" "$(seconds_between "$begin" "$(now_ns)")"
  expect "both nodes mount with the new driver" driver_on_both_disks "$BSO_NEXT_VERSION"
  expect "the plug-in is available" condition_is Available True
  expect "nothing is wrong" condition_is Degraded False
}

# [row-D]
broken_image_is_rolled_back_under_a_mounted_volume() {
  local was image begin
  was=$(plugin_field .status.version)
  image=$(image_of "$was")
  expect "the driver $was is on both nodes" driver_everywhere "$image"
  begin=$(now_ns)
  # The shortest deadline that the operator takes.
  patch_plugin '{"driver":{"version":"9.9.9"},"upgrade":{"progressDeadlineSeconds":60,"onFailure":"Rollback"}}'
  eventually 30 "the rollout is under way" reason_is Progressing RollingOut
  eventually 60 "the image is missed" condition_is Degraded True
  expect "no more than one node is without a driver" [ "$(driver_pods_ready)" -ge 1 ]
  # What is due does not depend on the operator that has begun it.
  kubectl -n "$BSO_NAMESPACE" delete pod "$(operator_pod)" --wait=false >/dev/null
  eventually 60 "another operator is ready" operator_ready
  eventually 150 "the status says that it is rolled back" reason_is Degraded RolledBack
  # A kubelet of 1.20 takes up to a minute and more to let go of a pod whose image never came.
  eventually 180 "the driver $was is on both nodes again" driver_everywhere "$image"
  figure "broken image to its rollback complete, s" "$(seconds_between "$begin" "$(now_ns)")"
  eventually 60 "the status has the version that runs" version_is "$was"
  eventually 30 "the rollback is complete" rolled_back_to "$was"
  expect "the message names the version that failed" contains "$(condition_field Degraded message)" 9.9.9
  expect "both nodes mount with the driver $was" driver_on_both_disks "$was"
  patch_plugin "{\"driver\":{\"version\":\"$was\"},\"upgrade\":null}"
  eventually 60 "with the old version in the spec all is well" condition_is Degraded False
  expect "the driver $was is still on both nodes" driver_everywhere "$image"
}

driver_pods_ready() {
  kubectl -n kube-system get daemonset/ibmcloud-block-storage-driver -o 'jsonpath={.status.numberReady}'
}

rolled_back_to() { # VERSION
  contains "$(condition_field Degraded message)" "was rolled back to what ran before, version $1."
}

operator_works_on_either_node() {
  local node
  for node in "$BSO_NODE_1" "$BSO_NODE_2"; do
    kubectl -n "$BSO_NAMESPACE" patch deployment/block-storage-operator --type=merge \
      -p "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"kubernetes.io/hostname\":\"$node\"}}}}}" >/dev/null
    eventually 120 "the operator is ready" operator_ready
    expect "it runs on $node" equals "$node" "$(operator_node)"
    # The pods on the other node, so that nothing depends on being near.
    if [ "$node" = "$BSO_NODE_1" ]; then story "$BSO_NODE_2"; else story "$BSO_NODE_1"; fi
    measure_memory
    clean_workloads
  done
}

# Names and identifiers of its pods, none of which is made anew when these stay.
plugin_pods() {
  kubectl -n kube-system get pods -l blockstorage.dev/plugin -o json | jq -r '.items[].metadata | .name + " " + .uid' | sort
}

# [row-10]
uninstall_waits_for_volumes_and_leaves_nothing() {
  local image pods begin
  image=$(image_of "$(plugin_field .status.version)")
  expect "the driver is on both nodes" driver_everywhere "$image"
  pods=$(plugin_pods)
  kubectl delete bsp/ibmc-block --wait=false >/dev/null
  eventually 30 "the deletion is blocked by the volume" condition_is DeletionBlocked True
  expect "the condition names the volume" contains "$(condition_field DeletionBlocked message)" pv-writer
  expect "and its claim" contains "$(condition_field DeletionBlocked message)" writer/data
  # Not just slow: it still holds after a while in which much could have gone.
  sleep 5
  expect "the deletion is still blocked" condition_is DeletionBlocked True
  expect "the driver is still on both nodes" driver_everywhere "$image"
  expect "with the same pods" equals "$pods" "$(plugin_pods)"
  expect "the classes are still there" equals 17 "$(kubectl get sc -o name | wc -l)"
  writer_ends
  begin=$(now_ns)
  plugin_gone() { [ -z "$(kubectl get bsp -o name)" ]; }
  eventually 120 "without the volume the plug-in goes" plugin_gone
  figure "last volume gone to plug-in gone, s" "$(seconds_between "$begin" "$(now_ns)")"
  # By their names: what had lost its labels would be left too.
  traces() {
    kubectl get deployments,daemonsets,serviceaccounts,pods -n kube-system -o name &&
      kubectl get sc,clusterroles,clusterrolebindings -o name
  }
  nothing_of_the_plugin() {
    local found
    found=$(traces) && ! grep -E 'ibmcloud-block-storage|ibmc-block' <<<"$found"
  }
  eventually 60 "and leaves nothing" nothing_of_the_plugin
  expect "the nine foreign classes stay, untouched" diff "$work/foreign" <(foreign_classes)
}

driver_that_shares_by_node_gets_no_annotation() {
  local pod
  install_plugin quickstart-plugin-gke.yaml "$gke_image"
  shared_volume
  start deploy-3pod-single-node.yml
  eventually 90 "all three pods run" pods_are app=dep3pod-blk 3 0
  for pod in $(running_pods app=dep3pod-blk); do
    expect "$pod has no annotation" equals '' "$(sentence_of "$pod")"
    expect "$pod was never written to" equals '' "$(operator_writes "$pod")"
  done
}
