# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced, never run.

# The causes, as annotations name them. C16 and C17 are none: nothing may be claimed.
# shellcheck disable=SC2034 # for the scripts that source this file
causes=(
  "C1 ReplicasShareSinglePodVolume"
  "C2 ReplicasSpreadAcrossNodes"
  "C3 RolloutDeadlock"
  "C4 SharedByOtherWorkload"
  "C5 HolderTerminating"
  "C6 HolderOnLostNode"
  "C7 StatefulSetPodOnLostNode"
  "C8 DetachPending"
  "C9 StaleAttachment"
  "C10 OrphanedMount"
  "C11 HeldOutsideCluster"
  "C12 TwoVolumesOneDisk"
  "C13 ReadWriteOncePodConflict"
  "C14 SELinuxContextConflict"
  "C15 NodeSideExclusive"
  "C16 NotAnRwoConflict"
  "C17 DriverBusy"
  "C18 UnknownExclusive"
)
