#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The stand-in of the driver image: puts the FlexVolume driver where the kubelet of this
# node looks for it, keeps it there, and waits for the end.
#
#   FLEXVOLUME_DIR  the node's FlexVolume directory, as this container sees it
#   RWO_SEMANTICS   single-pod (the default) or single-node, see /driver/ibmc-block
set -u
# shellcheck source=common.sh
. /driver/common.sh

# By rename, so that the kubelet, which may look at any moment, sees the whole file or
# none. It does not look at names with a dot in front.
install_driver() {
  temporary=$directory/.ibmc-block.$$
  if mkdir -p "$directory" && wanted >"$temporary" && chmod 755 "$temporary" &&
    sync "$temporary" && mv -f "$temporary" "$directory/ibmc-block"; then
    echo "installed version $(cat /driver/version), $RWO_SEMANTICS, as $directory/ibmc-block"
  else
    rm -f "$temporary"
    echo "cannot install $directory/ibmc-block; trying again" >&2
  fi
}

child=
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; echo "ending"; exit 0' TERM INT
while :; do
  is_installed || install_driver
  # In the background: a shell handles a signal only between two commands.
  sleep 5 &
  child=$!
  wait "$child"
done
