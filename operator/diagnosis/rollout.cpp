// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/rollout.h"

#include <algorithm>
#include <cstdint>

namespace bso::diagnosis {

namespace {

int resolve(const cluster::IntOrPercent& value, int total, bool round_up) {
  if (!value.percent) return std::max(0, value.value);
  const auto hundredths = std::int64_t{std::max(0, value.value)} * std::max(0, total);
  const auto resolved = (hundredths + (round_up ? 99 : 0)) / 100;
  return static_cast<int>(std::min<std::int64_t>(resolved, INT32_MAX));
}

}  // namespace

int resolve_max_unavailable(const cluster::Workload& deployment) {
  const int surge = resolve(deployment.max_surge, deployment.replicas, true);
  const int unavailable = resolve(deployment.max_unavailable, deployment.replicas, false);
  if (surge == 0 && unavailable == 0) return 1;
  return std::min(unavailable, std::max(0, deployment.replicas));
}

bool never_stops_holder(const RolloutNumbers& numbers) {
  const int min_available = numbers.desired - numbers.max_unavailable;
  const int to_spare = numbers.pods - min_available - numbers.new_unready;
  if (to_spare <= 0) return true;
  // Unready old pods go without a look at availability, ready ones only while enough remain.
  return numbers.holder_ready && numbers.ready <= min_available;
}

RolloutNumbers rollout_numbers(const cluster::View& view, const cluster::Workload& deployment,
                               const cluster::Workload& new_set, const cluster::Pod& holder) {
  RolloutNumbers numbers;
  numbers.desired = deployment.replicas;
  numbers.max_unavailable = resolve_max_unavailable(deployment);
  numbers.holder_ready = holder.ready;
  for (const auto* set : view.replica_sets_of(deployment)) {
    numbers.pods += set->replicas;
    cluster::Owner controller;
    controller.uid = cluster::Symbol{set->uid};
    const auto pods = view.pods_of(controller);
    const auto ready =
        static_cast<int>(std::count_if(pods.begin(), pods.end(), [](const cluster::Pod* pod) {
          return pod->ready && !pod->deleting;
        }));
    numbers.ready += ready;
    if (set == &new_set) numbers.new_unready = std::max(0, set->replicas - ready);
  }
  return numbers;
}

}  // namespace bso::diagnosis
