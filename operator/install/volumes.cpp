// SPDX-License-Identifier: Apache-2.0
#include "install/volumes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bso::install {
namespace {

std::string describe(const UsedVolume& volume) {
  std::string about;
  if (!volume.claim.empty()) {
    about = fmt::format("claim {}", volume.claim);
  }
  if (!volume.nodes.empty()) {
    about += fmt::format("{}on {}", about.empty() ? "" : ", ", fmt::join(volume.nodes, " and "));
  }
  return about.empty() ? volume.name : fmt::format("{} ({})", volume.name, about);
}

}  // namespace

DriverNames driver_names(const Bundle& bundle, const std::optional<PluginSpec>& spec) {
  if (spec && spec->external && !spec->external_csi_name.empty()) {
    return {.flex_volume = false,
            .driver = spec->external_csi_name,
            .provisioner = spec->external_csi_name};
  }
  return {.flex_volume = bundle.driver_kind == "FlexVolume",
          .driver = bundle.driver,
          .provisioner = bundle.provisioner};
}

bool serves(const DriverNames& names, const VolumeSummary& volume) {
  const std::string& driver = names.flex_volume ? volume.flex_driver : volume.csi_driver;
  return driver == names.driver || volume.provisioned_by == names.provisioner;
}

void VolumeUse::add(UsedVolume volume) {
  ++total;
  bound += volume.claim.empty() ? 0 : 1;
  attached += volume.nodes.empty() ? 0 : 1;
  const auto place = std::upper_bound(
      sample.begin(), sample.end(), volume,
      [](const UsedVolume& left, const UsedVolume& right) { return left.name < right.name; });
  sample.insert(place, std::move(volume));
  if (sample.size() > kNamedVolumes) {
    sample.pop_back();
  }
}

std::string name_volumes(const VolumeUse& use) {
  std::string text;
  for (const UsedVolume& volume : use.sample) {
    text += (text.empty() ? "" : ", ") + describe(volume);
  }
  const auto more = use.total - static_cast<std::int64_t>(use.sample.size());
  return more > 0 ? fmt::format("{} and {} more", text, more) : text;
}

nlohmann::json volumes_json(const VolumeUse& use) {
  nlohmann::json sample = nlohmann::json::array();
  for (const UsedVolume& volume : use.sample) {
    sample.push_back(volume.name);
  }
  return {{"total", use.total},
          {"bound", use.bound},
          {"attached", use.attached},
          {"sample", std::move(sample)}};
}

}  // namespace bso::install
