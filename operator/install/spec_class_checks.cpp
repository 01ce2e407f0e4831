// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "install/class_policy.h"
#include "install/names.h"
#include "install/spec_checks.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

void check_tiers(const ClassSettings& classes, const Bundle& bundle, FieldReader& reader) {
  if (!classes.tiers) {
    return;
  }
  for (std::size_t index = 0; index < classes.tiers->size(); ++index) {
    const std::string& tier = (*classes.tiers)[index];
    const bool known = std::any_of(bundle.classes.tiers.begin(), bundle.classes.tiers.end(),
                                   [&](const ClassTier& item) { return item.name == tier; });
    if (known) {
      continue;
    }
    std::string names;
    for (const ClassTier& item : bundle.classes.tiers) {
      names += (names.empty() ? "" : ", ") + item.name;
    }
    reader.add({.field = fmt::format("spec.storageClasses.presets.tiers[{}]", index),
                .message = fmt::format("{} has no tier \"{}\"", bundle.name, tier),
                .remedy = names.empty() ? "Write an empty list, and classes of your own"
                                        : fmt::format("Write one of: {}", names),
                .reason = "UnknownPreset"});
  }
}

void check_place(const ClassSettings& classes, const Bundle& bundle, FieldReader& reader) {
  const std::array<std::pair<const char*, bool>, 2> places{{
      {"region", !classes.region.empty() && bundle.classes.region_parameter.empty()},
      {"zone", !classes.zone.empty() && bundle.classes.zone_parameter.empty()},
  }};
  for (const auto& [field, unusable] : places) {
    if (unusable) {
      reader.add({.field = fmt::format("spec.storageClasses.presets.{}", field),
                  .message = fmt::format("the classes of {} have no such parameter", bundle.name),
                  .remedy = "Take it out"});
    }
  }
  if (!classes.zone.empty() && classes.region.empty()) {
    reader.add({.field = "spec.storageClasses.presets.region",
                .message = "a zone alone does not tell the region",
                .remedy = "Write the region of the zone"});
  }
}

void check_own(const OwnClass& own, const std::string& path, FieldReader& reader) {
  if (!is_dns_subdomain(own.name)) {
    reader.add({.field = path + ".name",
                .message = fmt::format("\"{}\" is not a StorageClass's name", own.name),
                .remedy = "Write a name of a-z, 0-9, '-' and '.'"});
  }
  for (const auto& [key, value] : own.labels) {
    if (!is_label_key(key) || !is_label_value(value)) {
      reader.add({.field = fmt::format("{}.labels[{}]", path, key),
                  .message = fmt::format("{}={} is not a label", key, value),
                  .remedy = "Write a key and a value of letters, digits, '-', '_' and '.'"});
    } else if (key == kPluginLabel || key == kPartOfLabel || key == kManagedByLabel) {
      reader.add({.field = fmt::format("{}.labels[{}]", path, key),
                  .message = "the operator sets this label itself",
                  .remedy = "Take it out"});
    }
  }
  for (const auto& [key, value] : own.annotations) {
    if (!is_label_key(key)) {
      reader.add({.field = fmt::format("{}.annotations[{}]", path, key),
                  .message = "it is not an annotation's key",
                  .remedy = "Write a name with an optional \"domain/\" before it"});
    } else if (key == kDefaultClassMark || key == kDefaultClassBetaMark) {
      reader.add({.field = fmt::format("{}.annotations[{}]", path, key),
                  .message = "the mark of the default class is not set here",
                  .remedy = "Write storageClasses.default instead"});
    }
  }
}

/// The classes that the settings ask for, without those whose policy is Removed.
std::set<std::string> class_names(const ClassSettings& classes, const Bundle& bundle) {
  std::set<std::string> names;
  for (const PolicedClass& policed : policed_classes(bundle, classes)) {
    if (policed.policy != ClassPolicy::removed) {
      names.insert(policed.name);
    }
  }
  return names;
}

void check_default(const ClassSettings& classes, const Bundle& bundle, FieldReader& reader) {
  const DefaultClass& wanted = classes.default_class;
  const std::string field = "spec.storageClasses.default.className";
  if (wanted.mode == DefaultMode::enforce && wanted.name.empty()) {
    reader.add({.field = field,
                .message = "mode Enforce needs the class that is to be the default",
                .remedy = "Write the name of one of the classes of this spec"});
  }
  if (wanted.name.empty()) {
    return;
  }
  const std::set<std::string> names = class_names(classes, bundle);
  if (!names.contains(wanted.name)) {
    reader.add({.field = field,
                .message = fmt::format("\"{}\" is none of the classes of this spec", wanted.name),
                .remedy = names.empty() ? "Take it out"
                                        : fmt::format("Write one of: {}", fmt::join(names, ", "))});
  }
}

}  // namespace

void check_classes(const ClassSettings& classes, const Bundle& bundle, FieldReader& reader) {
  check_tiers(classes, bundle, reader);
  check_place(classes, bundle, reader);
  std::set<std::string> names;
  for (std::size_t index = 0; index < classes.own.size(); ++index) {
    const std::string path = fmt::format("spec.storageClasses.classes[{}]", index);
    check_own(classes.own[index], path, reader);
    if (!names.insert(classes.own[index].name).second) {
      reader.add({.field = path + ".name",
                  .message = fmt::format("\"{}\" is listed twice", classes.own[index].name),
                  .remedy = "Take one away"});
    }
  }
  check_default(classes, bundle, reader);
}

}  // namespace bso::install
