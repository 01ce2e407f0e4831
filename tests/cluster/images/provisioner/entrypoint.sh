#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The stand-in of the provisioner image: says its version and waits for the end.
set -u
echo "stand-in of the provisioner, version $(cat /provisioner/version)"
child=
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; echo "ending"; exit 0' TERM INT
while :; do
  # In the background: a shell handles a signal only between two commands.
  sleep 3600 &
  child=$!
  wait "$child"
done
