// SPDX-License-Identifier: Apache-2.0
#include "install/class_policy.h"

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

json bound_to(const ObservedObject& found) {
  return {{"uid", found.uid}, {"resourceVersion", found.resource_version}};
}

}  // namespace

std::vector<PolicedClass> policed_classes(const Bundle& bundle, const ClassSettings& settings) {
  std::vector<PolicedClass> classes;
  const auto add = [&](const std::string& name) {
    const bool replaced = std::any_of(settings.own.begin(), settings.own.end(),
                                      [&](const OwnClass& own) { return own.name == name; });
    if (!name.empty() && !replaced) {
      classes.push_back({name, settings.policy});
    }
  };
  for (const ClassTier& tier : bundle.classes.tiers) {
    const auto& wanted = settings.tiers;
    if (wanted && std::find(wanted->begin(), wanted->end(), tier.name) == wanted->end()) {
      continue;
    }
    add(tier.class_name);
    if (settings.retain_variants) {
      add(tier.retain_class);
    }
  }
  for (const OwnClass& own : settings.own) {
    classes.push_back({own.name, own.policy.value_or(settings.policy)});
  }
  return classes;
}

std::optional<ClassPolicy> policy_of(const Bundle& bundle, const ClassSettings& settings,
                                     std::string_view name) {
  for (const PolicedClass& policed : policed_classes(bundle, settings)) {
    if (policed.name == name) {
      return policed.policy;
    }
  }
  return std::nullopt;
}

bool survives(const ObjectRef& ref, const Bundle& bundle, const ClassSettings& settings) {
  if (ref.kind != "StorageClass") {
    return false;
  }
  const auto policy = policy_of(bundle, settings, ref.name);
  return policy ? *policy == ClassPolicy::unmanaged : !settings.delete_removed;
}

Handover judge_handover(const ObservedObject& found, const Bundle& bundle, const PluginSpec& spec) {
  if (found.ref.kind != "StorageClass" || !found.exists || found.terminating) {
    return Handover::none;
  }
  if (found.owner == Owner::ours) {
    return survives(found.ref, bundle, spec.classes) ? Handover::give_up : Handover::none;
  }
  const auto policy = policy_of(bundle, spec.classes, found.ref.name);
  const bool wanted = policy == ClassPolicy::managed || policy == ClassPolicy::create_only;
  return wanted && found.owner == Owner::nobody && found.given_up_by == spec.plugin
             ? Handover::take_back
             : Handover::none;
}

codec::JsonPtr give_up_patch(const ObservedObject& found, std::string_view plugin) {
  json metadata = bound_to(found);
  for (const std::string_view label : {kManagedByLabel, kPartOfLabel, kPluginLabel}) {
    metadata["labels"][std::string(label)] = nullptr;
  }
  metadata["annotations"] = {{std::string(kHashAnnotation), nullptr},
                             {std::string(kOrphanedFrom), std::string(plugin)}};
  return std::make_shared<const json>(json{{"metadata", std::move(metadata)}});
}

codec::JsonPtr take_back_patch(const ObservedObject& found, const Bundle& bundle,
                               std::string_view plugin) {
  json metadata = bound_to(found);
  metadata["labels"] = {{std::string(kManagedByLabel), std::string(kOperatorName)},
                        {std::string(kPartOfLabel), bundle.name},
                        {std::string(kPluginLabel), std::string(plugin)}};
  metadata["annotations"] = {{std::string(kOrphanedFrom), nullptr}};
  return std::make_shared<const json>(json{{"metadata", std::move(metadata)}});
}

}  // namespace bso::install
