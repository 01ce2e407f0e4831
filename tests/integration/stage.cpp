// SPDX-License-Identifier: Apache-2.0
#include "integration/stage.h"

#include <optional>

#include "integration/world.h"

namespace bso::test {
namespace {

/// What differs between two runs that did the same.
Json without_identity(Json object) {
  auto& metadata = object["metadata"];
  for (const char* field :
       {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"}) {
    metadata.erase(field);
  }
  return object;
}

Json status_of_plugin() {
  auto status = plugin().at("status");
  for (auto& condition : status.at("conditions")) condition.erase("lastTransitionTime");
  for (auto& entry : status.at("inventory")) entry.erase("uid");
  // Times, and names that a run makes up.
  if (status.contains("rollout")) status["rollout"].erase("progressAt");
  if (status.contains("volumes")) status["volumes"].erase("sample");
  return status;
}

}  // namespace

Stage::Stage() {
  for (const char* name : {"waiting-a", "waiting-b"}) {
    waiting.push_back(scene.add_pod({.name = name, .node = node, .claim = "data"}));
    scene.add_mount_refused(waiting.back(), node, volume, holder.uid);
  }
  create_plugin();
}

void Stage::wait_converged() const {
  wait_applied();
  eventually("the volumes are counted", []() -> Missing {
    if (plugin().at("status").contains("volumes")) return std::nullopt;
    return "not yet";
  });
  for (const auto& pod : waiting) {
    wait_annotated(pod, holder.name);
    eventually("an Event about " + pod.name, [&]() -> Missing {
      if (!our_events(pod).empty()) return std::nullopt;
      return "none";
    });
  }
}

Json Stage::picture() const {
  Json all;
  for (const auto& path : managed_paths()) {
    all[path] = without_identity(world().api.get(path));
  }
  all["status"] = status_of_plugin();
  for (const auto& pod : waiting) {
    all[pod.name] = {{"sentence", generic(annotations(pod).sentence)},
                     {"events", our_events(pod).size()}};
  }
  all["holder"] = {{"annotated", !annotations(holder).none()},
                   {"events", our_events(holder).size()}};
  return all;
}

void Stage::wait_picture(const Json& wanted) const {
  eventually("the same end state", [&]() -> Missing {
    const auto now = picture();
    if (now == wanted) return std::nullopt;
    return Json::diff(wanted, now).dump(1);
  });
}

std::string Stage::generic(std::string text) const {
  for (std::size_t at = 0; (at = text.find(scene.ns(), at)) != std::string::npos;) {
    text.replace(at, scene.ns().size(), "NAMESPACE");
  }
  return text;
}

const Json& undisturbed_picture() {
  static const Json picture = [] {
    const Stage stage;
    OperatorProcess op(operator_options());
    stage.wait_converged();
    return stage.picture();
  }();
  return picture;
}

}  // namespace bso::test
