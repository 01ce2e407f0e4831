// SPDX-License-Identifier: Apache-2.0
#include "cluster/disk_sources.h"

#include <algorithm>
#include <array>
#include <span>

namespace bso::cluster::wire {

namespace {

// core/v1 VolumeSource.
constexpr std::array<DiskSource, 5> kPodSources{{
    {3, "kubernetes.io/gce-pd", 1, 4},
    {4, "kubernetes.io/aws-ebs", 1, 4},
    {13, "kubernetes.io/cinder", 1, 3},
    {20, "kubernetes.io/vsphere-volume", 1, 0},
    {22, "kubernetes.io/azure-disk", 2, 5},
}};

// core/v1 PersistentVolumeSource. An identity is given only where one text names one disk in the
// whole cluster: the same path, portal or export on two nodes may well be two disks.
constexpr std::array<DiskSource, 20> kPersistentSources{{
    {1, "kubernetes.io/gce-pd", 1, 4},
    {2, "kubernetes.io/aws-ebs", 1, 4},
    {3, "kubernetes.io/host-path", 0, 0},
    {4, "kubernetes.io/glusterfs", 0, 0},
    {5, "kubernetes.io/nfs", 0, 0},
    {6, "kubernetes.io/rbd", 0, 8},
    {7, "kubernetes.io/iscsi", 0, 6},
    {8, "kubernetes.io/cinder", 1, 3},
    {9, "kubernetes.io/cephfs", 0, 6},
    {10, "kubernetes.io/fc", 0, 4},
    {11, "kubernetes.io/flocker", 0, 0},
    {13, "kubernetes.io/azure-file", 0, 3},
    {14, "kubernetes.io/vsphere-volume", 1, 0},
    {15, "kubernetes.io/quobyte", 0, 3},
    {16, "kubernetes.io/azure-disk", 2, 5},
    {17, "kubernetes.io/photon-pd", 1, 0},
    {18, "kubernetes.io/portworx-volume", 1, 3},
    {19, "kubernetes.io/scaleio", 0, 0},
    {20, "kubernetes.io/local-volume", 0, 0},
    {21, "kubernetes.io/storageos", 0, 0},
}};

const DiskSource* find_source(std::span<const DiskSource> sources, std::uint32_t field) {
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [field](const DiskSource& one) { return one.field == field; });
  return found == sources.end() ? nullptr : &*found;
}

}  // namespace

const DiskSource* pod_disk_source(std::uint32_t field) { return find_source(kPodSources, field); }

const DiskSource* persistent_disk_source(std::uint32_t field) {
  return find_source(kPersistentSources, field);
}

}  // namespace bso::cluster::wire
