// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

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
  bundle,          ///< the bundle that installs the driver
  storage_class,   ///< a parameter of the StorageClass
  override_,       ///< an administrator said so
  observed,        ///< the driver's own words
  learned,         ///< the driver's words about another volume of the namespace
  assumed          ///< unknown driver
};

struct Semantics {
  Granularity granularity = Granularity::single_node;
  SemanticsSource source = SemanticsSource::assumed;
  bool operator==(const Semantics&) const = default;
};

[[nodiscard]] std::string_view to_string(Granularity granularity);
[[nodiscard]] std::string_view to_string(SemanticsSource source);

/// What is known beyond the built-in table. The nearer to the volume, the more it counts: the
/// access mode; then what an administrator said of the class; a parameter of the class; what an
/// administrator said of the driver; the driver's bundle; the table; what was learned.
struct SemanticsOverrides {
  using ByName = std::map<std::string, Granularity, std::less<>>;

  ByName by_driver;         ///< by an administrator
  ByName by_class;          ///< by an administrator, for volumes of a StorageClass
  ByName by_storage_class;  ///< by a parameter of the StorageClass, see class_granularity()
  ByName by_bundle;         ///< by driver
  /// Namespaces and drivers in which a second pod was refused. By namespace, because whoever may
  /// create Events in one could forge the words: they reach no further than that.
  std::set<std::pair<std::string, std::string>> refused;
  /// CSIDriver objects: spec.attachRequired by driver.
  std::map<std::string, bool, std::less<>> attach_required;

  bool operator==(const SemanticsOverrides&) const = default;
};

/// For a volume behind a claim. Modes beyond ReadWriteOnce switch the guards off
/// (pkg/volume/util/util.go IsMultiAttachAllowed); ReadWriteOncePod is one pod in the cluster.
[[nodiscard]] Semantics semantics_of(const cluster::Volume& volume,
                                     const SemanticsOverrides& overrides = {});

/// For an inline volume. A driver that is not in the table is not_exclusive here: nothing tells its
/// scratch space from a shared disk, and Kubernetes guards no inline volume of unknown type.
[[nodiscard]] Semantics semantics_of_inline(const cluster::PodVolume& volume,
                                            const SemanticsOverrides& overrides = {});

/// Whether a volume is attached to a node before it is mounted there, which the attach-detach
/// controller guards and, six minutes after the last user has gone, undoes by force. Without that
/// step only the node's driver refuses, and nothing is undone by force. A CSIDriver object counts
/// more than the table; a driver without either attaches (Kubernetes 1.20 pkg/volume/csi/
/// csi_plugin.go: skipAttach).
[[nodiscard]] bool has_attach_step(const cluster::Volume& volume,
                                   const SemanticsOverrides& overrides = {});

/// What the parameters of a StorageClass say about its volumes; nullopt when they say nothing.
/// `parameter` gives a parameter's value, "" when it is absent. Known: `shared: "yes"` of OpenEBS
/// LVM (openebs/lvm-localpv pkg/driver/params.go) and ZFS (openebs/zfs-localpv
/// pkg/driver/controller.go), with which several pods of the node may mount the volume.
[[nodiscard]] std::optional<Granularity> class_granularity(
    std::string_view provisioner,
    const std::function<std::string(std::string_view name)>& parameter);

/// How bundles and administrators write it: "single-pod", "single-node", "not-exclusive".
[[nodiscard]] std::optional<Granularity> granularity_of(std::string_view word);

}  // namespace bso::diagnosis
