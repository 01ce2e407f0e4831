// SPDX-License-Identifier: Apache-2.0
#include "runtime/work_queue.h"

#include <algorithm>
#include <tuple>

namespace bso::runtime {

bool WorkQueue::Sooner::operator()(const Node* a, const Node* b) const {
  return std::tie(*a->second.later, a->second.order) < std::tie(*b->second.later, b->second.order);
}

bool WorkQueue::Before::operator()(const Node* a, const Node* b) const {
  if (a->second.priority != b->second.priority) return a->second.priority > b->second.priority;
  return a->second.order < b->second.order;
}

WorkQueue::WorkQueue(Executor executor, Clock& clock, Metrics& metrics, const std::string& name)
    : clock_(clock), wake_(std::move(executor), clock), metrics_(metrics, name) {}

void WorkQueue::add(std::string key, int priority) { put(std::move(key), priority, std::nullopt); }

void WorkQueue::add_after(std::string key, Duration delay, int priority) {
  if (delay <= Duration::zero()) return add(std::move(key), priority);
  metrics_.retried();
  put(std::move(key), priority, clock_.now() + delay);
}

void WorkQueue::add_rate_limited(std::string key, int priority, Duration at_least) {
  const auto delay = std::max(backoff_.next(key), at_least);
  add_after(std::move(key), delay, priority);
}

void WorkQueue::put(std::string key, int priority, std::optional<Instant> later) {
  const auto now = clock_.now();
  const auto [place, fresh] = held_.try_emplace(std::move(key), Held{.priority = priority});
  Node& node = *place;
  Held& held = node.second;
  if (fresh) {
    held.order = next_order_++;
    held.later = later;
    if (later) {
      waiting_.insert(&node);
    } else {
      become_ready(node, now);
    }
  } else if (held.later) {
    waiting_.erase(&node);
    held.priority = std::max(held.priority, priority);
    if (later) {
      held.later = std::min(*held.later, *later);
      waiting_.insert(&node);
    } else {
      become_ready(node, now);
    }
  } else if (priority > held.priority) {
    const bool listed = ready_.erase(&node) > 0;
    metrics_.raised(held.priority, priority);
    held.priority = priority;
    held.order = next_order_++;
    if (listed) ready_.insert(&node);
  } else {
    return;
  }
  wake_.ring();
}

void WorkQueue::become_ready(Node& node, Instant since) {
  Held& held = node.second;
  held.later.reset();
  held.since = since;
  held.order = next_order_++;
  metrics_.added(held.priority);
  if (!locked_.contains(node.first)) ready_.insert(&node);  // else done() lists it
}

void WorkQueue::release_due(Instant now) {
  while (!waiting_.empty() && *(*waiting_.begin())->second.later <= now) {
    Node& node = **waiting_.begin();
    waiting_.erase(waiting_.begin());
    become_ready(node, *node.second.later);
  }
}

WorkQueue::Item WorkQueue::take(Instant now) {
  Node& node = **ready_.begin();
  ready_.erase(ready_.begin());
  Item item{node.first, node.second.priority};
  metrics_.taken(item.priority, now - node.second.since);
  locked_.emplace(item.key, now);
  held_.erase(item.key);
  return item;
}

Task<std::optional<WorkQueue::Item>> WorkQueue::get(Stop& stop) {
  const Stop::Registration registration(stop, [this] { wake_.ring(); });
  while (!stop.requested()) {
    const auto now = clock_.now();
    release_due(now);
    if (!ready_.empty()) co_return take(now);
    const auto until = waiting_.empty() ? Instant::max() : *(*waiting_.begin())->second.later;
    co_await wake_.wait_until(until);
  }
  co_return std::nullopt;
}

void WorkQueue::done(const std::string& key) {
  const auto found = locked_.find(key);
  if (found == locked_.end()) return;
  metrics_.worked(clock_.now() - found->second);
  locked_.erase(found);
  const auto again = held_.find(key);
  if (again == held_.end() || again->second.later) return;
  ready_.insert(&*again);
  wake_.ring();
}

std::size_t WorkQueue::depth() {
  release_due(clock_.now());
  return held_.size() - waiting_.size();
}

void WorkQueue::refresh_metrics() {
  const auto now = clock_.now();
  release_due(now);
  auto sum = Duration::zero();
  auto longest = Duration::zero();
  for (const auto& [key, since] : locked_) {
    sum += now - since;
    longest = std::max(longest, now - since);
  }
  metrics_.under_way(sum, longest);
}

}  // namespace bso::runtime
