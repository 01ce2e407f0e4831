// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "install/status.h"
#include "unit/install/support.h"

namespace bso::install::test {

inline constexpr std::string_view kNow = "2026-05-04T03:12:09Z";
inline constexpr std::string_view kLater = "2026-05-04T04:00:00Z";

/// A cluster to be judged; every test changes some of it.
struct Scene {
  nlohmann::json document = plugin();
  std::vector<DesiredObject> desired = rendered();
  std::vector<ObservedObject> observed = all_running(desired);
  std::vector<WriteFault> write_faults;
  std::vector<ImagePullFault> pull_faults;
  RolloutChoice rollout;
  std::vector<DriverPod> pods;
  const PlanReport* plan = nullptr;
  ClassFindings classes;
  Removal removal;  ///< matters only while the plug-in is to be taken away
  std::optional<VolumeUse> volumes;
  const Needs* needs = nullptr;

  nlohmann::json status(std::string_view now = kNow) {
    const ParsedSpec parsed = parse_spec(document, shipped());
    return *compute_status({.plugin = document,
                            .parsed = parsed,
                            .desired = desired,
                            .observed = observed,
                            .write_faults = write_faults,
                            .image_pull_faults = pull_faults,
                            .rollout = rollout,
                            .driver_pods = pods,
                            .plan = plan,
                            .classes = classes,
                            .removal = &removal,
                            .volumes = volumes,
                            .needs = needs,
                            .operator_version = "0.1.0",
                            .now = now});
  }
  /// As after the status was written.
  void settle() { document["status"] = status(); }

  ObservedObject& node() { return observed_named(observed, "DaemonSet", kNode); }
  ObservedObject& controller() { return observed_named(observed, "Deployment", kController); }
};

/// The condition of that type; ends the test when there is none.
inline const nlohmann::json& condition(const nlohmann::json& status, std::string_view type) {
  for (const nlohmann::json& item : status["conditions"]) {
    if (item["type"] == type) {
      return item;
    }
  }
  FAIL("no condition " << type);
  return status;
}

/// Its status and reason: "True AsExpected".
inline std::string brief(const nlohmann::json& status, std::string_view type) {
  const nlohmann::json& found = condition(status, type);
  return found["status"].get<std::string>() + " " + found["reason"].get<std::string>();
}

}  // namespace bso::install::test
