#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real Kubernetes 1.20 with two nodes on this machine, for end-to-end tests.
#
# Usage: cluster.sh [--dir DIR] COMMAND
#
#   up                      brings it up; does nothing when it is up already, and starts
#                           again what is missing
#   down                    takes it down and removes every trace, also after a crash
#   status                  says what runs; the exit status is 0 when all does, else 3
#   env                     prints shell lines to evaluate: KUBECONFIG and more
#   load-image TAR...       loads image archives into both nodes
#   kubectl ARGUMENT...     runs kubectl as the administrator
#   exec-node NODE CMD...   runs a command inside a node
#   stop-kubelet NODE       ends the kubelet of a node; its pods go on
#   start-kubelet NODE      starts it again
#
# NODE is 10.77.0.1 or 10.77.0.2, or 1 or 2 for short.
#
# Environment:
#   BSO_CLUSTER_DIR       where it lives (default /var/tmp/block-storage-operator-cluster)
#   BSO_CLUSTER_NETWORK   the network of the nodes, a /24 that nothing else on this machine
#                         uses (default 10.77.0.0/24); the machine itself has .254 in it
#   BSO_CLUSTER_NODE_GRACE  seconds after which a node that does not report counts as lost
#                         (default 40, as everywhere); a kubelet here reports every 4 s
#   BSO_CACHE_DIR         see binaries.sh
#   USE_EXISTING_CLUSTER  "true": use the cluster that KUBECONFIG names. `up` only checks
#                         that it answers, `down` does nothing.
#
# Root is needed. The first run on a machine builds Kubernetes (6 to 10 minutes).
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

dir=${BSO_CLUSTER_DIR:-/var/tmp/block-storage-operator-cluster}
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) print_help; exit 0 ;;
    --dir)
      [ $# -ge 2 ] || die "--dir needs a directory"
      dir=$2
      shift 2
      ;;
    --dir=*) dir=${1#--dir=}; shift ;;
    -*) die "unknown option '$1'; see --help" ;;
    *) break ;;
  esac
done
command=${1:-}
[ $# -eq 0 ] || shift
case "$command" in
  up | down | status | env | load-image | stop-kubelet | start-kubelet)
    # These take --dir behind the command as well. The arguments of the other commands
    # belong to the program that is run.
    words=()
    while [ $# -gt 0 ]; do
      case "$1" in
        -h | --help) print_help; exit 0 ;;
        --dir)
          [ $# -ge 2 ] || die "--dir needs a directory"
          dir=$2
          shift
          ;;
        --dir=*) dir=${1#--dir=} ;;
        *) words+=("$1") ;;
      esac
      shift
    done
    set -- "${words[@]}"
    ;;
  kubectl | exec-node) ;;
  '') die "a command is needed; see --help" ;;
  *) die "unknown command '$command'; see --help" ;;
esac
case "$dir" in
  /*) ;;
  *) dir=$PWD/$dir ;;
esac
dir=$(realpath -m "$dir")
case "$dir" in
  *[[:space:]]*) die "the path $dir has a blank in it; choose another one" ;;
  # A node has directories of its own in these places: it would not see DIR there.
  /run/* | /var/run/* | /var/log/* | /var/lib/kubelet/* | /var/lib/containerd/* | /proc/* | /sys/*)
    die "DIR cannot be below $(cut -d/ -f1-3 <<<"$dir"); choose another one" ;;
esac

# --- another cluster ---------------------------------------------------------
if [ "${USE_EXISTING_CLUSTER:-}" = true ]; then
  existing_kubectl() {
    if command -v kubectl >/dev/null; then
      kubectl "$@"
    elif [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/kubectl" ]; then
      "$KUBEBUILDER_ASSETS/kubectl" "$@"
    else
      "$("$BSO_HERE/binaries.sh")/kubectl" "$@"
    fi
  }
  case "$command" in
    up | status)
      version=$(existing_kubectl get --raw /version) ||
        die "USE_EXISTING_CLUSTER=true, but the cluster of KUBECONFIG=${KUBECONFIG:-<unset>} does not answer"
      version=$(sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' <<<"$version")
      say "using the existing cluster of KUBECONFIG=${KUBECONFIG:-<unset>}, Kubernetes $version"
      ;;
    down) say "USE_EXISTING_CLUSTER=true: the cluster is left as it is" ;;
    env) printf 'export USE_EXISTING_CLUSTER=true\nexport KUBECONFIG=%q\n' "${KUBECONFIG:-}" ;;
    kubectl) existing_kubectl "$@" ;;
    *) die "'$command' is not possible with USE_EXISTING_CLUSTER=true" ;;
  esac
  exit 0
fi

# --- names and addresses -----------------------------------------------------
network=${BSO_CLUSTER_NETWORK:-10.77.0.0/24}
# A cluster that is up keeps the network it came up with.
if [ -s "$dir/network" ]; then network=$(cat "$dir/network"); fi
[[ "$network" =~ ^([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\.0/24$ ]] ||
  die "BSO_CLUSTER_NETWORK=$network: a network like 10.77.0.0/24 is needed"
prefix=${BASH_REMATCH[1]}
node_names=("$prefix.1" "$prefix.2")
control_address=$prefix.10
machine_address=$prefix.254
# Inside the namespaces only, so they cannot collide with anything.
pod_networks=(172.30.1.0/24 172.30.2.0/24)
all_pods=172.30.0.0/16
services=10.96.0.0/24
node_grace=${BSO_CLUSTER_NODE_GRACE:-40}
[[ "$node_grace" =~ ^[1-9][0-9]{0,3}$ ]] || die "BSO_CLUSTER_NODE_GRACE=$node_grace: a number of seconds is needed"
api_url=https://$control_address:6443

# Requests inside the cluster must not go to a proxy that the environment names.
NO_PROXY=127.0.0.1,localhost,$network,$services,$all_pods${NO_PROXY:+,$NO_PROXY}
export NO_PROXY no_proxy=$NO_PROXY

# Names that must be unique on the machine carry a mark of the directory.
mark=$(sha256sum <<<"$dir" | cut -c1-6)
machine_interface=bso-$mark
cgroup=block-storage-operator-$mark
memory_dir=/dev/shm/bso-cluster-$mark
run=$dir/run
logs=$dir/logs
pki=$dir/pki
control=$dir/control

node_dir() { # NODE
  printf '%s/nodes/%s\n' "$dir" "$1"
}

flexvolume_dir() { # NODE
  printf '%s/usr-libexec-kubernetes/kubelet-plugins/volume/exec\n' "$(node_dir "$1")"
}

node_argument() { # WORD
  case "${1:-}" in
    1 | "${node_names[0]}") printf '%s\n' "${node_names[0]}" ;;
    2 | "${node_names[1]}") printf '%s\n' "${node_names[1]}" ;;
    *) die "'${1:-}' is no node; the nodes are ${node_names[*]}" ;;
  esac
}

need_root() {
  [ "$(id -u)" = 0 ] || die "'$command' needs root; run it with sudo"
}

find_binaries() {
  if [ -s "$dir/binaries" ] && [ -x "$(cat "$dir/binaries")/kubelet" ]; then
    bin=$(cat "$dir/binaries")
  else
    bin=$("$BSO_HERE/binaries.sh")
  fi
}

kubectl() {
  "$bin/kubectl" --kubeconfig "$dir/kubeconfig" "$@"
}

# --- namespaces --------------------------------------------------------------
node_pid() { # NODE
  # `unshare` and the first process of the node live and end together.
  live_pid "$run/$1-init.pid" >/dev/null && cat "$(node_dir "$1")/init.ready" 2>/dev/null
}

# For start_daemon, and as a command prefix.
enter_node() { # NODE
  local pid
  pid=$(node_pid "$1") || die "node $1 is not up; run: $0 --dir $dir up"
  BSO_ENTER=(nsenter -t "$pid" --mount --net --pid --uts --)
  BSO_ENTER_PROC=$(node_dir "$1")/machine-proc
}

enter_control() {
  local pid
  pid=$(live_pid "$run/control-net.pid") || die "the control plane is not up; run: $0 --dir $dir up"
  BSO_ENTER=(nsenter -t "$pid" --net --)
  BSO_ENTER_PROC=/proc
}

enter_nothing() {
  BSO_ENTER=()
  BSO_ENTER_PROC=/proc
}

# A daemon that ends at once has a reason in its log.
ensure_daemon() { # NAME COMMAND...
  local name=$1
  shift
  if live_pid "$run/$name.pid" >/dev/null; then return 0; fi
  start_daemon "$run/$name.pid" "$logs/$name.log" "$@"
}

show_log() { # NAME
  echo "--- the end of $logs/$1.log" >&2
  tail -n 12 "$logs/$1.log" >&2 2>/dev/null || true
}

# --- up ----------------------------------------------------------------------
check_machine() {
  local route width type
  need_root
  "$BSO_HERE/install-packages.sh" control-plane nodes
  type=$(stat -fc %T /sys/fs/cgroup 2>/dev/null || true)
  if [ "$type" = cgroup2fs ] && [ "${BSO_ALLOW_CGROUP_V2:-}" != true ]; then
    die "this machine has cgroup version 2 only, which Kubernetes 1.20 does not handle well; boot it with systemd.unified_cgroup_hierarchy=0 on the kernel's command line (or set BSO_ALLOW_CGROUP_V2=true to try)"
  fi
  for type in cpu memory pids; do
    [ "${BSO_ALLOW_CGROUP_V2:-}" = true ] || [ -d "/sys/fs/cgroup/$type" ] ||
      die "the cgroup controller '$type' is not mounted at /sys/fs/cgroup/$type; mount it: mount -t cgroup -o $type cgroup /sys/fs/cgroup/$type"
  done
  # Where the kernel has these as modules. Where it has them built in there is nothing to load.
  modprobe -qa overlay bridge veth br_netfilter nf_conntrack xt_comment xt_MASQUERADE 2>/dev/null || true

  ip link show dev "$machine_interface" >/dev/null 2>&1 && return 0
  # Routes inside our network, and routes around it. A wide one (a VPN's 10.0.0.0/8, say)
  # does no harm: ours is more specific.
  while read -r route; do
    [ -n "$route" ] || continue
    width=${route%% *}
    case "$width" in
      default | */[0-9] | */1[0-5]) continue ;;
    esac
    die "this machine has a route '$route' already; set BSO_CLUSTER_NETWORK to a free network, 10.78.0.0/24 for example"
  done < <(ip -4 route show root "$network" 2>/dev/null; ip -4 route show match "$network" 2>/dev/null)
}

# The directories that a node gets of its own must exist on the machine to be mounted on.
# All clusters of the machine share these. A directory that was made for that is marked;
# the last cluster to go removes it.
mount_points=(/var/lib/kubelet /var/lib/containerd /var/lib/cni /etc/cni /usr/libexec /usr/libexec/kubernetes)
mount_point_marker=.made-for-test-clusters

# One cluster at a time looks for others and makes or removes directories. A directory
# serves as the lock, so that no file is left.
with_mount_points_locked() { # COMMAND...
  exec 7</var/lib
  flock 7
  "$@"
  exec 7<&-
}

make_mount_points() {
  local path
  for path in "${mount_points[@]}"; do
    [ ! -d "$path" ] || continue
    rm -rf "$path.new"
    mkdir "$path.new"
    echo 'An empty directory for the test clusters of block-storage-operator.' >"$path.new/$mount_point_marker"
    mv -T "$path.new" "$path"
  done
}

remove_mount_points() {
  local i path
  # To remove a directory would undo the mount of another cluster's node on it.
  if grep -qsz '[n]ode-init.sh' /proc/[0-9]*/cmdline; then return 0; fi
  for ((i = ${#mount_points[@]} - 1; i >= 0; i--)); do
    path=${mount_points[i]}
    [ -f "$path/$mount_point_marker" ] || continue
    # Somebody else may have found a use for it.
    if [ "$(ls -A "$path")" = "$mount_point_marker" ]; then
      rm -f "$path/$mount_point_marker"
      rmdir "$path" 2>/dev/null || true
    fi
  done
}

make_namespaces() {
  local name i pid control_pid
  enter_nothing
  ensure_daemon control-net unshare --net -- sleep infinity
  control_pid=$(live_pid "$run/control-net.pid")
  # The daemon is a shell at first; it has its own network only when it has become `sleep`.
  wait_for 5 grep -qx sleep "/proc/$control_pid/comm" || die "the network of the control plane did not come up"
  enter_control
  "${BSO_ENTER[@]}" ip link set lo up
  "${BSO_ENTER[@]}" ip link add br0 type bridge
  "${BSO_ENTER[@]}" ip address add "$control_address/24" dev br0
  "${BSO_ENTER[@]}" ip link set br0 up
  # What nodes send anywhere else is refused here, at once, instead of leaving the machine.
  "${BSO_ENTER[@]}" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables' 2>/dev/null || true

  ip link add "$machine_interface" type veth peer name machine netns "$control_pid"
  ip address add "$machine_address/24" dev "$machine_interface"
  ip link set "$machine_interface" up
  "${BSO_ENTER[@]}" ip link set machine master br0 up

  for i in 0 1; do
    name=${node_names[i]}
    mkdir -p "$(node_dir "$name")"
    rm -f "$(node_dir "$name")/init.ready"
    enter_nothing
    ensure_daemon "$name-init" unshare --mount --net --pid --uts --fork --kill-child \
      "$BSO_HERE/node-init.sh" "$(node_dir "$name")" "$name"
    wait_for 10 test -s "$(node_dir "$name")/init.ready" || {
      show_log "$name-init"
      die "the namespaces of node $name did not come up"
    }
    pid=$(node_pid "$name")
    ip link add eth0 netns "$pid" type veth peer name "node-$((i + 1))" netns "$control_pid"
    enter_control
    "${BSO_ENTER[@]}" ip link set "node-$((i + 1))" master br0 up
    "${BSO_ENTER[@]}" ip route add "${pod_networks[i]}" via "$name"
    enter_node "$name"
    # shellcheck disable=SC2016 # expanded by that shell
    "${BSO_ENTER[@]}" bash -euc '
      ip address add "$1/24" dev eth0
      ip link set eth0 up
      ip route add default via "$2"
      ip route add "$3" via "$4"
      echo 1 >/proc/sys/net/ipv4/ip_forward
      # There is no DNS in the cluster. Who asks shall hear so at once.
      for protocol in udp tcp; do
        for chain in FORWARD OUTPUT; do
          iptables -w -A $chain -d 10.96.0.10 -p $protocol --dport 53 -j REJECT
        done
      done
      # Pods reach the machine, which knows no way back to them, under the name of their node.
      iptables -w -t nat -A POSTROUTING -s "$5" ! -d "$6" -o eth0 -j MASQUERADE
    ' network "$name" "$control_address" "${pod_networks[1 - i]}" "${node_names[1 - i]}" "${pod_networks[i]}" "$all_pods"
  done
  enter_nothing
}

make_mount_points_and_namespaces() {
  make_mount_points
  make_namespaces
}

make_certificates() {
  local name new=$dir/pki.new who
  rm -rf "$new"
  mkdir -p "$new"
  chmod 700 "$new"
  make_ca "$new/ca" "block-storage-operator test cluster"
  make_cert "$new/ca" "$new/apiserver" /CN=kube-apiserver \
    "IP:$control_address,IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
  make_cert "$new/ca" "$new/admin" /O=system:masters/CN=admin
  make_cert "$new/ca" "$new/apiserver-kubelet-client" /O=system:masters/CN=kube-apiserver-kubelet-client
  for who in kube-controller-manager kube-scheduler kube-proxy; do
    make_cert "$new/ca" "$new/$who" "/CN=system:$who"
  done
  for name in "${node_names[@]}"; do
    make_cert "$new/ca" "$new/kubelet-$name" "/O=system:nodes/CN=system:node:$name" "IP:$name,DNS:$name"
  done
  make_signing_key "$new/sa"
  write_kubeconfig "$dir/kubeconfig" "$api_url" "$new/ca.crt" cert "$new/admin"
  for who in kube-controller-manager kube-scheduler kube-proxy; do
    write_kubeconfig "$new/$who.kubeconfig" "$api_url" "$new/ca.crt" cert "$new/$who"
  done
  for name in "${node_names[@]}"; do
    write_kubeconfig "$new/kubelet-$name.kubeconfig" "$api_url" "$new/ca.crt" cert "$new/kubelet-$name"
  done
  write_audit_policy "$new/audit-policy.yaml"
  mv "$new" "$pki"
}

# Into every node, and where kube-controller-manager looks, which reads it only at start.
# Nothing else is installed here: the other driver is what the operator brings.
install_attachable_driver() {
  local name target data=$dir/volumes
  # The data must be on another device than the kubelet's directory: it tells by the
  # number of the device whether a volume is still mounted.
  if [ -d "$memory_dir" ]; then data=$memory_dir/volumes; fi
  mkdir -p "$data"
  for target in "$control/flexvolume" "$(flexvolume_dir "${node_names[0]}")" "$(flexvolume_dir "${node_names[1]}")"; do
    name=$target/example.com~attachable
    mkdir -p "$name"
    sed "s,^DATA_DIR=.*,DATA_DIR=$data," "$BSO_HERE/drivers/attachable" >"$name/.attachable.new"
    chmod 755 "$name/.attachable.new"
    mv "$name/.attachable.new" "$name/attachable"
  done
}

write_node_files() { # INDEX
  local name=${node_names[$1]} node snapshotter=overlayfs
  node=$(node_dir "$name")
  # One overlay cannot be stacked on another one as its upper half.
  if [ "$(stat -fc %T "$dir")" = overlayfs ]; then snapshotter=native; fi
  mkdir -p "$node/etc-cni/net.d" "$node/var-log/pods" "$node/var-log/containers" "$(flexvolume_dir "$name")"
  cat >"$node/containerd.toml" <<END
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins]
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "registry.local/pause:1"
    # Machines that are containers themselves often lack the right to lower the score.
    restrict_oom_score_adj = true
    disable_apparmor = true
    [plugins."io.containerd.grpc.v1.cri".containerd]
      snapshotter = "$snapshotter"
      default_runtime_name = "runc"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
END
  cat >"$node/etc-cni/net.d/10-bridge.conflist" <<END
{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isGateway": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "ranges": [[{"subnet": "${pod_networks[$1]}"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/var/lib/cni/networks"
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
END
  # The machine's own resolver may be at an address that a node does not reach.
  printf 'nameserver 10.96.0.10\n' >"$node/resolv.conf"
  cat >"$node/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  x509: {clientCAFile: $pki/ca.crt}
tlsCertFile: $pki/kubelet-$name.crt
tlsPrivateKeyFile: $pki/kubelet-$name.key
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup/$name
cgroupsPerQOS: true
enforceNodeAllocatable: []
failSwapOn: false
# The default is 10 s: a new node would be not ready for that long.
nodeStatusUpdateFrequency: 4s
# The default is a minute, for which a pod whose containers have ended often stays Terminating.
syncFrequency: 2s
# A full disk of the machine is not the tests' matter, and images cannot be pulled again.
evictionHard: {}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
featureGates: {LocalStorageCapacityIsolation: false}
volumePluginDir: /usr/libexec/kubernetes/kubelet-plugins/volume/exec
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: $node/resolv.conf
END
}

start_control_plane() {
  local data=$dir/etcd
  enter_control
  if [ -d "$memory_dir/etcd" ]; then data=$memory_dir/etcd; fi
  ensure_daemon etcd "$bin/etcd" --name test --data-dir "$data" \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster test=http://127.0.0.1:2380 --quota-backend-bytes 8589934592 --log-level warn
  wait_for 20 "${BSO_ENTER[@]}" curl -sf --noproxy '*' --max-time 2 http://127.0.0.1:2379/health || {
    show_log etcd
    die "etcd did not become healthy in 20 s"
  }
  # --enable-aggregator-routing: there is no kube-proxy here, so webhooks behind a service
  # are called at the addresses of their pods.
  ensure_daemon kube-apiserver "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
    --bind-address=0.0.0.0 --advertise-address="$control_address" --secure-port=6443 --insecure-port=0 \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --service-cluster-ip-range="$services" --enable-aggregator-routing=true \
    --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
    --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" \
    --kubelet-client-key="$pki/apiserver-kubelet-client.key" \
    --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --audit-policy-file="$pki/audit-policy.yaml" --audit-log-path="$logs/audit.log"
  wait_for 60 api_ready || {
    show_log kube-apiserver
    die "kube-apiserver did not become ready in 60 s"
  }
  # A short sync period: otherwise a hand-made volume takes 15 s to bind.
  ensure_daemon kube-controller-manager env ATTACHABLE_LOG="$logs/attachable-controller.log" \
    "$bin/kube-controller-manager" --kubeconfig="$pki/kube-controller-manager.kubeconfig" --leader-elect=false \
    --use-service-account-credentials=true --service-account-private-key-file="$pki/sa.key" \
    --root-ca-file="$pki/ca.crt" --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
    --flex-volume-plugin-dir="$control/flexvolume" --pvclaimbinder-sync-period=5s \
    --node-monitor-grace-period="${node_grace}s"
  ensure_daemon kube-scheduler "$bin/kube-scheduler" --kubeconfig="$pki/kube-scheduler.kubeconfig" --leader-elect=false
  enter_nothing
}

api_ready() {
  curl -sf --noproxy '*' --max-time 5 --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" \
    "$api_url/readyz" | grep -qx ok
}

start_containerd() { # NODE
  enter_node "$1"
  ensure_daemon "$1-containerd" containerd --config "$(node_dir "$1")/containerd.toml"
  wait_for 30 "${BSO_ENTER[@]}" ctr -a /run/containerd/containerd.sock version || {
    show_log "$1-containerd"
    die "containerd of node $1 did not answer in 30 s"
  }
  enter_nothing
}

start_kubelet() { # NODE
  local controller
  # The kubelet sets limits for all pods together here, and complains when it is missing.
  for controller in /sys/fs/cgroup/*/; do
    [ ! -e "$controller/cgroup.procs" ] || mkdir -p "$controller/$cgroup/$1"
  done
  enter_node "$1"
  # --provider-id: clouds name their machines, and drivers call them so.
  ensure_daemon "$1-kubelet" "$bin/kubelet" --config="$(node_dir "$1")/kubelet.yaml" \
    --kubeconfig="$pki/kubelet-$1.kubeconfig" --hostname-override="$1" --node-ip="$1" \
    --provider-id="test:///machine-${1##*.}" \
    --container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock
  enter_nothing
}

start_kube_proxy() { # NODE
  enter_node "$1"
  # --masquerade-all: without br_netfilter in the kernel an answer between two pods of one
  # node would go around the translation of addresses.
  ensure_daemon "$1-kube-proxy" "$bin/kube-proxy" --kubeconfig="$pki/kube-proxy.kubeconfig" \
    --hostname-override="$1" --proxy-mode=iptables --cluster-cidr="$all_pods" --masquerade-all=true \
    --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
  enter_nothing
}

load_image() { # NODE TAR
  local pid log=$logs/$1-images.log
  pid=$(node_pid "$1") || die "node $1 is not up; run: $0 --dir $dir up"
  # Through standard input: the node may not see the place where the archive is.
  nsenter -t "$pid" --mount --net --pid --uts -- \
    ctr -a /run/containerd/containerd.sock -n k8s.io images import - <"$2" >>"$log" 2>&1 || {
    tail -n 3 "$log" >&2
    die "cannot load $2 into node $1"
  }
}

nodes_ready() {
  [ "$(kubectl get nodes -o 'jsonpath={range .items[*]}{range .status.conditions[?(@.type=="Ready")]}{.status}{"\n"}{end}{end}' | grep -cx True)" = 2 ]
}

default_token_ready() {
  [ -n "$(kubectl get serviceaccount default -o 'jsonpath={.secrets[0].name}')" ]
}

# Everything runs and answers.
all_daemons() {
  local name
  printf '%s\n' control-net etcd kube-apiserver kube-controller-manager kube-scheduler
  for name in "${node_names[@]}"; do
    printf '%s\n' "$name-init" "$name-containerd" "$name-kubelet" "$name-kube-proxy"
  done
}

is_up() {
  local name
  [ -f "$dir/complete" ] || return 1
  for name in $(all_daemons); do
    live_pid "$run/$name.pid" >/dev/null || return 1
  done
  api_ready && nodes_ready
}

# The namespaces cannot be mended one by one: links between them end with either side.
namespaces_are_whole() {
  [ -f "$dir/namespaces" ] && [ -d "$pki" ] && live_pid "$run/control-net.pid" >/dev/null &&
    node_pid "${node_names[0]}" >/dev/null && node_pid "${node_names[1]}" >/dev/null
}

up() {
  local name i background
  if [ -d "$dir" ] && [ -s "$dir/binaries" ]; then
    find_binaries
    if is_up; then
      say "already up: $api_url, KUBECONFIG=$dir/kubeconfig"
      return 0
    fi
  fi
  check_machine
  find_binaries
  if [ -d "$dir/run" ] && ! namespaces_are_whole; then
    say "an earlier cluster is there in parts; removing it"
    down || die "what is left of the earlier cluster cannot be removed, see above"
    mkdir -p "$dir"
  fi
  mkdir -p "$run" "$logs" "$control/flexvolume" "$dir/nodes"
  printf '%s\n' "$network" >"$dir/network"
  printf '%s\n' "$bin" >"$dir/binaries"

  if ! namespaces_are_whole; then
    say "making the namespaces and networks of two nodes"
    with_mount_points_locked make_mount_points_and_namespaces
    make_certificates
    if [ -w /dev/shm ]; then
      mkdir -p "$memory_dir"
      chmod 700 "$memory_dir"
      # In memory when there is room: etcd waits for the disk at every write.
      if [ "$(df -Pm /dev/shm | awk 'NR == 2 { print $4 }')" -ge 512 ]; then mkdir -p "$memory_dir/etcd"; fi
    fi
    install_attachable_driver
    write_node_files 0
    write_node_files 1
    touch "$dir/namespaces"
  fi

  say "starting containerd, and loading images meanwhile"
  for name in "${node_names[@]}"; do start_containerd "$name"; done
  (
    exec 8>&-
    [ -s "$dir/images/shell-1.tar" ] || "$BSO_HERE/images/build.sh" "$dir/images" pause shell 2>>"$logs/images.log"
    for name in "${node_names[@]}"; do
      load_image "$name" "$dir/images/pause-1.tar"
      load_image "$name" "$dir/images/shell-1.tar"
    done
  ) &
  background=$!

  say "starting the control plane"
  start_control_plane
  wait "$background" || die "the images pause and shell could not be loaded; see $logs/images.log"

  say "starting kubelet and kube-proxy on ${node_names[*]}"
  for name in "${node_names[@]}"; do
    start_kubelet "$name"
    start_kube_proxy "$name"
  done
  say "waiting for the nodes to be ready"
  wait_for 90 nodes_ready || {
    for name in "${node_names[@]}"; do show_log "$name-kubelet"; done
    kubectl get nodes -o wide >&2 || true
    die "the nodes did not become ready in 90 s; their logs are in $logs"
  }
  wait_for 30 default_token_ready || {
    show_log kube-controller-manager
    die "the default ServiceAccount got no token in 30 s"
  }
  for i in $(all_daemons); do
    live_pid "$run/$i.pid" >/dev/null || {
      show_log "$i"
      die "$i has ended"
    }
  done
  touch "$dir/complete"
  say "up: $api_url, KUBECONFIG=$dir/kubeconfig"
}

# --- down --------------------------------------------------------------------
stop_node() { # NODE
  local pid i
  # The kubelet first, or it would start again what ends.
  stop_by_pid_file "$run/$1-kubelet.pid" 3
  stop_by_pid_file "$run/$1-kube-proxy.pid" 2
  if pid=$(node_pid "$1"); then
    # The kernel ends every process of the node with its first one, containers included,
    # and `unshare` ends only after the last of them.
    kill -KILL "$pid" 2>/dev/null || true
    for ((i = 0; i < 300; i++)); do
      live_pid "$run/$1-init.pid" >/dev/null || break
      sleep 0.05
    done
  fi
  stop_by_pid_file "$run/$1-init.pid" 2
}

remove_cgroups() {
  local i path
  for ((i = 0; i < 50; i++)); do
    for path in /sys/fs/cgroup/"$cgroup" /sys/fs/cgroup/*/"$cgroup"; do
      [ -d "$path" ] && find "$path" -depth -type d -exec rmdir {} \; 2>/dev/null
    done
    compgen -G "/sys/fs/cgroup/*/$cgroup" >/dev/null || [ -d "/sys/fs/cgroup/$cgroup" ] || return 0
    sleep 0.1
  done
}

mounts_below() { # DIR
  awk -v dir="$1/" '{ if (index($5 "/", dir) == 1) print $5 }' /proc/self/mountinfo
}

# Processes of the cluster: their command line names DIR or they are in its cgroup.
remaining_processes() {
  local path pid line
  for path in /proc/[0-9]*; do
    pid=${path#/proc/}
    [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ] || continue
    line=$({ tr '\0' ' ' <"$path/cmdline"; } 2>/dev/null) || continue
    if [[ "$line" == *"$dir/run/"* || "$line" == *"$dir/nodes/"* || "$line" == *"$dir/pki/"* || "$line" == *"$dir/etcd"* ||
      "$line" == *"$memory_dir"* ]] || grep -qs "/$cgroup" "$path/cgroup"; then
      printf '%s %s\n' "$pid" "${line:0:150}"
    fi
  done
}

down() {
  local name path leaks=() line
  for name in "${node_names[@]}"; do stop_node "$name"; done
  for name in kube-scheduler kube-controller-manager kube-apiserver etcd; do
    stop_by_pid_file "$run/$name.pid" 2
  done
  stop_by_pid_file "$run/control-net.pid" 1
  for name in "${node_names[@]}"; do
    stop_by_pid_file "$run/$name-containerd.pid" 1
  done
  ip link delete "$machine_interface" 2>/dev/null || true
  remove_cgroups
  # There should be none: mounts of a node end with it.
  while read -r path; do
    [ -n "$path" ] || continue
    umount -l "$path" 2>/dev/null || true
  done < <(mounts_below "$dir" | tac)

  # Not while something is mounted there: that would be somebody's data.
  if [ -z "$(mounts_below "$dir")" ] && [ -d "$dir" ]; then
    # Some kernels let go of a dying namespace's mounts only a moment later.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      rm -rf --one-file-system "$dir" 2>/dev/null && break
      sleep 0.3
    done
  fi
  rm -rf "$memory_dir"
  with_mount_points_locked remove_mount_points

  # Whatever remains is a fault of this script; better to know.
  while read -r line; do [ -z "$line" ] || leaks+=("process: $line"); done < <(remaining_processes)
  while read -r line; do [ -z "$line" ] || leaks+=("mount: $line"); done < <(mounts_below "$dir")
  if ip link show dev "$machine_interface" >/dev/null 2>&1; then leaks+=("interface: $machine_interface"); fi
  while read -r line; do [ -z "$line" ] || leaks+=("cgroup: $line"); done < <(compgen -G "/sys/fs/cgroup/*/$cgroup" || true)
  for path in "$dir" "$memory_dir"; do
    [ ! -e "$path" ] || leaks+=("directory: $path")
  done
  if [ ${#leaks[@]} -gt 0 ]; then
    warn "these remain:"
    printf '  %s\n' "${leaks[@]}" >&2
    return 1
  fi
  say "down, nothing remains"
}

# --- the commands ------------------------------------------------------------
# Two calls for one directory at the same time take turns. The lock is beside DIR, which
# `down` removes.
take_lock() {
  mkdir -p "$(dirname "$dir")"
  exec 8>"${dir}.lock"
  flock -w 300 8 || die "another $BSO_PROGRAM works on $dir for five minutes; wait for it, or end it"
}

need_up() {
  [ -s "$dir/binaries" ] || die "there is no cluster in $dir; run: $0 --dir $dir up"
  find_binaries
}

case "$command" in
  up)
    need_root
    take_lock
    up
    ;;

  down)
    need_root
    take_lock
    status=0
    down || status=1
    rm -f "${dir}.lock"
    exit $status
    ;;

  status)
    if [ ! -d "$dir/run" ]; then
      say "down: there is no cluster in $dir"
      exit 3
    fi
    need_up
    for name in $(all_daemons); do
      if pid=$(live_pid "$run/$name.pid"); then
        printf '%-32s pid %s\n' "$name" "$pid"
      else
        printf '%-32s NOT RUNNING\n' "$name"
      fi
    done
    kubectl get nodes -o wide --request-timeout=5s || true
    if is_up; then
      say "up: $api_url, KUBECONFIG=$dir/kubeconfig"
    else
      say "not whole; '$0 up' starts what is missing"
      exit 3
    fi
    ;;

  env)
    need_up
    cat <<END
export BSO_CLUSTER_DIR=$dir
export KUBECONFIG=$dir/kubeconfig
export BSO_KUBECTL=$bin/kubectl
export BSO_API_URL=$api_url
export BSO_CA=$pki/ca.crt
export BSO_NODE_1=${node_names[0]}
export BSO_NODE_2=${node_names[1]}
export BSO_NODE_DIR_1=$(node_dir "${node_names[0]}")
export BSO_NODE_DIR_2=$(node_dir "${node_names[1]}")
export BSO_PLUGIN_DIR_1=$(flexvolume_dir "${node_names[0]}")
export BSO_PLUGIN_DIR_2=$(flexvolume_dir "${node_names[1]}")
export BSO_MACHINE_ADDRESS=$machine_address
export BSO_AUDIT_LOG=$logs/audit.log
export BSO_LOG_DIR=$logs
export NO_PROXY=$NO_PROXY
END
    ;;

  load-image)
    need_root
    need_up
    [ $# -gt 0 ] || die "load-image needs an image archive"
    for tar in "$@"; do
      [ -r "$tar" ] || die "cannot read $tar"
      for name in "${node_names[@]}"; do load_image "$name" "$tar"; done
      say "loaded $tar"
    done
    ;;

  kubectl)
    need_up
    exec "$bin/kubectl" --kubeconfig "$dir/kubeconfig" "$@"
    ;;

  exec-node)
    need_root
    need_up
    name=$(node_argument "${1:-}")
    shift
    [ $# -gt 0 ] || set -- bash
    enter_node "$name"
    exec "${BSO_ENTER[@]}" "$@"
    ;;

  stop-kubelet)
    need_root
    need_up
    name=$(node_argument "${1:-}")
    stop_by_pid_file "$run/$name-kubelet.pid" 10
    say "the kubelet of $name has ended"
    ;;

  start-kubelet)
    need_root
    need_up
    name=$(node_argument "${1:-}")
    start_kubelet "$name"
    say "the kubelet of $name runs"
    ;;
esac
