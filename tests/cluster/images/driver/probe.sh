#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Healthy is a node that has the driver of this image, whole.
# shellcheck source=common.sh
. /driver/common.sh
is_installed && exit 0
echo "$directory/ibmc-block is missing or is not version $(cat /driver/version), $RWO_SEMANTICS" >&2
exit 1
