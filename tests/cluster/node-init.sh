#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first process of a test node. cluster.sh starts it in new mount, network, process
# and host name namespaces; it is of no use elsewhere.
#
# Usage: node-init.sh NODE-DIR HOSTNAME
#
# It gives the node directories of its own where the programs of a node keep theirs, and
# then only waits and reaps. When it ends, the kernel ends every process of the node and
# drops every mount of it: nothing that runs in a node can be left behind.
set -euo pipefail
if [ $# -ne 2 ]; then
  echo "node-init.sh is started by cluster.sh; see there" >&2
  exit 2
fi
node=$1
name=$2

# /proc is still that of the machine: this is the pid by which the machine knows us.
read -r stat </proc/self/stat
host_pid=${stat%% *}
mkdir -p "$node/machine-proc"
mount --bind /proc "$node/machine-proc"
mount -t proc -o nosuid,nodev,noexec proc /proc
hostname "$name"

# Often a link into /run, which is another one in a moment.
resolver=$(readlink -f /etc/resolv.conf || true)

# Everything is still private here (unshare did that), so no mount made below can show up
# on the machine. /sys stays: a new one would hide /sys/fs/cgroup.
own() { # DIRECTORY-OF-THE-NODE SOURCE
  mkdir -p "$node/$2"
  mount --bind "$node/$2" "$1"
}
own /var/lib/kubelet var-lib-kubelet
own /var/lib/containerd var-lib-containerd
own /var/lib/cni var-lib-cni
own /etc/cni etc-cni
own /usr/libexec/kubernetes usr-libexec-kubernetes
own /var/log var-log
# Sockets, locks and the network namespaces of pods. Gone with the node.
mount -t tmpfs -o mode=755,size=256m tmpfs /run
mkdir -p /run/containerd /run/lock /run/netns
[ -d /var/run ] || [ -L /var/run ] || mkdir -p /var/run

# A node reaches no name server. The kubelet asks for names of cloud providers when it
# starts; here it hears at once that there is no answer.
if [ -n "$resolver" ]; then
  if [[ "$resolver" == /run/* ]]; then mkdir -p "${resolver%/*}" && touch "$resolver"; fi
  if [ -f "$resolver" ]; then
    echo 'nameserver 127.0.0.1' >"$node/node-resolv.conf"
    mount --bind "$node/node-resolv.conf" "$resolver"
  fi
fi

# Only now, when nothing of the machine is in the same group any more: mounts in pods
# with mountPropagation Bidirectional reach the node and its other pods.
mount --make-rshared /

ip link set lo up
echo "$host_pid" >"$node/init.ready.tmp"
mv "$node/init.ready.tmp" "$node/init.ready"

trap 'exit 0' TERM
while :; do
  sleep 86400 &
  wait $! || true
done
