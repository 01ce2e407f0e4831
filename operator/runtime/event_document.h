// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"

namespace bso::runtime {

/// The object an Event is about.
struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string ns;  ///< "" for a cluster-scoped object: its events live in "kube-system"
  std::string name;
  std::string uid;
};

/// What an Event says. `reason`, `action` and `note` are cut to what the API takes.
struct EventNote {
  ObjectReference regarding;
  std::optional<ObjectReference> related;  ///< e.g. the pod that holds the volume
  std::string type;                        ///< Normal or Warning
  std::string reason;                      ///< CamelCase, not empty
  std::string action;                      ///< CamelCase, not empty
  std::string note;
};

/// Who says it.
struct EventSource {
  std::string controller;
  std::string instance;
};

/// The repetitions of an Event: how often it was seen and when last.
struct EventSeries {
  int count = 2;  ///< at least 2, or the API refuses it
  WallTime last_observed;
};

/// Limits of pkg/apis/core/validation/events.go (Kubernetes 1.20), in bytes.
inline constexpr std::size_t max_event_note = 1024;
inline constexpr std::size_t max_event_word = 128;  ///< reason, action, reportingInstance

[[nodiscard]] std::string event_namespace(const EventNote& note);

/// Made from all that the note says, and nothing else: the same again has the same name, in any run
/// of any build, so that a create which is sent twice does no harm.
[[nodiscard]] std::string event_name(const EventNote& note);

/// A whole events.k8s.io/v1 Event.
[[nodiscard]] nlohmann::json event_document(const EventNote& note, const EventSource& source,
                                            WallTime first,
                                            const std::optional<EventSeries>& series);

/// The merge patch that takes a series further. Without a count the server keeps the one it has.
[[nodiscard]] nlohmann::json series_patch(std::optional<int> count, WallTime last_observed);

}  // namespace bso::runtime
