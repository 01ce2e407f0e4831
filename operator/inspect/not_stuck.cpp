// SPDX-License-Identifier: Apache-2.0
#include "inspect/not_stuck.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "diagnosis/sentence.h"

namespace bso::inspect {
namespace {

using nlohmann::json;

/// As long as the operator waits before it calls a pod stuck (diagnosis/diagnose.h).
constexpr std::chrono::seconds kTooEarly{10};
constexpr std::size_t kMaxWords = 500;

/// ": words" of somebody else, or "".
std::string words(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with(' ')) text.remove_suffix(1);
  return text.empty() ? std::string() : fmt::format(": {}", diagnosis::printable(text, kMaxWords));
}

const json& list_at(const json& object, const char* name) {
  static const json kNone = json::array();
  const auto* found = codec::find(object, {"status", name});
  return found != nullptr && found->is_array() ? *found : kNone;
}

const json* condition(const json& pod, std::string_view type) {
  for (const auto& one : list_at(pod, "conditions")) {
    if (codec::string_at(one, {"type"}) == type) return &one;
  }
  return nullptr;
}

const Remark* newest_remark(const std::vector<Remark>& remarks, bool warnings_only) {
  const auto found = std::find_if(remarks.rbegin(), remarks.rend(), [&](const Remark& remark) {
    return remark.warning || !warnings_only;
  });
  return found == remarks.rend() ? nullptr : &*found;
}

std::string unplaced(const json& pod, const std::vector<Remark>& remarks) {
  const auto* placed = condition(pod, "PodScheduled");
  if (placed != nullptr && codec::string_at(*placed, {"reason"}) == "SchedulingGated") {
    return "Its scheduling gates are closed (spec.schedulingGates): nobody may place it yet.";
  }
  auto text = placed != nullptr ? codec::string_at(*placed, {"message"}) : std::string();
  for (auto at = remarks.rbegin(); text.empty() && at != remarks.rend(); ++at) {
    if (at->reason == "FailedScheduling") text = at->message;
  }
  return fmt::format("It waits for the scheduler{}", text.empty() ? "." : words(text));
}

/// What a container that is not running waits for, as far as it comes after mounting.
std::optional<std::string> waiting_container(const json& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const auto& container : list_at(pod, list)) {
      const auto reason = codec::string_at(container, {"state", "waiting", "reason"});
      const auto message = codec::string_at(container, {"state", "waiting", "message"});
      if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") continue;
      const auto name = diagnosis::printable(codec::string_at(container, {"name"}), 253);
      if (reason.find("Image") != std::string::npos) {
        const auto image = diagnosis::printable(codec::string_at(container, {"image"}), kMaxWords);
        return fmt::format(
            "Its volumes are mounted. The image {} of container {} cannot be had, {}{}", image,
            name, diagnosis::printable(reason, 100), words(message));
      }
      return fmt::format("Its volumes are mounted. Container {} waits, {}{}", name,
                         diagnosis::printable(reason, 100), words(message));
    }
  }
  return std::nullopt;
}

std::string with_volumes(const cluster::Pod& pod, const json& object,
                         const std::vector<Remark>& remarks) {
  if (auto waits = waiting_container(object)) return *waits;
  const auto* remark = newest_remark(remarks, false);
  if (remark != nullptr && remark->reason == "Pulling") {
    return fmt::format("Its volumes are mounted; its image is pulled{}", words(remark->message));
  }
  for (const auto& container : list_at(object, "initContainerStatuses")) {
    if (codec::find(container, {"state", "running"}) == nullptr) continue;
    return fmt::format("Its volumes are mounted; its init container {} runs.",
                       diagnosis::printable(codec::string_at(container, {"name"}), 253));
  }
  return pod.any_running
             ? "Its volumes are mounted; some of its containers run, others are started."
             : "Its volumes are mounted; its containers are being started.";
}

/// Nothing is mounted, and nobody is known to be in the way.
std::string without_volumes(const Snapshot& snapshot, const cluster::Pod& pod,
                            const std::vector<Remark>& remarks, WallTime now) {
  const auto* remark = newest_remark(remarks, true);
  if (remark == nullptr) remark = newest_remark(remarks, false);
  const auto said = remark == nullptr ? std::string("; there is no event about it")
                                      : fmt::format("; the newest event about it, {}{}",
                                                    diagnosis::printable(remark->reason, 100),
                                                    words(remark->message));
  if (pod.volumes.empty()) {
    return fmt::format("It is being started and has no volume that another pod could hold{}", said);
  }
  for (const auto& volume : pod.volumes) {
    if (volume.claim.empty()) continue;
    const auto* claim = snapshot.view().claim(pod.ns.view(), volume.claim.view());
    if (claim == nullptr && snapshot.count("PersistentVolumeClaim") != 0) {
      return fmt::format("It waits for its claim {}, which does not exist{}", volume.claim.view(),
                         said);
    }
    if (claim != nullptr && !claim->bound) {
      return fmt::format("It waits for its claim {}, which is not bound to a volume{}",
                         volume.claim.view(), said);
    }
  }
  const auto placed = std::max(pod.scheduled, pod.created);
  if (now < placed + kTooEarly) {
    return fmt::format("It was placed on its node {} s before {}: too early to call it stuck{}",
                       std::max<std::int64_t>(0, (now - placed).count()), to_rfc3339(now), said);
  }
  return fmt::format("Its volumes are not mounted yet, but nobody is known to hold them{}", said);
}

}  // namespace

std::string why_not_stuck(const Snapshot& snapshot, const Asked& asked, WallTime now) {
  const auto& pod = asked.pod;
  const auto& object = *asked.object;
  const auto remarks = snapshot.remarks(pod);
  if (pod.ended()) {
    const auto reason = codec::string_at(object, {"status", "reason"});
    return fmt::format("It has ended, {}{}{}",
                       pod.phase == cluster::Phase::failed ? "Failed" : "Succeeded",
                       reason.empty() ? "" : ", " + diagnosis::printable(reason, 100),
                       words(codec::string_at(object, {"status", "message"})));
  }
  if (pod.deleting) {
    return fmt::format("It is being deleted; its grace period {} {}.",
                       pod.deletion <= now ? "ended at" : "ends at", to_rfc3339(pod.deletion));
  }
  if (pod.node.empty()) return unplaced(object, remarks);
  if (pod.phase == cluster::Phase::running) {
    if (pod.ready) return "It runs.";
    const auto waits = waiting_container(object);
    return fmt::format("It runs, but is not ready.{}", waits ? " " + *waits : "");
  }
  if (pod.volumes_mounted()) return with_volumes(pod, object, remarks);
  return without_volumes(snapshot, pod, remarks, now);
}

}  // namespace bso::inspect
