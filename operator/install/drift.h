// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "install/observe.h"
#include "install/plan.h"
#include "install/render.h"

namespace bso::install {

/// So often is one field of an object set right against one manager before it is held.
inline constexpr int kMaxRepairs = 3;
/// Stands for the field where the whole object was taken away.
inline constexpr std::string_view kWholeObject = ".";

/// An entry of status.drift.fields.
struct DriftEntry {
  std::string object;   ///< ObjectRef::display()
  std::string field;    ///< as differences() writes it, or kWholeObject
  std::string manager;  ///< "" when it is not known
  int repairs = 0;
  bool held = false;
  /// State of the object in which it was last counted. A repair changes it, so while it is the same
  /// the repair that was counted has not been made.
  std::string seen;
};

/// "Deployment a/b: spec.replicas was changed by autoscaler".
[[nodiscard]] std::string sentence_of(const DriftEntry& entry);

/// status.drift: what a restart must not forget.
struct DriftLedger {
  std::int64_t generation = 0;  ///< metadata.generation of the plug-in that `fields` is about
  std::int64_t repaired = 0;
  std::string last_object;
  std::string last_field;
  std::string last_manager;
  std::string last_time;  ///< RFC 3339
  std::vector<DriftEntry> fields;
};

/// The ledger as the status holds it; without the fields when the spec has changed since.
[[nodiscard]] DriftLedger read_drift(const nlohmann::json& plugin);
/// For the status; an empty object while nothing was ever seen.
[[nodiscard]] nlohmann::json drift_json(const DriftLedger& ledger);

/// An object that others changed.
struct Drifted {
  ObjectRef ref;
  std::vector<std::string> fields;
  /// A release of Helm has put its label back on an object that was ours. It is not taken twice.
  bool taken = false;
  std::string uid;  ///< of the object that is gone, for kWholeObject
};

/// What others changed: objects of ours that were applied as they are desired now and are not so
/// any more, and those that are gone. Not what a changed spec or a new version of the bundle makes
/// differ: that is to be applied.
[[nodiscard]] std::vector<Drifted> find_drift(std::span<const DesiredObject> desired,
                                              std::span<const ObservedObject> observed,
                                              std::span<const InventoryEntry> inventory,
                                              const DriftLedger& ledger);

/// Strikes what agrees again: what was held is counted from the start when it comes back. What was
/// set right keeps its count.
void forget_settled(DriftLedger& ledger, std::span<const DesiredObject> desired,
                    std::span<const ObservedObject> observed);

/// Marks what an application would leave as others made it: what is held, and with `repair` false
/// all of it. For who plans and does not apply.
void mark_left(std::span<ObservedObject> observed, std::span<const DesiredObject> desired,
               std::span<const InventoryEntry> inventory, const DriftLedger& ledger, bool repair);

struct DriftRules {
  bool writes = true;  ///< false in the modes Plan and Paused
  bool repair = true;  ///< spec.reconcile.drift
};

/// Whether the ledger says of each field that it is left as it is, so that nothing has to be asked.
[[nodiscard]] bool is_settled(const DriftLedger& ledger, const Drifted& drifted, DriftRules rules);

/// One field of a drifted object, and who did it.
struct FieldChange {
  std::string field;
  std::string manager;
  std::string seen;
};

/// state_of() of the object as it is: of a field below spec the generation, which status updates do
/// not move; else the resourceVersion.
[[nodiscard]] std::string state_of(const ObservedObject& observed, std::string_view field);

/// The changes of a drifted object, from its live document (nullptr when it is gone). With
/// `contested_only` those alone that another manager holds: for an object whose content is new.
[[nodiscard]] std::vector<FieldChange> attribute(const Drifted& drifted,
                                                 const DesiredObject& desired,
                                                 const nlohmann::json* live,
                                                 const ObservedObject& observed,
                                                 bool contested_only);

enum class DriftVerdict {
  repair,  ///< with force; counted in the ledger, which has to be written first
  hold,    ///< it has been repaired often enough
  report   ///< the spec wants no repair
};

/// Judges an object's changes and counts them. `attempted`: the process knows that the repair it
/// counted last was refused, so that this is the same one.
[[nodiscard]] DriftVerdict weigh(DriftLedger& ledger, const ObjectRef& ref,
                                 std::span<const FieldChange> changes, DriftRules rules,
                                 bool attempted, std::string_view now);

/// Whether a refused apply conflicts over nothing but our own labels and annotations.
[[nodiscard]] bool is_about_marks(const Error& conflict);

/// Whether a field of the object is held after repairs.
[[nodiscard]] bool is_held(const DriftLedger& ledger, const ObjectRef& ref);

}  // namespace bso::install
