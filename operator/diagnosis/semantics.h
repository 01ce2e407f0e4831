// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "cluster/records.h"

namespace bso::diagnosis {

/// Who may mount one volume at a time. ReadWriteOnce means different things: Kubernetes' own guard
/// is per node, the CSI specification's is per pod, and drivers follow either.
enum class Granularity {
  single_pod,    ///< a second pod is refused even on the same node
  single_node,   ///< any number of pods, on one node
  not_exclusive  ///< nobody is refused
};

/// Where the granularity comes from.
enum class SemanticsSource {
  access_mode,     ///< the volume's access modes decide
  built_in_table,  ///< a driver whose code or behaviour is known
  storage_class,   ///< a parameter of the StorageClass
  override_,       ///< an administrator said so
  observed,        ///< the driver's own words
  assumed          ///< unknown driver
};

struct Semantics {
  Granularity granularity = Granularity::single_node;
  SemanticsSource source = SemanticsSource::assumed;
  bool operator==(const Semantics&) const = default;
};

[[nodiscard]] std::string_view to_string(Granularity granularity);
[[nodiscard]] std::string_view to_string(SemanticsSource source);

/// What is known beyond the built-in table.
struct SemanticsOverrides {
  std::map<std::string, Granularity, std::less<>> by_driver;
  /// E.g. OpenEBS LVM and ZFS classes with the parameter `shared: "yes"` are single_node.
  std::map<std::string, Granularity, std::less<>> by_storage_class;
};

/// For a volume behind a claim. Modes beyond ReadWriteOnce switch the guards off
/// (pkg/volume/util/util.go IsMultiAttachAllowed); ReadWriteOncePod is one pod in the cluster.
[[nodiscard]] Semantics semantics_of(const cluster::Volume& volume,
                                     const SemanticsOverrides& overrides = {});

/// For an inline volume. A driver that is not in the table is not_exclusive here: nothing tells its
/// scratch space from a shared disk, and Kubernetes guards no inline volume of unknown type.
[[nodiscard]] Semantics semantics_of_inline(const cluster::PodVolume& volume,
                                            const SemanticsOverrides& overrides = {});

}  // namespace bso::diagnosis
