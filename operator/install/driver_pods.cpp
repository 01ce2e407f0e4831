// SPDX-License-Identifier: Apache-2.0
#include "install/driver_pods.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace bso::install {
namespace {

bool has_other_image(const DriverPod& pod, const ObservedObject& daemon_set) {
  return std::any_of(daemon_set.images.begin(), daemon_set.images.end(), [&](const auto& wanted) {
    const auto own = pod.images.find(wanted.first);
    return own != pod.images.end() && own->second != wanted.second;
  });
}

// The revisions that are the present one. A template that was changed and changed back has a new
// generation and its old revision, so that pods of an older generation may be up to date.
std::set<std::string> present_revisions(std::span<const DriverPod> pods,
                                        const ObservedObject& daemon_set) {
  std::set<std::string> revisions;
  for (const DriverPod& pod : pods) {
    if (pod.template_generation == daemon_set.template_generation && !pod.revision.empty()) {
      revisions.insert(pod.revision);
    }
  }
  return revisions;
}

class Outdated {
 public:
  Outdated(std::span<const DriverPod> pods, const ObservedObject& daemon_set)
      : daemon_set_(daemon_set), present_(present_revisions(pods, daemon_set)) {}

  bool operator()(const DriverPod& pod) const {
    if (has_other_image(pod, daemon_set_)) {
      return true;
    }
    // The controller's count has the last word: it knows the revisions themselves.
    const bool all_updated = daemon_set_.observed_generation >= daemon_set_.generation &&
                             daemon_set_.updated >= daemon_set_.desired;
    return !all_updated && !daemon_set_.template_generation.empty() &&
           pod.template_generation != daemon_set_.template_generation &&
           present_.count(pod.revision) == 0;
  }

 private:
  const ObservedObject& daemon_set_;
  std::set<std::string> present_;
};

bool is_on_lost_node(const DriverPod& pod) { return !pod.node.empty() && !pod.node_ready; }

}  // namespace

std::vector<std::string> unavailable_nodes(std::span<const DriverPod> pods) {
  std::map<std::string, bool> served;
  for (const DriverPod& pod : pods) {
    if (!pod.node.empty()) {
      // Of two pods on a node, the old one that goes and the new one, either may serve it.
      served[pod.node] |= pod.ready && pod.node_ready;
    }
  }
  std::vector<std::string> nodes;
  for (const auto& [node, ready] : served) {
    if (!ready) {
      nodes.push_back(node);
    }
  }
  return nodes;
}

std::vector<std::string> outdated_nodes(std::span<const DriverPod> pods,
                                        const ObservedObject& daemon_set) {
  const Outdated outdated(pods, daemon_set);
  std::set<std::string> nodes;
  for (const DriverPod& pod : pods) {
    if (!pod.node.empty() && outdated(pod)) {
      nodes.insert(pod.node);
    }
  }
  return {nodes.begin(), nodes.end()};
}

Unreachable unreachable(std::span<const DriverPod> pods, const ObservedObject& daemon_set) {
  const Outdated outdated(pods, daemon_set);
  Unreachable found;
  for (const DriverPod& pod : pods) {
    if (is_on_lost_node(pod)) {
      found.outdated += outdated(pod) ? 1 : 0;
      found.unready += pod.ready ? 0 : 1;
    }
  }
  return found;
}

std::vector<OtherArchitecture> nodes_of_other_architectures(
    std::span<const DriverPod> pods, std::span<const std::string> supported) {
  std::set<OtherArchitecture> others;
  for (const DriverPod& pod : pods) {
    const bool known = !pod.node.empty() && !pod.architecture.empty() && !supported.empty();
    if (known && !pod.ready &&
        std::find(supported.begin(), supported.end(), pod.architecture) == supported.end()) {
      others.insert({pod.node, pod.architecture});
    }
  }
  return {others.begin(), others.end()};
}

std::int64_t not_ready_nodes(std::span<const DriverPod> pods) {
  std::set<std::string> nodes;
  for (const DriverPod& pod : pods) {
    if (is_on_lost_node(pod)) {
      nodes.insert(pod.node);
    }
  }
  return static_cast<std::int64_t>(nodes.size());
}

std::string rollout_budget(const std::string& budget, std::int64_t desired,
                           std::int64_t not_ready) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(budget.data(), budget.data() + budget.size(), number);
  if (not_ready <= 0 || code != std::errc()) {
    return budget;
  }
  const bool percent = end != budget.data() + budget.size();
  const std::int64_t own = percent ? (desired * number + 99) / 100 : number;
  // Never beyond all nodes, and never below what the user allows anyway.
  return std::to_string(std::max<std::int64_t>({own, 1, std::min(own + not_ready, desired)}));
}

}  // namespace bso::install
