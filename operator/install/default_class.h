// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "codec/json.h"
#include "install/spec.h"

namespace bso::install {

/// What the choice of the default class needs to know of any StorageClass of the cluster.
struct ClassView {
  std::string name;
  std::string uid;
  std::string resource_version;
  bool terminating = false;
  std::vector<std::string> marks;  ///< annotations that make it the default class; empty: it is not

  [[nodiscard]] bool is_default() const { return !marks.empty(); }
};

[[nodiscard]] ClassView view_class(const nlohmann::json& live);

/// How often the mark of a class was set or taken by us since the spec changed: an entry of
/// status.defaultClass.changes.
struct MarkCount {
  std::string name;
  std::int64_t times = 0;
};

/// After so many changes of one class's mark somebody else is at it: stop until the spec changes.
inline constexpr std::int64_t kMostMarkChanges = 3;

/// Everything that the choice depends on. Spans live as long as the call.
struct DefaultScene {
  const DefaultClass& wanted;
  std::span<const ClassView> classes;  ///< all of the cluster
  bool ours = false;                   ///< the wanted class is ours and not Unmanaged
  std::span<const MarkCount> counts;
};

struct MarkStep {
  ClassView target;
  bool mark = true;  ///< else take the mark away
};

/// The next write that brings the marks to what the settings want, or nullopt when there is none to
/// make. Preserve: the wanted class is marked while no class is. Enforce: it is marked, then the
/// others lose theirs, in this order: a claim without a class that comes in between is refused
/// (before 1.26) and tried again by whoever made it, while one that finds no default class would
/// stay without a class for good.
[[nodiscard]] std::optional<MarkStep> next_mark(const DefaultScene& scene);

/// Names of the default classes, sorted.
[[nodiscard]] std::vector<std::string> default_classes(std::span<const ClassView> classes);

/// Why the wanted class is not the only default one although it should be, or "". For people.
[[nodiscard]] std::string default_obstacle(const DefaultScene& scene);

/// A merge patch of only the annotation, bound to the state that was seen.
[[nodiscard]] codec::JsonPtr mark_patch(const MarkStep& step);

/// status.defaultClass.changes, empty when it is of another generation of the spec.
[[nodiscard]] std::vector<MarkCount> read_mark_counts(const nlohmann::json& plugin);
/// status.defaultClass for the generation of `plugin`.
[[nodiscard]] nlohmann::json mark_counts_json(std::span<const MarkCount> counts,
                                              const nlohmann::json& plugin);
void count_mark(std::vector<MarkCount>& counts, std::string_view name);

}  // namespace bso::install
