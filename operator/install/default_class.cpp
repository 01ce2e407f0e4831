// SPDX-License-Identifier: Apache-2.0
#include "install/default_class.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

const ClassView* find_class(std::span<const ClassView> classes, std::string_view name) {
  const auto found = std::find_if(classes.begin(), classes.end(),
                                  [&](const ClassView& view) { return view.name == name; });
  return found == classes.end() ? nullptr : &*found;
}

bool is_given_up(std::span<const MarkCount> counts, std::string_view name) {
  return std::any_of(counts.begin(), counts.end(), [&](const MarkCount& count) {
    return count.name == name && count.times >= kMostMarkChanges;
  });
}

// The wanted class when its mark may be written.
const ClassView* markable(const DefaultScene& scene) {
  if (scene.wanted.mode == DefaultMode::never || scene.wanted.name.empty() || !scene.ours) {
    return nullptr;
  }
  const ClassView* target = find_class(scene.classes, scene.wanted.name);
  return target == nullptr || target->terminating ? nullptr : target;
}

}  // namespace

ClassView view_class(const nlohmann::json& live) {
  ClassView view{.name = codec::string_at(live, {"metadata", "name"}),
                 .uid = codec::string_at(live, {"metadata", "uid"}),
                 .resource_version = codec::string_at(live, {"metadata", "resourceVersion"}),
                 .terminating = codec::find(live, {"metadata", "deletionTimestamp"}) != nullptr,
                 .marks = {}};
  for (const std::string_view mark : {kDefaultClassMark, kDefaultClassBetaMark}) {
    if (codec::string_at(live, {"metadata", "annotations", mark}) == "true") {
      view.marks.emplace_back(mark);
    }
  }
  return view;
}

std::optional<MarkStep> next_mark(const DefaultScene& scene) {
  const ClassView* target = markable(scene);
  if (target == nullptr) {
    return std::nullopt;
  }
  if (!target->is_default()) {
    const bool free = default_classes(scene.classes).empty();
    const bool wanted = scene.wanted.mode == DefaultMode::enforce || free;
    if (!wanted || is_given_up(scene.counts, target->name)) {
      return std::nullopt;
    }
    return MarkStep{.target = *target, .mark = true};
  }
  if (scene.wanted.mode == DefaultMode::enforce) {
    for (const ClassView& other : scene.classes) {
      if (other.is_default() && !other.terminating && other.name != target->name &&
          !is_given_up(scene.counts, other.name)) {
        return MarkStep{.target = other, .mark = false};
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string> default_classes(std::span<const ClassView> classes) {
  std::vector<std::string> names;
  for (const ClassView& view : classes) {
    if (view.is_default()) {
      names.push_back(view.name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string default_obstacle(const DefaultScene& scene) {
  if (scene.wanted.mode == DefaultMode::never || scene.wanted.name.empty()) {
    return "";
  }
  for (const MarkCount& count : scene.counts) {
    const ClassView* view = find_class(scene.classes, count.name);
    const bool wanted = count.name == scene.wanted.name;
    if (count.times >= kMostMarkChanges && view != nullptr && view->is_default() != wanted &&
        (scene.wanted.mode == DefaultMode::enforce || default_classes(scene.classes).empty())) {
      return fmt::format(
          "The mark of {} was {} {} times and somebody undid it each time: it is left alone until "
          "the spec changes. Find out who does it (kubectl get storageclass {} -o yaml "
          "--show-managed-fields)",
          count.name, wanted ? "set" : "taken away", count.times, count.name);
    }
  }
  const ClassView* target = find_class(scene.classes, scene.wanted.name);
  if (scene.wanted.mode == DefaultMode::enforce && target != nullptr && !scene.ours) {
    return fmt::format(
        "{} is not the operator's to change, so it is not made the default class, and no other "
        "class loses the mark",
        scene.wanted.name);
  }
  return "";
}

codec::JsonPtr mark_patch(const MarkStep& step) {
  json annotations = json::object();
  if (step.mark) {
    annotations[std::string(kDefaultClassMark)] = "true";
  } else {
    for (const std::string& mark : step.target.marks) {
      annotations[mark] = "false";
    }
  }
  return std::make_shared<const json>(json{{"metadata",
                                            {{"uid", step.target.uid},
                                             {"resourceVersion", step.target.resource_version},
                                             {"annotations", std::move(annotations)}}}});
}

std::vector<MarkCount> read_mark_counts(const nlohmann::json& plugin) {
  std::vector<MarkCount> counts;
  const json* generation = codec::find(plugin, {"metadata", "generation"});
  const json* of = codec::find(plugin, {"status", "defaultClass", "generation"});
  const json* list = codec::find(plugin, {"status", "defaultClass", "changes"});
  if (generation == nullptr || of == nullptr || *of != *generation || list == nullptr ||
      !list->is_array()) {
    return counts;
  }
  for (const json& item : *list) {
    const json* times = codec::find(item, {"times"});
    if (times != nullptr && times->is_number_integer()) {
      counts.push_back({codec::string_at(item, {"name"}), times->get<std::int64_t>()});
    }
  }
  return counts;
}

nlohmann::json mark_counts_json(std::span<const MarkCount> counts, const nlohmann::json& plugin) {
  json changes = json::array();
  for (const MarkCount& count : counts) {
    changes.push_back({{"name", count.name}, {"times", count.times}});
  }
  json state = {{"changes", std::move(changes)}};
  if (const json* generation = codec::find(plugin, {"metadata", "generation"})) {
    state["generation"] = *generation;
  }
  return state;
}

void count_mark(std::vector<MarkCount>& counts, std::string_view name) {
  const auto found = std::find_if(counts.begin(), counts.end(),
                                  [&](const MarkCount& count) { return count.name == name; });
  if (found == counts.end()) {
    counts.push_back({std::string(name), 1});
  } else {
    ++found->times;
  }
}

}  // namespace bso::install
