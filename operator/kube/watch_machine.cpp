// SPDX-License-Identifier: Apache-2.0
#include "kube/watch_machine.h"

#include "kube/status_error.h"

namespace bso::kube {
namespace {

using watch_state::List;
using watch_state::StreamList;
using watch_state::Watch;

/// How often a server may put off a WATCH by a 5xx with Retry-After (client-go rest/request.go:
/// maxRetries 10).
constexpr int kMostRefusals = 10;
/// How often in a row a streamed list may end too early before LIST takes over. client-go would try
/// for ever.
constexpr int kMostCuts = 3;

WatchState relist(const WatchMemory& memory) {
  if (memory.stream_lists) return StreamList{.resource_version = memory.last_seen};
  if (memory.last_seen.empty()) return List{.resource_version = "0", .paged = true};
  return List{.resource_version = memory.last_seen, .paged = memory.paged};
}

List quorum_list() { return List{.resource_version = "", .paged = true}; }

bool is_unavailable(const Error& error) {
  return is_expired(error) || is_too_large_resource_version(error);
}

bool never_arrived(const Error& error) {
  if (error.may_have_executed) return false;
  return error.kind == ErrorKind::network || error.kind == ErrorKind::timeout ||
         error.kind == ErrorKind::tls;
}

/// A server that is merely busy or not there yet still has our place in its watch cache: asking for
/// the whole collection again would only add to its load.
bool keeps_the_watch(const Error& error) {
  return is_too_many_requests(error) || never_arrived(error);
}

/// A 5xx with Retry-After, as from a server that is starting or going down.
bool comes_again_later(const Error& error) {
  return error.kind == ErrorKind::status && error.code >= 500 && error.retry_after &&
         !is_unavailable(error);
}

/// After an error that tells nothing of the version, LIST replaces a streamed list.
bool gives_up_streaming(const StreamList& now, bool has_error, const Error& error) {
  if (!has_error || comes_again_later(error)) return now.cut + 1 >= kMostCuts;
  if (keeps_the_watch(error)) return false;
  return !is_unavailable(error) || now.resource_version.empty();
}

struct Rules {
  const WatchState& now;
  const WatchMemory& memory;

  WatchStep operator()(const watch_outcome::Listed& listed) const {
    return {Watch{listed.resource_version}, false};
  }

  WatchStep operator()(const watch_outcome::ListFailed& failed) const {
    const auto& list = std::get<List>(now);
    if (is_expired(failed.error) && failed.on_later_page) {
      // The pages' snapshot was compacted away: one unpaged list of what was asked for at first.
      return {List{.resource_version = list.resource_version, .paged = false}, false};
    }
    // Insisting on the version can loop for ever (kubernetes/kubernetes#107133).
    if (!list.resource_version.empty() && is_unavailable(failed.error)) {
      return {quorum_list(), false};
    }
    return {list, true};
  }

  /// Only etcd can tell whether the server or its data has gone back.
  WatchStep operator()(const watch_outcome::ListOutdated& /*outdated*/) const {
    return {quorum_list(), false};
  }

  WatchStep operator()(const watch_outcome::WatchRefused& refused) const {
    if (const auto* stream = std::get_if<StreamList>(&now)) {
      return after_stream_list(*stream, true, refused.error);
    }
    const auto& watch = std::get<Watch>(now);
    if (keeps_the_watch(refused.error)) return {Watch{watch.resource_version}, true};
    if (comes_again_later(refused.error) && watch.refused + 1 < kMostRefusals) {
      return {Watch{watch.resource_version, watch.refused + 1}, true};
    }
    return {relist(memory), true};
  }

  WatchStep operator()(const watch_outcome::StreamListCut& cut) const {
    return after_stream_list(std::get<StreamList>(now), cut.has_error, cut.error);
  }

  WatchStep operator()(const watch_outcome::WatchEnded& ended) const {
    if (ended.has_error) {
      if (is_too_many_requests(ended.error)) return {Watch{ended.resource_version}, true};
      return {relist(memory), true};
    }
    // To resume would leave out for ever what an event that could not be read had told. To end the
    // watch for it at once would be a list for each event about an object that is never readable.
    if (ended.lost) return {relist(memory), true};
    // Events that do not bring the watch forward (unreadable, or told twice) count as none: a
    // server that tells the same one and closes, time after time, must not be asked in a hot loop.
    constexpr std::chrono::milliseconds kVeryShort{1000};
    const auto* watch = std::get_if<Watch>(&now);
    const bool stood_still = ended.events == 0 || (watch != nullptr && watch->resource_version ==
                                                                           ended.resource_version);
    if (stood_still && ended.lasted < kVeryShort) return {relist(memory), true};
    return {Watch{ended.resource_version}, false};
  }

  /// learn() has cleared stream_lists when LIST is to take over.
  [[nodiscard]] WatchStep after_stream_list(const StreamList& stream, bool has_error,
                                            const Error& error) const {
    if (!memory.stream_lists) return {relist(memory), false};
    if (!has_error || comes_again_later(error)) {
      return {StreamList{stream.resource_version, stream.cut + 1}, true};
    }
    if (is_unavailable(error)) return {StreamList{.resource_version = ""}, false};
    return {stream, true};
  }
};

}  // namespace

WatchState first_watch_state(const WatchMemory& memory) { return relist(memory); }

WatchState first_quorum_state(const WatchMemory& memory) {
  if (memory.stream_lists) return StreamList{.resource_version = ""};
  return quorum_list();
}

void learn(WatchMemory& memory, const WatchState& now, const WatchOutcome& outcome) {
  if (const auto* listed = std::get_if<watch_outcome::Listed>(&outcome)) {
    memory.last_seen = listed->resource_version;
    // Only "0" tells: any server answers a quorum list in pages when asked to.
    const auto* list = std::get_if<List>(&now);
    if (list != nullptr && list->resource_version == "0" && listed->in_pages) memory.paged = true;
    return;
  }
  const auto* stream = std::get_if<StreamList>(&now);
  if (stream == nullptr) return;
  if (const auto* refused = std::get_if<watch_outcome::WatchRefused>(&outcome)) {
    if (gives_up_streaming(*stream, true, refused->error)) memory.stream_lists = false;
  } else if (const auto* cut = std::get_if<watch_outcome::StreamListCut>(&outcome)) {
    if (gives_up_streaming(*stream, cut->has_error, cut->error)) memory.stream_lists = false;
  }
}

WatchStep next_watch_state(const WatchState& now, const WatchOutcome& outcome,
                           const WatchMemory& memory) {
  return std::visit(Rules{now, memory}, outcome);
}

}  // namespace bso::kube
