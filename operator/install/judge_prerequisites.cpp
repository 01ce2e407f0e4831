// SPDX-License-Identifier: Apache-2.0
#include "install/judge_prerequisites.h"

#include <utility>

#include <fmt/format.h>

#include "install/bundle.h"
#include "install/driver_pods.h"
#include "install/prerequisites.h"

namespace bso::install {
namespace {

constexpr std::size_t kShownNodes = 5;

/// A driver pod on such a node crashes again and again ("exec format error"), and nothing else says
/// why.
std::string other_architectures(const StatusInput& input) {
  if (input.parsed.bundle == nullptr) {
    return "";
  }
  const auto& supported = input.parsed.bundle->architectures;
  const auto others = nodes_of_other_architectures(input.driver_pods, supported);
  if (others.empty()) {
    return "";
  }
  std::vector<std::string> nodes;
  for (const OtherArchitecture& other : others) {
    if (nodes.size() < kShownNodes) {
      nodes.push_back(fmt::format("{} ({})", other.node, other.architecture));
    }
  }
  const std::string more =
      others.size() > kShownNodes ? fmt::format(" and {} more", others.size() - kShownNodes) : "";
  return fmt::format(
      "The node driver is scheduled on nodes that its images are not made for ({} only), and does "
      "not run there: {}{}. Keep it away from them: spec.node.nodeSelector: {{kubernetes.io/arch: "
      "{}}}; or name images that fit in spec.images.overrides.",
      fmt::join(supported, ", "), fmt::join(nodes, ", "), more, supported.front());
}

}  // namespace

Verdict judge_prerequisites(const StatusInput& input) {
  if (!input.parsed.faults.empty()) {
    return {"Unknown", input.parsed.faults.front().reason,
            "What the plug-in needs is not known while the spec is not valid."};
  }
  if (input.needs == nullptr || !input.parsed.spec) {
    return {"True", "Met", "Everything that the plug-in needs is there."};
  }
  if (const auto unmet = first_unmet(*input.needs, *input.parsed.spec)) {
    return {unmet->known ? "False" : "Unknown", unmet->reason, unmet->message};
  }
  if (std::string others = other_architectures(input); !others.empty()) {
    return {"False", "ArchitectureUnsupported", std::move(others)};
  }
  return {"True", "Met", "Everything that the plug-in needs is there."};
}

void say_without_namespace(Verdicts& verdicts, const Health& health) {
  const Verdict& met = verdicts.prerequisites_met;
  if (met.reason != "NamespaceMissing" || !health.managed || health.deleting) {
    return;
  }
  verdicts.progressing = {"False", met.reason, "Nothing is applied; see PrerequisitesMet."};
  verdicts.degraded = {"True", met.reason, met.message};
}

}  // namespace bso::install
