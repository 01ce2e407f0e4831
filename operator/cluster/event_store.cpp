// SPDX-License-Identifier: Apache-2.0
#include "cluster/event_store.h"

#include <algorithm>

namespace bso::cluster {

namespace {

bool speaks_of_volumes(const EventHint& hint) {
  return hint.kind == "Pod" && !hint.pod_uid.empty() &&
         (hint.reason == "FailedMount" || hint.reason == "FailedAttachVolume" ||
          hint.reason == "FailedMapVolume");
}

}  // namespace

bool EventStore::add(EventHint hint) {
  if (!speaks_of_volumes(hint)) return false;
  auto found = by_uid_.find(hint.pod_uid);
  if (found == by_uid_.end()) {
    pods_.push_back({hint.pod_uid, {}});
    found = by_uid_.emplace(pods_.back().pod_uid, std::prev(pods_.end())).first;
  } else {
    pods_.splice(pods_.end(), pods_, found->second);
  }
  auto& hints = found->second->hints;
  const auto same = std::find_if(hints.begin(), hints.end(), [&hint](const EventHint& one) {
    return one.reason == hint.reason && one.message == hint.message;
  });
  if (same != hints.end()) {
    if (hint.last <= same->last) return false;
    *same = std::move(hint);
    return true;
  }
  if (hints.size() >= limits_.hints_per_pod) {
    const auto oldest =
        std::min_element(hints.begin(), hints.end(),
                         [](const EventHint& a, const EventHint& b) { return a.last < b.last; });
    if (hint.last < oldest->last) return false;
    bytes_ += hint.message.size() - oldest->message.size();
    *oldest = std::move(hint);
  } else {
    bytes_ += hint.message.size();
    ++hints_;
    hints.push_back(std::move(hint));
  }
  while (pods_.size() > 1 && (hints_ > limits_.hints || bytes_ > limits_.message_bytes)) {
    drop(pods_.begin());
  }
  return true;
}

void EventStore::forget_pod(std::string_view pod_uid) {
  const auto found = by_uid_.find(pod_uid);
  if (found != by_uid_.end()) drop(found->second);
}

void EventStore::drop(Pods::iterator pod) {
  hints_ -= pod->hints.size();
  for (const auto& hint : pod->hints) bytes_ -= hint.message.size();
  by_uid_.erase(pod->pod_uid);
  pods_.erase(pod);
}

std::vector<const EventHint*> EventStore::of(std::string_view pod_uid) const {
  std::vector<const EventHint*> result;
  const auto found = by_uid_.find(pod_uid);
  if (found == by_uid_.end()) return result;
  for (const auto& hint : found->second->hints) result.push_back(&hint);
  // The text decides between equal times, so that the order of arrival does not show.
  std::sort(result.begin(), result.end(), [](const EventHint* a, const EventHint* b) {
    return a->last != b->last ? a->last > b->last : a->message < b->message;
  });
  return result;
}

}  // namespace bso::cluster
