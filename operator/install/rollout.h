// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "install/bundle.h"
#include "install/driver_pods.h"
#include "install/render.h"
#include "install/spec.h"

namespace bso::install {

/// What last ran on every node: status.lastGood, with status.lastGoodVersion. It holds the pod
/// templates themselves, for a rollout may fail by any setting, or by a manifest that came with a
/// new operator, and not only by the version.
struct LastGood {
  std::string version;
  std::string target;           ///< rollout_target() of it
  std::string bundle;           ///< bundle_fingerprint() that it was rendered from
  std::string templates;        ///< compact JSON, by workload; "" when they were too large to keep
  std::string controller_mark;  ///< workload_mark() of the Deployment then
  std::string node_mark;        ///< and of the DaemonSet
};

/// All that is remembered of rollouts. It stands in the status, so that another operator goes on
/// where this one ended, with the same deadline.
struct RolloutMemory {
  std::optional<LastGood> last_good;
  std::string version;                  ///< of the rollout that runs; "" when none does
  std::string target;                   ///< likewise
  std::optional<WallTime> progress_at;  ///< nullopt: its clock does not run
  std::string progress;
  std::string failed_version;
  std::string failed_target;
  std::int64_t failed_generation = 0;
};
[[nodiscard]] RolloutMemory read_rollout_memory(const nlohmann::json& plugin);

/// Templates of more bytes than this are not kept in the status.
inline constexpr std::size_t kMaxKeptTemplates = 65536;

/// What in the documents makes pods restart: their templates, by workload, as compact JSON.
[[nodiscard]] std::string pod_templates(std::span<const DesiredObject> desired);
/// Its hash: two renderings with the same one need no rollout between them.
[[nodiscard]] std::string rollout_target(std::span<const DesiredObject> desired);
/// Hash of what a bundle brings: version, manifests and images.
[[nodiscard]] std::string bundle_fingerprint(const Bundle& bundle);
/// The state of a workload's template in the cluster: it changes with the template, and not when a
/// node restarts or joins.
[[nodiscard]] std::string workload_mark(const ObservedObject& workload);

enum class Rendering {
  as_wanted,
  awaiting_approval,  ///< upgrade.approval Manual: what runs stays
  downgrade_refused,  ///< another operator brings an older version that nobody named
  rolled_back         ///< what the spec wants has failed with this very spec
};

struct RolloutChoice {
  Rendering rendering = Rendering::as_wanted;
  std::string version{};  ///< that is rendered
};

struct ChosenRendering {
  RolloutChoice choice;
  std::vector<DesiredObject> desired;
};

/// Everything that a spec asks for: render() with the bundle and whatever else it needs.
using Render = std::function<std::vector<DesiredObject>(const PluginSpec& spec)>;

/// What is to stand in the cluster now: what the spec asks for, or what ran before as long as an
/// approval is missing or after a rollback. Only pods are held back so; classes and rights are
/// always those of the spec. While a rollout runs, its budget grows by the nodes that are not ready
/// (rollout_budget()). Decided from the status alone, so it is the same after a restart.
[[nodiscard]] ChosenRendering render_chosen(const nlohmann::json& plugin, const Bundle& bundle,
                                            const PluginSpec& spec, std::span<const DriverPod> pods,
                                            const Render& render);

/// Whether these pods can be put in the place of those desired: all workloads were there then.
[[nodiscard]] bool can_go_back(const LastGood& last_good, std::span<const DesiredObject> desired);

}  // namespace bso::install
