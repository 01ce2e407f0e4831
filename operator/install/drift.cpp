// SPDX-License-Identifier: Apache-2.0
#include "install/drift.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/field_managers.h"
#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

// Bound of status.drift.fields in the CRD.
constexpr std::size_t kMaxEntries = 64;

std::int64_t number_at(const json& document, std::string_view field) {
  const json* value = codec::find(document, {field});
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : 0;
}

void put(json& object, const char* field, const std::string& text) {
  if (!text.empty()) {
    object[field] = text;
  }
}

DriftEntry read_entry(const json& item) {
  const json* held = codec::find(item, {"held"});
  return {.object = codec::string_at(item, {"object"}),
          .field = codec::string_at(item, {"field"}),
          .manager = codec::string_at(item, {"manager"}),
          .repairs = static_cast<int>(number_at(item, "repairs")),
          .held = held != nullptr && held->is_boolean() && held->get<bool>(),
          .seen = codec::string_at(item, {"seen"})};
}

json entry_json(const DriftEntry& entry) {
  json item = {{"object", entry.object}, {"field", entry.field}};
  put(item, "manager", entry.manager);
  item["repairs"] = entry.repairs;
  item["held"] = entry.held;
  put(item, "seen", entry.seen);
  return item;
}

std::string managed_by_field() { return fmt::format("metadata.labels[{}]", kManagedByLabel); }

bool knows(const DriftLedger& ledger, const std::string& object, std::string_view field) {
  return std::any_of(ledger.fields.begin(), ledger.fields.end(), [&](const DriftEntry& entry) {
    return entry.object == object && entry.field == field;
  });
}

const InventoryEntry* find_entry(std::span<const InventoryEntry> inventory, const ObjectRef& ref) {
  const auto found = std::find_if(inventory.begin(), inventory.end(),
                                  [&](const auto& entry) { return entry.ref.same_object(ref); });
  return found == inventory.end() ? nullptr : &*found;
}

std::optional<Drifted> drift_of(const DesiredObject& desired, const ObservedObject& observed,
                                const InventoryEntry* before, const DriftLedger& ledger) {
  const std::string object = desired.ref.display();
  if (!observed.exists) {
    const bool was_there = before != nullptr && before->hash == desired.hash;
    if (!was_there && !knows(ledger, object, kWholeObject)) {
      return std::nullopt;
    }
    return Drifted{desired.ref,
                   {std::string(kWholeObject)},
                   false,
                   before == nullptr ? std::string() : before->uid};
  }
  if (observed.owner == Owner::release) {
    const bool was_ours = (before != nullptr && before->uid == observed.uid) ||
                          knows(ledger, object, managed_by_field());
    return was_ours ? std::optional(Drifted{desired.ref, {managed_by_field()}, true, ""})
                    : std::nullopt;
  }
  const bool same_content = observed.applied_hash == desired.hash;
  if (observed.owner != Owner::ours || observed.terminating || !same_content ||
      observed.changed.empty()) {
    return std::nullopt;
  }
  return Drifted{desired.ref, observed.changed, false, ""};
}

/// The entry of that change, made if need be; nullptr when the ledger is full.
DriftEntry* entry_of(DriftLedger& ledger, const std::string& object, const FieldChange& change) {
  for (DriftEntry& entry : ledger.fields) {
    if (entry.object == object && entry.field == change.field && entry.manager == change.manager) {
      return &entry;
    }
  }
  if (ledger.fields.size() >= kMaxEntries) {
    return nullptr;
  }
  ledger.fields.push_back(
      {.object = object, .field = change.field, .manager = change.manager, .seen = ""});
  return &ledger.fields.back();
}

void remember_last(DriftLedger& ledger, const std::string& object, const FieldChange& change,
                   std::string_view now) {
  ledger.last_object = object;
  ledger.last_field = change.field;
  ledger.last_manager = change.manager;
  ledger.last_time = now;
}

}  // namespace

std::string sentence_of(const DriftEntry& entry) {
  const std::string_view by = entry.manager.empty() ? "somebody" : std::string_view(entry.manager);
  return entry.field == kWholeObject
             ? fmt::format("{} was deleted by {}", entry.object, by)
             : fmt::format("{}: {} was changed by {}", entry.object, entry.field, by);
}

bool is_about_marks(const Error& conflict) {
  bool any = false;
  for (const StatusCause& cause : conflict.causes) {
    if (cause.reason != "FieldManagerConflict") {
      continue;
    }
    // ".metadata.annotations.blockstorage.dev/applied-hash" (structured-merge-diff, path.go)
    if (cause.field.find(kOurPrefix) == std::string::npos) {
      return false;
    }
    any = true;
  }
  return any;
}

DriftLedger read_drift(const nlohmann::json& plugin) {
  DriftLedger ledger;
  const json* generation = codec::find(plugin, {"metadata", "generation"});
  if (generation != nullptr && generation->is_number_integer()) {
    ledger.generation = generation->get<std::int64_t>();
  }
  const json* drift = codec::find(plugin, {"status", "drift"});
  if (drift == nullptr || !drift->is_object()) {
    return ledger;
  }
  ledger.repaired = number_at(*drift, "repaired");
  ledger.last_object = codec::string_at(*drift, {"lastObject"});
  ledger.last_field = codec::string_at(*drift, {"lastField"});
  ledger.last_manager = codec::string_at(*drift, {"lastManager"});
  ledger.last_time = codec::string_at(*drift, {"lastTime"});
  const json* fields = codec::find(*drift, {"fields"});
  if (number_at(*drift, "generation") == ledger.generation && fields != nullptr &&
      fields->is_array()) {
    std::transform(fields->begin(), fields->end(), std::back_inserter(ledger.fields), read_entry);
  }
  return ledger;
}

nlohmann::json drift_json(const DriftLedger& ledger) {
  json drift = json::object();
  if (ledger.repaired == 0 && ledger.fields.empty() && ledger.last_time.empty()) {
    return drift;
  }
  drift["repaired"] = ledger.repaired;
  put(drift, "lastObject", ledger.last_object);
  put(drift, "lastField", ledger.last_field);
  put(drift, "lastManager", ledger.last_manager);
  put(drift, "lastTime", ledger.last_time);
  drift["generation"] = ledger.generation;
  drift["fields"] = json::array();
  for (const DriftEntry& entry : ledger.fields) {
    drift["fields"].push_back(entry_json(entry));
  }
  return drift;
}

std::vector<Drifted> find_drift(std::span<const DesiredObject> desired,
                                std::span<const ObservedObject> observed,
                                std::span<const InventoryEntry> inventory,
                                const DriftLedger& ledger) {
  std::vector<Drifted> all;
  for (const DesiredObject& object : desired) {
    const ObservedObject* found = find_observed(observed, object.ref);
    if (found == nullptr) {
      continue;
    }
    auto drifted = drift_of(object, *found, find_entry(inventory, object.ref), ledger);
    if (drifted) {
      all.push_back(std::move(*drifted));
    }
  }
  return all;
}

void forget_settled(DriftLedger& ledger, std::span<const DesiredObject> desired,
                    std::span<const ObservedObject> observed) {
  const auto differs = [&](const DriftEntry& entry) {
    const auto wanted = std::find_if(desired.begin(), desired.end(), [&](const auto& object) {
      return object.ref.display() == entry.object;
    });
    if (wanted == desired.end()) {
      return false;
    }
    const ObservedObject* found = find_observed(observed, wanted->ref);
    if (found == nullptr) {
      return true;  // it could not be looked at
    }
    if (!found->exists || entry.field == kWholeObject) {
      return !found->exists && entry.field == kWholeObject;
    }
    return (found->owner == Owner::release && entry.field == managed_by_field()) ||
           std::find(found->changed.begin(), found->changed.end(), entry.field) !=
               found->changed.end();
  };
  std::erase_if(ledger.fields, [&](const DriftEntry& entry) {
    return (entry.held || entry.repairs == 0) && !differs(entry);
  });
}

void mark_left(std::span<ObservedObject> observed, std::span<const DesiredObject> desired,
               std::span<const InventoryEntry> inventory, const DriftLedger& ledger, bool repair) {
  for (const Drifted& drifted : find_drift(desired, observed, inventory, ledger)) {
    if (repair && !drifted.taken && !is_held(ledger, drifted.ref)) {
      continue;
    }
    for (ObservedObject& object : observed) {
      object.drift_left = object.drift_left || object.ref.same_object(drifted.ref);
    }
  }
}

bool is_settled(const DriftLedger& ledger, const Drifted& drifted, DriftRules rules) {
  const std::string object = drifted.ref.display();
  return std::all_of(drifted.fields.begin(), drifted.fields.end(), [&](const std::string& field) {
    return std::any_of(ledger.fields.begin(), ledger.fields.end(), [&](const DriftEntry& entry) {
      return entry.object == object && entry.field == field && (entry.held || !rules.writes);
    });
  });
}

std::string state_of(const ObservedObject& observed, std::string_view field) {
  return observed.generation > 0 && field.rfind("metadata.", 0) != 0
             ? fmt::format("generation {}", observed.generation)
             : fmt::format("resourceVersion {}", observed.resource_version);
}

std::vector<FieldChange> attribute(const Drifted& drifted, const DesiredObject& desired,
                                   const nlohmann::json* live, const ObservedObject& observed,
                                   bool contested_only) {
  std::vector<FieldChange> changes;
  for (const std::string& field : drifted.fields) {
    if (live == nullptr) {
      changes.push_back({field, "", drifted.uid.empty() ? "" : "uid " + drifted.uid});
      continue;
    }
    const auto manager = manager_of(*live, *desired.document, field);
    const bool contested = manager && manager->name != kOperatorName;
    if (contested || !contested_only) {
      // Where only we hold what is not as we set it, the record is wrong: Kubernetes before 1.22
      // notes no `kubectl scale`, and none notes what an admission webhook made of our own apply.
      changes.push_back({field, contested ? manager->name : "", state_of(observed, field)});
    }
  }
  return changes;
}

DriftVerdict weigh(DriftLedger& ledger, const ObjectRef& ref, std::span<const FieldChange> changes,
                   DriftRules rules, bool attempted, std::string_view now) {
  const std::string object = ref.display();
  const bool repairs = rules.writes && rules.repair;
  const auto counted = [&](const DriftEntry& entry, const FieldChange& change) {
    return entry.repairs > 0 && (attempted || (!change.seen.empty() && entry.seen == change.seen));
  };
  bool hold = false;
  ledger.fields.reserve(std::max(ledger.fields.size(), kMaxEntries));  // the entries stay in place
  std::vector<std::pair<DriftEntry*, const FieldChange*>> pairs;
  for (const FieldChange& change : changes) {
    const std::size_t before = ledger.fields.size();
    DriftEntry* entry = entry_of(ledger, object, change);
    if (entry == nullptr) {
      hold = true;  // what cannot be counted is not fought about
      continue;
    }
    if (ledger.fields.size() > before) {
      remember_last(ledger, object, change, now);
    }
    hold = hold || entry->held || (entry->repairs >= kMaxRepairs && !counted(*entry, change));
    pairs.emplace_back(entry, &change);
  }
  for (const auto& [entry, change] : pairs) {
    entry->held = rules.writes && (hold || !rules.repair);
    if (repairs && !hold && !counted(*entry, *change)) {
      ++entry->repairs;
      ++ledger.repaired;
      entry->seen = change->seen;
      remember_last(ledger, object, *change, now);
    }
  }
  return !repairs ? DriftVerdict::report : hold ? DriftVerdict::hold : DriftVerdict::repair;
}

bool is_held(const DriftLedger& ledger, const ObjectRef& ref) {
  const std::string object = ref.display();
  return std::any_of(ledger.fields.begin(), ledger.fields.end(),
                     [&](const DriftEntry& entry) { return entry.object == object && entry.held; });
}

}  // namespace bso::install
