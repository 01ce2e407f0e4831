// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/pod_condition.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "diagnosis/sentence.h"

namespace bso::controllers {
namespace {

std::string key_of(const cluster::Pod& pod) {
  return fmt::format("{}/{}", pod.ns.view(), pod.name);
}

std::string words_of(const cluster::Pod& pod, const std::optional<diagnosis::Verdict>& verdict) {
  return verdict ? fmt::format("{} {}", pod.uid, diagnosis::sentence(*verdict)) : pod.uid;
}

nlohmann::json condition(const std::optional<diagnosis::Verdict>& verdict, WallTime now) {
  nlohmann::json made{{"type", PodConditions::type}};
  if (verdict) {
    made["status"] = "True";
    made["reason"] = std::string{diagnosis::to_string(verdict->cause)};
    made["message"] = diagnosis::sentence(*verdict);
    // Not the present time: said again by the next leader it is the same.
    made["lastTransitionTime"] = to_rfc3339(verdict->since);
  } else {
    made["status"] = "False";
    made["reason"] = "Released";
    made["message"] = diagnosis::resolved_notice().note;
    made["lastTransitionTime"] = to_rfc3339(now);
  }
  return made;
}

}  // namespace

bool PodConditions::due(const cluster::Pod& pod,
                        const std::optional<diagnosis::Verdict>& verdict) const {
  if (!wanted_) return false;
  const auto said = said_.find(key_of(pod));
  if (said != said_.end()) return said->second != words_of(pod, verdict);
  // Of an earlier run nothing is known but the annotation, which is written after the condition.
  return verdict || pod.annotated();
}

Task<Result<std::string>> PodConditions::write(cluster::Pod pod,
                                               std::optional<diagnosis::Verdict> verdict,
                                               WallTime now) {
  nlohmann::json metadata{{"name", pod.name},
                          {"namespace", pod.ns.str()},
                          {"uid", pod.uid},
                          {"resourceVersion", pod.resource_version}};
  nlohmann::json status;
  status["conditions"] = nlohmann::json::array({condition(verdict, now)});
  nlohmann::json document{{"apiVersion", "v1"}, {"kind", "Pod"}};
  document["metadata"] = std::move(metadata);
  document["status"] = std::move(status);
  auto body = std::make_shared<const nlohmann::json>(std::move(document));
  kube::ApplyOptions options;
  options.subresource = "status";
  const auto ns = pod.ns.str();
  auto answer = co_await client_.apply(kube::pods, ns, pod.name, std::move(body), options);
  if (!answer && answer.error().forbidden() && !std::exchange(forbidden_, true)) {
    log::warn(
        "the right to patch pods/status is missing, so pods get no condition; remedy: "
        "examples/operator-pod-condition.yaml",
        {{"reason", answer.error().message}});
  }
  if (!answer) {
    co_return fail(std::move(answer.error()).with_context("writing a condition of the pod"));
  }
  said_[key_of(pod)] = words_of(pod, verdict);
  const auto& written = **answer;
  co_return written.value("/metadata/resourceVersion"_json_pointer, std::string());
}

}  // namespace bso::controllers
