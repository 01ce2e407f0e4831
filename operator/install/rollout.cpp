// SPDX-License-Identifier: Apache-2.0
#include "install/rollout.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/names.h"
#include "install/version.h"

namespace bso::install {
namespace {

using nlohmann::json;

const json* template_of(const DesiredObject& object) {
  const bool workload = object.ref.kind == "Deployment" || object.ref.kind == "StatefulSet" ||
                        object.ref.kind == "DaemonSet";
  return workload ? codec::find(*object.document, {"spec", "template"}) : nullptr;
}

std::string workload_key(const DesiredObject& object) {
  return fmt::format("{}/{}", object.ref.kind, object.ref.name);
}

std::int64_t whole_number_at(const json& document, std::initializer_list<std::string_view> path) {
  const json* value = codec::find(document, path);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : 0;
}

// The document with these pods instead of its own, and the hash that goes with it.
DesiredObject with_template(const DesiredObject& object, const json& pods) {
  json document = *object.document;
  document["spec"]["template"] = pods;
  document["metadata"]["annotations"].erase(std::string(kHashAnnotation));
  if (document["metadata"]["annotations"].empty()) {
    document["metadata"].erase("annotations");
  }
  DesiredObject made{.ref = object.ref, .hash = content_hash(document), .document = nullptr};
  document["metadata"]["annotations"][std::string(kHashAnnotation)] = made.hash;
  made.document = std::make_shared<const json>(std::move(document));
  return made;
}

// nullopt when a workload of today was not among those of then: they do not fit together.
std::optional<std::vector<DesiredObject>> with_templates(std::vector<DesiredObject> desired,
                                                         const std::string& kept) {
  const auto templates = codec::parse_json(kept);
  if (!templates) {
    return std::nullopt;
  }
  for (DesiredObject& object : desired) {
    if (template_of(object) == nullptr) {
      continue;
    }
    const json* pods = codec::find(*templates, {workload_key(object)});
    if (pods == nullptr || !pods->is_object()) {
      return std::nullopt;
    }
    object = with_template(object, *pods);
  }
  return desired;
}

Rendering choose_rendering(const json& plugin, const PluginSpec& spec, const LastGood& running,
                           bool same_bundle) {
  // With the bundle of then it is the user who has taken the newer version out of the spec.
  const bool named = !codec::string_at(plugin, {"spec", "driver", "version"}).empty();
  if (!named && !same_bundle && compare_versions(spec.version, running.version) < 0) {
    return Rendering::downgrade_refused;
  }
  const bool approved = !spec.upgrade.manual || spec.version == running.version ||
                        spec.upgrade.approved_version == spec.version;
  return approved ? Rendering::as_wanted : Rendering::awaiting_approval;
}

bool has_failed(const json& plugin, const RolloutMemory& memory, const std::string& target) {
  return memory.failed_generation != 0 && memory.failed_target == target &&
         memory.failed_generation == whole_number_at(plugin, {"metadata", "generation"});
}

// The pods that last ran everywhere, under the settings of today where nothing but the version is
// held back: the bundle is still that of then, and nothing has failed.
std::vector<DesiredObject> render_held(Rendering rendering, bool same_bundle, PluginSpec spec,
                                       const LastGood& last_good, const Render& render) {
  spec.version = last_good.version;
  std::vector<DesiredObject> desired = render(spec);
  if (rendering != Rendering::rolled_back && same_bundle) {
    return desired;
  }
  auto held = with_templates(desired, last_good.templates);
  return held ? std::move(*held) : std::move(desired);
}

}  // namespace

std::string pod_templates(std::span<const DesiredObject> desired) {
  json templates = json::object();
  for (const DesiredObject& object : desired) {
    if (const json* pods = template_of(object); pods != nullptr) {
      templates[workload_key(object)] = *pods;
    }
  }
  return codec::dump_json(templates);
}

std::string rollout_target(std::span<const DesiredObject> desired) {
  return content_hash(pod_templates(desired));
}

std::string bundle_fingerprint(const Bundle& bundle) {
  json content = json::array({bundle.version});
  for (const codec::JsonPtr& manifest : bundle.manifests) {
    content.push_back(*manifest);
  }
  for (const auto& [container, image] : bundle.images) {
    content.push_back({container, image.repository, image.tag});
  }
  return content_hash(content);
}

std::string workload_mark(const ObservedObject& workload) {
  return fmt::format("{}/{}", workload.uid,
                     workload.template_generation.empty() ? std::to_string(workload.generation)
                                                          : workload.template_generation);
}

RolloutMemory read_rollout_memory(const nlohmann::json& plugin) {
  RolloutMemory memory;
  const auto rollout = [&](std::string_view field) {
    return codec::string_at(plugin, {"status", "rollout", field});
  };
  memory.version = rollout("version");
  memory.target = rollout("target");
  memory.progress_at = from_rfc3339(rollout("progressAt"));
  memory.progress = rollout("progress");
  memory.failed_version = rollout("failedVersion");
  memory.failed_target = rollout("failedTarget");
  memory.failed_generation = whole_number_at(plugin, {"status", "rollout", "failedGeneration"});
  const auto good = [&](std::string_view field) {
    return codec::string_at(plugin, {"status", "lastGood", field});
  };
  if (!good("target").empty()) {
    memory.last_good = {.version = codec::string_at(plugin, {"status", "lastGoodVersion"}),
                        .target = good("target"),
                        .bundle = good("bundle"),
                        .templates = good("templates"),
                        .controller_mark = good("controllerMark"),
                        .node_mark = good("nodeMark")};
  }
  return memory;
}

ChosenRendering render_chosen(const nlohmann::json& plugin, const Bundle& bundle,
                              const PluginSpec& spec, std::span<const DriverPod> pods,
                              const Render& render) {
  const RolloutMemory memory = read_rollout_memory(plugin);
  ChosenRendering chosen;
  chosen.choice.version = spec.version;
  if (!memory.last_good) {
    chosen.desired = render(spec);  // the first installation
    return chosen;
  }
  const LastGood& running = *memory.last_good;
  const bool same_bundle = running.bundle == bundle_fingerprint(bundle);
  const auto render_as = [&](Rendering rendering, const PluginSpec& settings) {
    return rendering == Rendering::as_wanted
               ? render(settings)
               : render_held(rendering, same_bundle, settings, running, render);
  };
  Rendering rendering = choose_rendering(plugin, spec, running, same_bundle);
  chosen.desired = render_as(rendering, spec);
  std::string target = rollout_target(chosen.desired);
  if (has_failed(plugin, memory, target)) {
    rendering = Rendering::rolled_back;
    chosen.desired = render_as(rendering, spec);
    target = rollout_target(chosen.desired);
  }
  chosen.choice.rendering = rendering;
  if (rendering != Rendering::as_wanted) {
    chosen.choice.version = running.version;
  }
  const bool runs = target != running.target || memory.target == target;
  const std::int64_t nodes = whole_number_at(plugin, {"status", "node", "desired"});
  const std::int64_t not_ready = not_ready_nodes(pods);
  if (runs && nodes > 0 && not_ready > 0 && !spec.update_on_delete) {
    PluginSpec budgeted = spec;
    budgeted.max_unavailable = rollout_budget(spec.max_unavailable, nodes, not_ready);
    chosen.desired = render_as(rendering, budgeted);
  }
  return chosen;
}

bool can_go_back(const LastGood& last_good, std::span<const DesiredObject> desired) {
  return with_templates({desired.begin(), desired.end()}, last_good.templates).has_value();
}

}  // namespace bso::install
