// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/driver_table.h"

#include <array>

namespace bso::diagnosis {

namespace {

using enum Granularity;

struct Driver {
  std::string_view name;  ///< a leading or trailing '*' stands for any text there
  Granularity filesystem;
  Granularity block;
  bool attaches = true;
};
constexpr bool kNoAttach = false;

/// From each driver's node service (does NodePublishVolume refuse a second target path?), the
/// SINGLE_NODE_MULTI_WRITER capability it advertises, or what was seen in clusters; whether it
/// attaches, from attachRequired in the CSIDriver object that it ships with.
constexpr std::array kDrivers{
    // One pod. ibmc-block: "RWO check has failed ... is already mounted on mountpath". The OpenEBS
    // two: "verifyMount: device already mounted at [...]", unless the class says `shared`.
    Driver{"ibm/ibmc-block", single_pod, single_pod},
    Driver{"local.csi.openebs.io", single_pod, single_pod, kNoAttach},
    Driver{"zfs.csi.openebs.io", single_pod, single_pod, kNoAttach},
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
    Driver{"topolvm.io", single_node, single_node, kNoAttach},
    Driver{"topolvm.cybozu.com", single_node, single_node, kNoAttach},  // its former name
    Driver{"cstor.csi.openebs.io", single_node, single_node, kNoAttach},
    Driver{"jiva.csi.openebs.io", single_node, single_node},
    Driver{"io.openebs.csi-mayastor", single_node, single_node},
    Driver{"directpv-min-io", single_node, single_node, kNoAttach},
    Driver{"pxd.portworx.com", single_node, single_node, kNoAttach},
    Driver{"csi.trident.netapp.io", single_node, single_node},
    Driver{"linstor.csi.linbit.com", single_node, single_node},
    Driver{"csi.proxmox.sinextra.dev", single_node, single_node},
    Driver{"driver.harvesterhci.io", single_node, single_node},
    Driver{"csi.kubevirt.io", single_node, single_node},
    Driver{"org.democratic-csi.*", single_node, single_node},
    Driver{"hostpath.csi.k8s.io", single_node, single_node, kNoAttach},
    // In-tree plug-ins that the attach-detach controller guards.
    Driver{"kubernetes.io/aws-ebs", single_node, single_node},
    Driver{"kubernetes.io/gce-pd", single_node, single_node},
    Driver{"kubernetes.io/azure-disk", single_node, single_node},
    Driver{"kubernetes.io/cinder", single_node, single_node},
    Driver{"kubernetes.io/vsphere-volume", single_node, single_node},
    Driver{"kubernetes.io/rbd", single_node, single_node},
    Driver{"kubernetes.io/iscsi", single_node, single_node},
    Driver{"kubernetes.io/fc", single_node, single_node},
    // Bound to one node by the volume's node affinity, with many pods on it. Its classes name the
    // provisioner kubernetes.io/no-provisioner.
    Driver{"kubernetes.io/local-volume", single_node, single_node, kNoAttach},
    // Nobody refuses a second user.
    Driver{"iscsi.csi.k8s.io", not_exclusive, not_exclusive, kNoAttach},
    Driver{"nfs.csi.k8s.io", not_exclusive, not_exclusive, kNoAttach},
    Driver{"rancher.io/local-path", not_exclusive, not_exclusive, kNoAttach},
    Driver{"kubernetes.io/nfs", not_exclusive, not_exclusive, kNoAttach},
    Driver{"kubernetes.io/host-path", not_exclusive, not_exclusive, kNoAttach},
    Driver{"kubernetes.io/glusterfs", not_exclusive, not_exclusive, kNoAttach},
    Driver{"kubernetes.io/cephfs", not_exclusive, not_exclusive, kNoAttach},
    Driver{"kubernetes.io/azure-file", not_exclusive, not_exclusive, kNoAttach},
    Driver{"kubernetes.io/quobyte", not_exclusive, not_exclusive, kNoAttach},
};

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  return pattern == name;
}

}  // namespace

std::optional<KnownDriver> known_driver(std::string_view driver, bool block) {
  for (const auto& known : kDrivers) {
    if (!matches(known.name, driver)) continue;
    return KnownDriver{block ? known.block : known.filesystem, known.attaches};
  }
  return std::nullopt;
}

}  // namespace bso::diagnosis
