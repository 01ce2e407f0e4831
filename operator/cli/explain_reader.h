// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bso::cli {

/// An event's message and what is known of its circumstances; "" is not known.
struct EventText {
  std::size_t number = 0;  ///< of the line, or of the list's item; from 1
  std::string reason;
  std::string source;  ///< the component that wrote it
  std::string message;
};

/// What could not be read, and what helps.
struct UnreadEvent {
  std::size_t number = 0;
  std::string why;
};

struct ReadEvents {
  std::vector<EventText> events;
  std::vector<UnreadEvent> unread;
  bool is_list = false;  ///< numbers are of items
};

/// The longest line that is read, in bytes; the API server takes no object that is larger.
inline constexpr std::size_t kMaxEventLine = 3U << 19U;

/// The messages in a text: one document as `kubectl get events -o json` prints it (a List, or one
/// Event of core/v1 or events.k8s.io/v1), or lines. A line that begins with '{' is a JSON object
/// with the text `message` (or `note`) and maybe `reason` and `source`, which may be an Event's;
/// any other is a message, or a row of the tables of `kubectl describe pod` and `kubectl get
/// events`, or a component's log line. Empty lines and the tables' heads are left out. A line that
/// is not understood is told and does not stop the rest.
[[nodiscard]] ReadEvents read_events(std::string_view text);

}  // namespace bso::cli
