// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <variant>

#include "base/error.h"

namespace bso::kube {

/// What a reflector does next. The rules are client-go's (tools/cache/reflector.go and
/// tools/pager/pager.go, v0.37; rest/request.go for Retry-After) as pure functions, so that they
/// can be tested as a table.
namespace watch_state {

/// LIST. `resource_version` "0": whatever the server has cached; "" a quorum read; else: not older
/// than that. `paged` asks for pages of 500: for "" and "0", and for collections that are known to
/// have no watch cache; other lists are answered by the watch cache only without a limit.
struct List {
  std::string resource_version;
  bool paged;
};

/// A LIST by means of a WATCH (KEP-3157): the stream begins with everything there is, not older
/// than `resource_version` ("": as of now), and goes on as a WATCH.
struct StreamList {
  std::string resource_version;
  int cut = 0;  ///< how often in a row it ended before everything was told
};

/// WATCH from just after `resource_version`.
struct Watch {
  std::string resource_version;
  int refused = 0;  ///< how often in a row the server asked to come again later
};

}  // namespace watch_state

using WatchState = std::variant<watch_state::List, watch_state::StreamList, watch_state::Watch>;

namespace watch_outcome {

struct Listed {
  std::string resource_version;
  bool in_pages = false;  ///< it took more than one
};

struct ListFailed {
  Error error;
  bool on_later_page = false;  ///< a continue token was in use
};

/// A list came whole but is older than what this reflector has seen: it was not applied.
struct ListOutdated {
  Error error;
};

/// The WATCH request itself did not come to a stream.
struct WatchRefused {
  Error error;
};

/// A StreamList ended before everything was told: nothing was applied.
struct StreamListCut {
  bool has_error = false;  ///< an ERROR event, or bytes that make no sense
  Error error;
};

/// A stream came to its end: cleanly, cut, or by an ERROR event.
struct WatchEnded {
  std::string resource_version;  ///< of the last event (or bookmark) applied
  std::size_t events;            ///< all kinds counted
  std::chrono::milliseconds lasted;
  bool has_error = false;  ///< an ERROR event, or bytes that make no sense
  Error error;
  bool lost = false;  ///< an event about an object could not be read
};

}  // namespace watch_outcome

using WatchOutcome = std::variant<watch_outcome::Listed, watch_outcome::ListFailed,
                                  watch_outcome::ListOutdated, watch_outcome::WatchRefused,
                                  watch_outcome::StreamListCut, watch_outcome::WatchEnded>;

/// What a reflector keeps in mind from one step to the next.
struct WatchMemory {
  /// The newest resourceVersion ever held, or a floor given from outside; "" when there is none.
  /// Relists ask for nothing older, so that the picture never goes back in time.
  std::string last_seen;
  /// The collection has no watch cache (Events): a list at "0" came in pages.
  bool paged = false;
  /// Lists are streamed (StreamList) until the server turns out not to know how.
  bool stream_lists = false;
};

struct WatchStep {
  WatchState next;
  bool back_off;  ///< pause before doing it
};

/// A reflector's first state.
[[nodiscard]] WatchState first_watch_state(const WatchMemory& memory);
/// The first state that wants the truth of etcd rather than what is cached.
[[nodiscard]] WatchState first_quorum_state(const WatchMemory& memory);

/// Takes note of what an outcome teaches; before next_watch_state().
void learn(WatchMemory& memory, const WatchState& now, const WatchOutcome& outcome);

[[nodiscard]] WatchStep next_watch_state(const WatchState& now, const WatchOutcome& outcome,
                                         const WatchMemory& memory);

}  // namespace bso::kube
