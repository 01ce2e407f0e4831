# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the entry point and the probe share.

RWO_SEMANTICS=${RWO_SEMANTICS:-single-pod}
case "$RWO_SEMANTICS" in
  single-pod | single-node) ;;
  *)
    echo "RWO_SEMANTICS is '$RWO_SEMANTICS'; it must be single-pod or single-node" >&2
    exit 1
    ;;
esac
directory=${FLEXVOLUME_DIR:-/flexvolume}/ibm~ibmc-block

# The driver as it is to be on the node.
wanted() {
  sed -e "s/^VERSION=.*/VERSION=$(cat /driver/version)/" -e "s/^RWO_SEMANTICS=.*/RWO_SEMANTICS=$RWO_SEMANTICS/" /driver/ibmc-block
}

is_installed() {
  [ -x "$directory/ibmc-block" ] && wanted | cmp -s - "$directory/ibmc-block"
}
