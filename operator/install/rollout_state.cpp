// SPDX-License-Identifier: Apache-2.0
#include "install/rollout_state.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/health.h"
#include "install/status.h"

namespace bso::install {
namespace {

using nlohmann::json;

/// How far a workload has come: pods updated, and pods available with so many updated.
using Counts = std::pair<std::int64_t, std::int64_t>;
using Progress = std::array<Counts, 2>;  ///< of the controller and of the nodes

Progress progress_of(const Health& health) {
  const auto counts = [](const WorkloadHealth& workload) {
    return workload.found == nullptr ? Counts()
                                     : Counts(workload.found->updated, workload.found->available);
  };
  return {counts(health.controller), counts(health.node)};
}

std::string progress_text(const Progress& progress) {
  return fmt::format("controller: {} updated, {} available; nodes: {} updated, {} available",
                     progress[0].first, progress[0].second, progress[1].first, progress[1].second);
}

// Reads what progress_text() wrote: the numbers in it, in order.
Progress read_progress(std::string_view text) {
  std::array<std::int64_t, 4> numbers{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size() && at < numbers.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) != 0) {
      numbers.at(at) = numbers.at(at) * 10 + (text[i] - '0');
      const bool last =
          i + 1 == text.size() || std::isdigit(static_cast<unsigned char>(text[i + 1])) == 0;
      at += last ? 1 : 0;
    }
  }
  return {Counts(numbers[0], numbers[1]), Counts(numbers[2], numbers[3])};
}

Progress best_of(const Progress& one, const Progress& other) {
  return {std::max(one[0], other[0]), std::max(one[1], other[1])};
}

bool is_complete(const WorkloadHealth& workload, const std::string& mark, bool same_target) {
  if (!workload.wanted) {
    return true;
  }
  if (!workload.exists || !workload.applied) {
    return false;
  }
  const bool was_complete = same_target && mark == workload_mark(*workload.found);
  return was_complete || (workload.settled && workload.all_available && workload.serves);
}

std::string rendered_version(const StatusInput& input) {
  return input.rollout.version.empty() ? input.parsed.spec->version : input.rollout.version;
}

LastGood last_good_of(const StatusInput& input, const Health& health, const std::string& target,
                      const std::optional<LastGood>& before) {
  LastGood good;
  good.version = rendered_version(input);
  good.target = target;
  const bool as_wanted = input.rollout.rendering == Rendering::as_wanted;
  good.bundle = as_wanted || !before ? bundle_fingerprint(*input.parsed.bundle) : before->bundle;
  good.templates = pod_templates(input.desired);
  if (good.templates.size() > kMaxKeptTemplates) {
    good.templates.clear();
  }
  const auto mark = [](const WorkloadHealth& workload) {
    return workload.exists ? workload_mark(*workload.found) : std::string();
  };
  good.controller_mark = mark(health.controller);
  good.node_mark = mark(health.node);
  return good;
}

bool clock_runs(const StatusInput& input, const Health& health) {
  const PluginSpec& spec = *input.parsed.spec;
  const auto in_place = [](const WorkloadHealth& workload) {
    return workload.applied || !workload.wanted;
  };
  return spec.reconcile.mode == ReconcileMode::apply && in_place(health.controller) &&
         in_place(health.node) && !(spec.update_on_delete && health.controller.complete);
}

// The clock of a rollout that is not complete.
void judge_clock(const StatusInput& input, const Health& health, const std::string& target,
                 RolloutState& state) {
  RolloutMemory& memory = state.memory;
  const json* generation = codec::find(input.plugin, {"metadata", "generation"});
  const json* observed = codec::find(input.plugin, {"status", "observedGeneration"});
  const bool same_spec = generation != nullptr && observed != nullptr && *generation == *observed;
  const bool goes_on = same_spec && memory.target == target && memory.progress_at.has_value();
  const auto now = from_rfc3339(input.now);
  memory.version = rendered_version(input);
  memory.target = target;
  if (!clock_runs(input, health) || !now) {
    memory.progress_at.reset();
    memory.progress.clear();
    return;
  }
  const Progress before = goes_on ? read_progress(memory.progress) : Progress();
  const Progress best = best_of(before, progress_of(health));
  if (!goes_on || best != before) {
    memory.progress_at = now;
    memory.progress = progress_text(best);
  }
  const std::chrono::seconds deadline(input.parsed.spec->upgrade.progress_deadline_seconds);
  state.stalled = *memory.progress_at + deadline <= *now;
}

void judge_failure(const StatusInput& input, const std::string& target, RolloutState& state) {
  RolloutMemory& memory = state.memory;
  const bool goes_back = input.rollout.rendering == Rendering::rolled_back;
  state.failed = state.stalled && !goes_back && input.parsed.spec->upgrade.roll_back &&
                 memory.last_good && memory.last_good->target != target &&
                 can_go_back(*memory.last_good, input.desired);
  if (state.failed) {
    memory.failed_version = rendered_version(input);
    memory.failed_target = target;
    const json* generation = codec::find(input.plugin, {"metadata", "generation"});
    memory.failed_generation = generation != nullptr && generation->is_number_integer()
                                   ? generation->get<std::int64_t>()
                                   : 0;
  } else if (!goes_back) {
    memory.failed_version.clear();
    memory.failed_target.clear();
    memory.failed_generation = 0;
  }
}

}  // namespace

void judge_rollout(const StatusInput& input, Health& health) {
  RolloutState& state = health.rollout;
  state.memory = read_rollout_memory(input.plugin);
  state.version = health.previous_version;
  const std::optional<LastGood> before = state.memory.last_good;
  // Without anything desired (hands off, a faulty spec, a deletion) what is remembered stands.
  const bool judged = !input.desired.empty() && input.parsed.spec.has_value() && !health.external;
  const std::string target = judged ? rollout_target(input.desired) : std::string();
  const bool same_target = before && (!judged || before->target == target);
  health.controller.complete =
      is_complete(health.controller, before ? before->controller_mark : "", same_target);
  health.node.complete = is_complete(health.node, before ? before->node_mark : "", same_target);
  health.rolled_out = health.controller.complete && health.node.complete && health.pending.empty();
  if (!judged) {
    return;
  }
  if (health.rolled_out) {
    state.memory.last_good = last_good_of(input, health, target, before);
    state.version = state.memory.last_good->version;
    state.memory.version.clear();
    state.memory.target.clear();
    state.memory.progress_at.reset();
    state.memory.progress.clear();
  } else {
    judge_clock(input, health, target, state);
  }
  judge_failure(input, target, state);
}

void write_rollout(const RolloutMemory& memory, nlohmann::json& status) {
  const auto set = [](json& object, const char* field, const std::string& text) {
    if (!text.empty()) {
      object[field] = text;
    }
  };
  if (memory.last_good) {
    const LastGood& good = *memory.last_good;
    set(status, "lastGoodVersion", good.version);
    set(status["lastGood"], "target", good.target);
    set(status["lastGood"], "bundle", good.bundle);
    set(status["lastGood"], "templates", good.templates);
    set(status["lastGood"], "controllerMark", good.controller_mark);
    set(status["lastGood"], "nodeMark", good.node_mark);
  }
  json rollout = json::object();
  set(rollout, "version", memory.version);
  set(rollout, "target", memory.target);
  set(rollout, "progressAt", memory.progress_at ? to_rfc3339(*memory.progress_at) : "");
  set(rollout, "progress", memory.progress);
  set(rollout, "failedVersion", memory.failed_version);
  set(rollout, "failedTarget", memory.failed_target);
  if (memory.failed_generation != 0) {
    rollout["failedGeneration"] = memory.failed_generation;
  }
  if (!rollout.empty()) {
    status["rollout"] = std::move(rollout);
  }
}

std::optional<std::chrono::seconds> until_stalled(const nlohmann::json& status,
                                                  const PluginSpec& spec, WallTime now) {
  const auto since = from_rfc3339(codec::string_at(status, {"rollout", "progressAt"}));
  if (!since) {
    return std::nullopt;
  }
  const auto end = *since + std::chrono::seconds(spec.upgrade.progress_deadline_seconds);
  return end > now ? std::optional<std::chrono::seconds>(end - now) : std::nullopt;
}

}  // namespace bso::install
