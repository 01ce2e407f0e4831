// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/semantics.h"

#include <catch2/catch.hpp>

using namespace bso;
using namespace bso::diagnosis;

namespace {

cluster::Volume volume(std::string_view driver, cluster::AccessModes modes, bool block = false) {
  cluster::Volume result;
  result.driver = cluster::Symbol{driver};
  result.modes = modes;
  result.block = block;
  return result;
}

}  // namespace

TEST_CASE("What ReadWriteOnce means for a driver") {
  struct Row {
    const char* driver;
    bool block;
    Granularity granularity;
    SemanticsSource source;
  };
  const auto row = GENERATE(values<Row>({
      {"ibm/ibmc-block", false, Granularity::single_pod, SemanticsSource::built_in_table},
      {"local.csi.openebs.io", false, Granularity::single_pod, SemanticsSource::built_in_table},
      {"csi.vsphere.vmware.com", false, Granularity::single_node, SemanticsSource::built_in_table},
      {"csi.vsphere.vmware.com", true, Granularity::single_pod, SemanticsSource::built_in_table},
      {"pd.csi.storage.gke.io", false, Granularity::single_node, SemanticsSource::built_in_table},
      {"rook-ceph.rbd.csi.ceph.com", false, Granularity::single_node,
       SemanticsSource::built_in_table},
      {"org.democratic-csi.iscsi", false, Granularity::single_node,
       SemanticsSource::built_in_table},
      {"nfs.csi.k8s.io", false, Granularity::not_exclusive, SemanticsSource::built_in_table},
      {"new.example.com", false, Granularity::single_node, SemanticsSource::assumed},
      {"", false, Granularity::single_node, SemanticsSource::assumed},
  }));
  INFO(row.driver);
  CHECK(semantics_of(volume(row.driver, cluster::kReadWriteOnce, row.block)) ==
        Semantics{row.granularity, row.source});
}

TEST_CASE("Every driver of the research is in the table") {
  struct Row {
    const char* driver;
    Granularity granularity;
    bool attaches;
  };
  using enum Granularity;
  const auto row = GENERATE(values<Row>({
      {"ibm/ibmc-block", single_pod, true},
      {"vpc.block.csi.ibm.io", single_node, true},
      {"block.csi.ibm.com", single_node, true},
      {"ebs.csi.aws.com", single_node, true},
      {"kubernetes.io/aws-ebs", single_node, true},
      {"pd.csi.storage.gke.io", single_node, true},
      {"kubernetes.io/gce-pd", single_node, true},
      {"disk.csi.azure.com", single_node, true},
      {"cinder.csi.openstack.org", single_node, true},
      {"csi.vsphere.vmware.com", single_node, true},
      {"rbd.csi.ceph.com", single_node, true},
      {"kubernetes.io/rbd", single_node, true},
      {"driver.longhorn.io", single_node, true},
      {"rancher.io/longhorn", single_node, true},
      {"dobs.csi.digitalocean.com", single_node, true},
      {"csi.hetzner.cloud", single_node, true},
      {"linodebs.csi.linode.com", single_node, true},
      {"block.csi.vultr.com", single_node, true},
      {"csi.scaleway.com", single_node, true},
      {"blockvolume.csi.oraclecloud.com", single_node, true},
      {"diskplugin.csi.alibabacloud.com", single_node, true},
      {"topolvm.io", single_node, false},
      {"local.csi.openebs.io", single_pod, false},
      {"zfs.csi.openebs.io", single_pod, false},
      {"cstor.csi.openebs.io", single_node, false},
      {"jiva.csi.openebs.io", single_node, true},
      {"io.openebs.csi-mayastor", single_node, true},
      {"directpv-min-io", single_node, false},
      {"pxd.portworx.com", single_node, false},
      {"csi.trident.netapp.io", single_node, true},
      {"linstor.csi.linbit.com", single_node, true},
      {"csi.proxmox.sinextra.dev", single_node, true},
      {"driver.harvesterhci.io", single_node, true},
      {"csi.kubevirt.io", single_node, true},
      {"org.democratic-csi.nfs", single_node, true},
      {"hostpath.csi.k8s.io", single_node, false},
      {"iscsi.csi.k8s.io", not_exclusive, false},
      {"kubernetes.io/local-volume", single_node, false},
      {"rancher.io/local-path", not_exclusive, false},
      {"nfs.csi.k8s.io", not_exclusive, false},
      {"kubernetes.io/nfs", not_exclusive, false},
  }));
  INFO(row.driver);
  const auto one = volume(row.driver, cluster::kReadWriteOnce);
  CHECK(semantics_of(one) == Semantics{row.granularity, SemanticsSource::built_in_table});
  CHECK(has_attach_step(one) == row.attaches);
}

TEST_CASE("Whether a volume is attached: the CSIDriver object counts more than the table") {
  auto one = volume("new.example.com", cluster::kReadWriteOnce);
  one.kind = cluster::VolumeKind::csi;
  CHECK(has_attach_step(one));
  SemanticsOverrides overrides;
  overrides.attach_required["new.example.com"] = false;
  overrides.attach_required["cstor.csi.openebs.io"] = true;
  CHECK_FALSE(has_attach_step(one, overrides));
  one.driver = cluster::Symbol{"cstor.csi.openebs.io"};
  CHECK(has_attach_step(one, overrides));
  one.driver = cluster::Symbol{"pxd.portworx.com"};
  CHECK_FALSE(has_attach_step(one, overrides));
}

TEST_CASE("Access modes come before drivers") {
  const auto of = [](cluster::AccessModes modes) {
    return semantics_of(volume("ibm/ibmc-block", modes)).granularity;
  };
  CHECK(of(cluster::kReadWriteOncePod) == Granularity::single_pod);
  CHECK(of(cluster::kReadWriteMany) == Granularity::not_exclusive);
  CHECK(of(cluster::kReadWriteOnce | cluster::kReadOnlyMany) == Granularity::not_exclusive);
  CHECK(of(0) == Granularity::not_exclusive);
}

TEST_CASE("An administrator knows better than the table, a class better than both") {
  SemanticsOverrides overrides;
  overrides.by_driver["local.csi.openebs.io"] = Granularity::not_exclusive;
  auto one = volume("local.csi.openebs.io", cluster::kReadWriteOnce);
  CHECK(semantics_of(one, overrides) ==
        Semantics{Granularity::not_exclusive, SemanticsSource::override_});
  overrides.by_storage_class["shared"] = Granularity::single_node;
  one.storage_class = cluster::Symbol{"shared"};
  CHECK(semantics_of(one, overrides) ==
        Semantics{Granularity::single_node, SemanticsSource::storage_class});
}

TEST_CASE("From the nearest to the farthest who knows") {
  SemanticsOverrides all;
  const auto one = [] {
    auto made = volume("new.example.com", cluster::kReadWriteOnce);
    made.storage_class = cluster::Symbol{"fast"};
    made.claim_ns = cluster::Symbol{"shop"};
    return made;
  }();
  const auto source = [&] { return semantics_of(one, all).source; };
  CHECK(source() == SemanticsSource::assumed);
  all.refused.insert({"elsewhere", "new.example.com"});
  CHECK(source() == SemanticsSource::assumed);
  all.refused.insert({"shop", "new.example.com"});
  CHECK(semantics_of(one, all) == Semantics{Granularity::single_pod, SemanticsSource::learned});
  all.by_bundle["new.example.com"] = Granularity::single_node;
  CHECK(source() == SemanticsSource::bundle);
  all.by_driver["new.example.com"] = Granularity::single_pod;
  CHECK(source() == SemanticsSource::override_);
  all.by_storage_class["fast"] = Granularity::single_node;
  CHECK(source() == SemanticsSource::storage_class);
  all.by_class["fast"] = Granularity::not_exclusive;
  CHECK(semantics_of(one, all) ==
        Semantics{Granularity::not_exclusive, SemanticsSource::override_});
}

TEST_CASE("A parameter of the StorageClass lets pods of a node share") {
  const auto with = [](const char* value) {
    return [value](std::string_view name) { return std::string{name == "shared" ? value : ""}; };
  };
  CHECK(class_granularity("local.csi.openebs.io", with("yes")) == Granularity::single_node);
  CHECK(class_granularity("zfs.csi.openebs.io", with("yes")) == Granularity::single_node);
  CHECK_FALSE(class_granularity("zfs.csi.openebs.io", with("no")));
  CHECK_FALSE(class_granularity("zfs.csi.openebs.io", with("")));
  CHECK_FALSE(class_granularity("ebs.csi.aws.com", with("yes")));
}

TEST_CASE("Inline volumes of unknown drivers say nothing") {
  cluster::PodVolume inline_volume;
  inline_volume.driver = cluster::Symbol{"vendor/scratch"};
  CHECK(semantics_of_inline(inline_volume).granularity == Granularity::not_exclusive);
  inline_volume.driver = cluster::Symbol{"ibm/ibmc-block"};
  CHECK(semantics_of_inline(inline_volume).granularity == Granularity::single_pod);
}
