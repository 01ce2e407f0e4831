// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/blocked_pods.h"

#include <algorithm>
#include <chrono>

namespace bso::controllers {
namespace {

constexpr const char* kInfo = "blockstorage_blocked_pod_info";

double seconds(WallTime from, WallTime to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

/// The API tells times in whole seconds; an hour is what nobody noticed.
runtime::Buckets delay_buckets() { return {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 3600}; }

}  // namespace

BlockedPods::BlockedPods(runtime::Metrics& metrics, bool each_pod)
    : metrics_(metrics),
      delay_(metrics.histogram("blockstorage_diagnosis_delay_seconds",
                               "From the placement of a pod on its node to its first annotation",
                               {}, delay_buckets())),
      each_pod_(each_pod) {}

void BlockedPods::see(const std::string& key, const diagnosis::Diagnosis& diagnosis,
                      std::string_view driver_of_remark) {
  if (!diagnosis.remark || !diagnosis.remark->unread) {
    unread_.erase(key);
  } else if (auto& counted = unread_[key]; counted != diagnosis.remark->text) {
    counted = diagnosis.remark->text;
    metrics_.count("blockstorage_unparsed_messages_total",
                   "Words of drivers about waiting pods that are in no table",
                   {{"driver", std::string(driver_of_remark)}});
  }
  leave(key);
  if (!diagnosis.verdict) return;
  const auto& verdict = *diagnosis.verdict;
  const std::string cause{diagnosis::to_string(verdict.cause)};
  const bool held = !verdict.holders.empty();
  blocked_[key] = {.labels = {{"namespace", verdict.ns},
                              {"cause", cause},
                              {"state", std::string(diagnosis::to_string(verdict.state))},
                              {"driver", verdict.driver}},
                   .info = {{"namespace", verdict.ns},
                            {"pod", verdict.pod},
                            {"claim", verdict.claim},
                            {"holder", held ? verdict.holders.front().pod : std::string()},
                            {"node", held ? verdict.holders.front().node : verdict.holder_node},
                            {"cause", cause}},
                   .since = verdict.since};
}

void BlockedPods::leave(const std::string& key) {
  const auto found = blocked_.find(key);
  if (found == blocked_.end()) return;
  if (each_pod_) metrics_.remove(kInfo, found->second.info);
  blocked_.erase(found);
}

void BlockedPods::forget(const std::string& key) {
  leave(key);
  unread_.erase(key);
}

void BlockedPods::wrote(const char* op, WallTime since, WallTime now) {
  metrics_.count("blockstorage_annotation_writes_total", "Annotations written to pods",
                 {{"op", op}});
  if (std::string_view{op} == "set") delay_.observe(seconds(since, now));
}

void BlockedPods::publish(WallTime now) {
  for (auto* family : {&count_, &oldest_}) {
    for (auto& [labels, value] : *family) value = 0;
  }
  for (const auto& [key, pod] : blocked_) {
    count_[pod.labels] += 1;
    auto& oldest =
        oldest_[{{"namespace", pod.labels.at("namespace")}, {"cause", pod.labels.at("cause")}}];
    oldest = std::max(oldest, seconds(pod.since, now));
    if (each_pod_) metrics_.set(kInfo, "1 for each pod that waits", pod.info, 1);
  }
  for (const auto& [labels, value] : count_) {
    metrics_.set("blockstorage_blocked_pods", "Pods that wait for a volume held elsewhere", labels,
                 value);
  }
  for (const auto& [labels, value] : oldest_) {
    metrics_.set("blockstorage_blocked_oldest_seconds",
                 "For how long the pod has waited that has waited longest", labels, value);
  }
}

}  // namespace bso::controllers
