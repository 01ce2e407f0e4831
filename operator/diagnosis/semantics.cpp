// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/semantics.h"

#include "diagnosis/driver_table.h"

namespace bso::diagnosis {

namespace {

using enum Granularity;

std::optional<Granularity> find_in(const SemanticsOverrides::ByName& names, std::string_view name) {
  const auto found = names.find(name);
  return found == names.end() ? std::nullopt : std::optional{found->second};
}

/// What is said of the driver, whoever says it.
std::optional<Semantics> of_driver(std::string_view driver, bool block,
                                   const SemanticsOverrides& overrides) {
  if (const auto said = find_in(overrides.by_driver, driver)) {
    return Semantics{*said, SemanticsSource::override_};
  }
  if (const auto said = find_in(overrides.by_bundle, driver)) {
    return Semantics{*said, SemanticsSource::bundle};
  }
  if (const auto known = known_driver(driver, block)) {
    return Semantics{known->granularity, SemanticsSource::built_in_table};
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
    case SemanticsSource::bundle:
      return "bundle";
    case SemanticsSource::observed:
      return "driver message";
    case SemanticsSource::learned:
      return "earlier driver message";
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
  if (const auto said = find_in(overrides.by_class, volume.storage_class.view())) {
    return {*said, SemanticsSource::override_};
  }
  if (const auto said = find_in(overrides.by_storage_class, volume.storage_class.view())) {
    return {*said, SemanticsSource::storage_class};
  }
  if (const auto known = of_driver(volume.driver.view(), volume.block, overrides)) return *known;
  if (overrides.refused.contains({volume.claim_ns.str(), volume.driver.str()})) {
    return {single_pod, SemanticsSource::learned};
  }
  return {single_node, SemanticsSource::assumed};
}

Semantics semantics_of_inline(const cluster::PodVolume& volume,
                              const SemanticsOverrides& overrides) {
  const auto known = of_driver(volume.driver.view(), false, overrides);
  return known ? *known : Semantics{not_exclusive, SemanticsSource::assumed};
}

bool has_attach_step(const cluster::Volume& volume, const SemanticsOverrides& overrides) {
  if (volume.kind == cluster::VolumeKind::csi) {
    const auto object = overrides.attach_required.find(volume.driver.view());
    if (object != overrides.attach_required.end()) return object->second;
  }
  const auto known = known_driver(volume.driver.view(), volume.block);
  return !known || known->attaches;
}

std::optional<Granularity> class_granularity(
    std::string_view provisioner,
    const std::function<std::string(std::string_view name)>& parameter) {
  if (provisioner != "local.csi.openebs.io" && provisioner != "zfs.csi.openebs.io") {
    return std::nullopt;
  }
  if (parameter("shared") == "yes") return single_node;
  return std::nullopt;
}

std::optional<Granularity> granularity_of(std::string_view word) {
  if (word == "single-pod") return single_pod;
  if (word == "single-node") return single_node;
  if (word == "not-exclusive") return not_exclusive;
  return std::nullopt;
}

}  // namespace bso::diagnosis
