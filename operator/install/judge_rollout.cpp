// SPDX-License-Identifier: Apache-2.0
#include "install/judge_rollout.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace bso::install {
namespace {

constexpr std::size_t kShownNodes = 5;

bool is_judged(const StatusInput& input, const Health& health) {
  return health.managed && !health.deleting && input.parsed.spec.has_value();
}

// " Nodes without a ready driver pod: a, b and 3 more."
std::string missing_nodes_text(const StatusInput& input) {
  const std::vector<std::string> nodes = unavailable_nodes(input.driver_pods);
  if (nodes.empty()) {
    return "";
  }
  const std::size_t shown = std::min(nodes.size(), kShownNodes);
  std::string text = fmt::format(
      " Nodes without a ready driver pod: {}",
      fmt::join(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (nodes.size() > shown) {
    text += fmt::format(" and {} more", nodes.size() - shown);
  }
  return text + ".";
}

std::string other_troubles(const Health& health) {
  std::string text;
  for (std::size_t i = 0; i < std::min(health.troubles.size(), kShownNodes); ++i) {
    text += " " + health.troubles[i].message;
  }
  return text;
}

std::string stalled_message(const StatusInput& input, const Health& health) {
  const PluginSpec& spec = *input.parsed.spec;
  const std::string& version = input.rollout.version.empty() ? spec.version : input.rollout.version;
  return fmt::format("The rollout of version {} has made no progress for {} seconds ({}).{}{}",
                     version, spec.upgrade.progress_deadline_seconds,
                     health.rollout.memory.progress, missing_nodes_text(input),
                     other_troubles(health));
}

std::string hold_remedy(const StatusInput& input, const Health& health) {
  if (input.parsed.spec->upgrade.roll_back) {
    return health.rollout.memory.last_good
               ? "There is nothing to go back to but what is rolled out already. Look at the "
                 "driver's pods."
               : "It is the first installation, so there is nothing to go back to. Look at the "
                 "driver's pods and correct the spec.";
  }
  return "It is left as it stands (spec.upgrade.onFailure is Hold). Look at the driver's pods, and "
         "correct the spec or name the last good version in spec.driver.version.";
}

}  // namespace

std::optional<Verdict> rollout_progress(const StatusInput& input, const Health& health) {
  if (!is_judged(input, health)) {
    return std::nullopt;
  }
  const std::string& wanted = input.parsed.spec->version;
  const std::string& version = input.rollout.version;
  if (health.rollout.stalled) {
    return Verdict{"False", "RolloutStalled", stalled_message(input, health)};
  }
  if (!health.rolled_out) {
    return std::nullopt;
  }
  switch (input.rollout.rendering) {
    case Rendering::as_wanted:
      return std::nullopt;
    case Rendering::rolled_back:
      return Verdict{"False", "RolloutStalled",
                     fmt::format("Version {} failed, version {} runs again; see Degraded.",
                                 health.rollout.memory.failed_version, version)};
    case Rendering::awaiting_approval:
      return Verdict{
          "False", "AwaitingApproval",
          fmt::format("Version {} waits for approval: set spec.upgrade.approvedVersion to {}. "
                      "Until then version {} stays.",
                      wanted, wanted, version)};
    case Rendering::downgrade_refused:
      return Verdict{"False", "DowngradeRefused",
                     fmt::format("Version {} stays; see Upgradeable.", version)};
  }
  return std::nullopt;
}

std::optional<Verdict> rollout_degraded(const StatusInput& input, const Health& health) {
  if (!is_judged(input, health)) {
    return std::nullopt;
  }
  const RolloutMemory& memory = health.rollout.memory;
  if (health.rollout.failed) {
    return Verdict{"True", "RolledBack",
                   fmt::format("{} Version {} is rolled out again. Correct the spec to try anew.",
                               stalled_message(input, health), memory.last_good->version)};
  }
  if (input.rollout.rendering == Rendering::rolled_back) {
    return Verdict{
        "True", "RolledBack",
        fmt::format("The rollout of version {} made no progress for {} seconds and was rolled back "
                    "to what ran before, version {}. It is not tried again until the spec "
                    "changes.{}{}",
                    memory.failed_version, input.parsed.spec->upgrade.progress_deadline_seconds,
                    input.rollout.version,
                    health.rollout.stalled ? " The way back has stalled as well." : "",
                    other_troubles(health))};
  }
  if (health.rollout.stalled) {
    return Verdict{
        "True", "ProgressDeadlineExceeded",
        fmt::format("{} {}", stalled_message(input, health), hold_remedy(input, health))};
  }
  return std::nullopt;
}

Verdict judge_upgradeable(const StatusInput& input, const Health& health) {
  if (health.deleting) {
    return {"False", "Uninstalling", "The plug-in is being deleted."};
  }
  if (is_judged(input, health) && input.rollout.rendering == Rendering::downgrade_refused) {
    const std::string& brought = input.parsed.spec->version;
    return {"False", "DowngradeRefused",
            fmt::format("This operator brings version {}, which is older than version {} that "
                        "runs and stays. To go back to it, set spec.driver.version to {}.",
                        brought, input.rollout.version, brought)};
  }
  if (is_judged(input, health) && !input.desired.empty() && !health.rolled_out &&
      !health.rollout.stalled) {
    return {"False", "RollingOut", "Wait until the present rollout has ended; see Progressing."};
  }
  return {"True", "AsExpected", "Nothing stands against an upgrade."};
}

}  // namespace bso::install
