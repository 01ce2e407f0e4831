// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/semantics.h"

#include <array>
#include <optional>

namespace bso::diagnosis {

namespace {

using enum Granularity;

struct Driver {
  std::string_view name;  ///< a trailing '*' stands for any ending
  Granularity filesystem;
  Granularity block;
};

/// From each driver's node service (does NodePublishVolume refuse a second target path?), the
/// SINGLE_NODE_MULTI_WRITER capability it advertises, or what was seen in clusters.
constexpr std::array kDrivers{
    // One pod. ibmc-block: "RWO check has failed ... is already mounted on mountpath". The OpenEBS
    // two: "verifyMount: device already mounted at [...]", unless the class says `shared`.
    Driver{"ibm/ibmc-block", single_pod, single_pod},
    Driver{"local.csi.openebs.io", single_pod, single_pod},
    Driver{"zfs.csi.openebs.io", single_pod, single_pod},
    // "block volume already mounted in more than one place": raw block only.
    Driver{"csi.vsphere.vmware.com", single_node, single_pod},
    // One node.
    Driver{"vpc.block.csi.ibm.io", single_node, single_node},
    Driver{"block.csi.ibm.com", single_node, single_node},
    Driver{"ebs.csi.aws.com", single_node, single_node},
    Driver{"pd.csi.storage.gke.io", single_node, single_node},
    Driver{"disk.csi.azure.com", single_node, single_node},
    Driver{"cinder.csi.openstack.org", single_node, single_node},
    Driver{"rbd.csi.ceph.com", single_node, single_node},
    Driver{"*.rbd.csi.ceph.com", single_node, single_node},  // Rook puts its namespace in front
    Driver{"driver.longhorn.io", single_node, single_node},
    Driver{"rancher.io/longhorn", single_node, single_node},
    Driver{"dobs.csi.digitalocean.com", single_node, single_node},
    Driver{"csi.hetzner.cloud", single_node, single_node},
    Driver{"linodebs.csi.linode.com", single_node, single_node},
    Driver{"block.csi.vultr.com", single_node, single_node},
    Driver{"csi.scaleway.com", single_node, single_node},
    Driver{"blockvolume.csi.oraclecloud.com", single_node, single_node},
    Driver{"diskplugin.csi.alibabacloud.com", single_node, single_node},
    Driver{"topolvm.io", single_node, single_node},
    Driver{"cstor.csi.openebs.io", single_node, single_node},
    Driver{"jiva.csi.openebs.io", single_node, single_node},
    Driver{"io.openebs.csi-mayastor", single_node, single_node},
    Driver{"directpv-min-io", single_node, single_node},
    Driver{"pxd.portworx.com", single_node, single_node},
    Driver{"csi.trident.netapp.io", single_node, single_node},
    Driver{"linstor.csi.linbit.com", single_node, single_node},
    Driver{"csi.proxmox.sinextra.dev", single_node, single_node},
    Driver{"driver.harvesterhci.io", single_node, single_node},
    Driver{"csi.kubevirt.io", single_node, single_node},
    Driver{"org.democratic-csi.*", single_node, single_node},
    Driver{"hostpath.csi.k8s.io", single_node, single_node},
    // In-tree plug-ins that the attach-detach controller guards.
    Driver{"kubernetes.io/aws-ebs", single_node, single_node},
    Driver{"kubernetes.io/gce-pd", single_node, single_node},
    Driver{"kubernetes.io/azure-disk", single_node, single_node},
    Driver{"kubernetes.io/cinder", single_node, single_node},
    Driver{"kubernetes.io/vsphere-volume", single_node, single_node},
    Driver{"kubernetes.io/rbd", single_node, single_node},
    Driver{"kubernetes.io/iscsi", single_node, single_node},
    Driver{"kubernetes.io/fc", single_node, single_node},
    // Bound to one node by the volume's node affinity, with many pods on it.
    Driver{"kubernetes.io/local-volume", single_node, single_node},
    // Nobody refuses a second user.
    Driver{"iscsi.csi.k8s.io", not_exclusive, not_exclusive},
    Driver{"nfs.csi.k8s.io", not_exclusive, not_exclusive},
    Driver{"rancher.io/local-path", not_exclusive, not_exclusive},
    Driver{"kubernetes.io/nfs", not_exclusive, not_exclusive},
    Driver{"kubernetes.io/host-path", not_exclusive, not_exclusive},
    Driver{"kubernetes.io/glusterfs", not_exclusive, not_exclusive},
    Driver{"kubernetes.io/cephfs", not_exclusive, not_exclusive},
    Driver{"kubernetes.io/azure-file", not_exclusive, not_exclusive},
    Driver{"kubernetes.io/quobyte", not_exclusive, not_exclusive},
};

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  return pattern == name;
}

std::optional<Granularity> built_in(std::string_view driver, bool block) {
  for (const auto& known : kDrivers) {
    if (matches(known.name, driver)) return block ? known.block : known.filesystem;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Granularity granularity) {
  switch (granularity) {
    case single_pod:
      return "SinglePod";
    case single_node:
      return "SingleNode";
    case not_exclusive:
      break;
  }
  return "NotExclusive";
}

std::string_view to_string(SemanticsSource source) {
  switch (source) {
    case SemanticsSource::access_mode:
      return "access mode";
    case SemanticsSource::built_in_table:
      return "built-in table";
    case SemanticsSource::storage_class:
      return "StorageClass";
    case SemanticsSource::override_:
      return "override";
    case SemanticsSource::observed:
      return "driver message";
    case SemanticsSource::assumed:
      break;
  }
  return "assumed";
}

Semantics semantics_of(const cluster::Volume& volume, const SemanticsOverrides& overrides) {
  constexpr auto kShared = cluster::kReadWriteMany | cluster::kReadOnlyMany;
  if (volume.modes == cluster::kReadWriteOncePod) {
    return {single_pod, SemanticsSource::access_mode};
  }
  if ((volume.modes & kShared) != 0 || volume.modes == 0) {
    return {not_exclusive, SemanticsSource::access_mode};
  }
  if (const auto found = overrides.by_storage_class.find(volume.storage_class.view());
      found != overrides.by_storage_class.end()) {
    return {found->second, SemanticsSource::storage_class};
  }
  if (const auto found = overrides.by_driver.find(volume.driver.view());
      found != overrides.by_driver.end()) {
    return {found->second, SemanticsSource::override_};
  }
  if (const auto known = built_in(volume.driver.view(), volume.block)) {
    return {*known, SemanticsSource::built_in_table};
  }
  return {single_node, SemanticsSource::assumed};
}

Semantics semantics_of_inline(const cluster::PodVolume& volume,
                              const SemanticsOverrides& overrides) {
  if (const auto found = overrides.by_driver.find(volume.driver.view());
      found != overrides.by_driver.end()) {
    return {found->second, SemanticsSource::override_};
  }
  if (const auto known = built_in(volume.driver.view(), false)) {
    return {*known, SemanticsSource::built_in_table};
  }
  return {not_exclusive, SemanticsSource::assumed};
}

}  // namespace bso::diagnosis
