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

TEST_CASE("Inline volumes of unknown drivers say nothing") {
  cluster::PodVolume inline_volume;
  inline_volume.driver = cluster::Symbol{"vendor/scratch"};
  CHECK(semantics_of_inline(inline_volume).granularity == Granularity::not_exclusive);
  inline_volume.driver = cluster::Symbol{"ibm/ibmc-block"};
  CHECK(semantics_of_inline(inline_volume).granularity == Granularity::single_pod);
}
