// SPDX-License-Identifier: Apache-2.0
#include "install/image_pull.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::install {
namespace {

constexpr std::array<std::string_view, 6> kReasons{"ErrImagePull",      "ImagePullBackOff",
                                                   "InvalidImageName",  "ErrImageNeverPull",
                                                   "ImageInspectError", "RegistryUnavailable"};

}  // namespace

std::vector<ImagePullFault> image_pull_faults(const ObjectRef& workload,
                                              const nlohmann::json& pods) {
  std::vector<ImagePullFault> faults;
  if (!pods.is_array()) return faults;
  const auto look = [&](const nlohmann::json& pod, std::string_view list) {
    const auto* statuses = codec::find(pod, {"status", list});
    if (statuses == nullptr || !statuses->is_array()) return;
    for (const auto& status : *statuses) {
      const auto reason = codec::string_at(status, {"state", "waiting", "reason"});
      if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end()) continue;
      const auto container = codec::string_at(status, {"name"});
      const auto known = [&](const ImagePullFault& fault) { return fault.container == container; };
      if (std::any_of(faults.begin(), faults.end(), known)) continue;
      faults.push_back({.workload = workload,
                        .container = container,
                        .image = codec::string_at(status, {"image"}),
                        .reason = reason,
                        .message = codec::string_at(status, {"state", "waiting", "message"})});
    }
  };
  for (const auto& pod : pods) {
    look(pod, "initContainerStatuses");
    look(pod, "containerStatuses");
  }
  return faults;
}

}  // namespace bso::install
