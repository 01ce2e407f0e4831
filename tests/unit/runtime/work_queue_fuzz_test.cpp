// SPDX-License-Identifier: Apache-2.0
// Random operations against a model of the contract (after controller-runtime's
// TestFuzzPriorityQueue). The seeds are fixed, so a failure comes again.
#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "queue_rig.h"

using namespace bso;
using namespace bso::runtime;
using namespace std::chrono_literals;

namespace {

/// The contract, as plainly as it can be written: slow, and without any cleverness.
struct Model {
  struct Entry {
    int priority = 0;
    Clock::Instant ready;
    std::uint64_t order = 0;  ///< when it became ready, or was raised
    bool counted = false;
  };
  std::map<std::string, Entry> held;
  std::map<std::string, int> failures;
  std::set<std::string> locked;
  std::uint64_t next = 0;

  void settle(Clock::Instant now) {
    std::vector<std::pair<std::pair<Clock::Instant, std::uint64_t>, Entry*>> due;
    for (auto& [key, entry] : held) {
      if (!entry.counted && entry.ready <= now) due.push_back({{entry.ready, entry.order}, &entry});
    }
    std::sort(due.begin(), due.end());
    for (auto& [when, entry] : due) {
      entry->counted = true;
      entry->order = next++;
    }
  }
  void add(const std::string& key, Clock::Instant now, Clock::Duration after, int priority) {
    const auto [place, fresh] = held.try_emplace(key);
    auto& entry = place->second;
    if (fresh) {
      entry = {priority, now + after, next++, false};
    } else {
      if (!entry.counted) entry.ready = std::min(entry.ready, now + after);
      if (priority > entry.priority && entry.counted) entry.order = next++;
      entry.priority = std::max(entry.priority, priority);
    }
    if (!entry.counted && after <= 0s) {
      entry.counted = true;
      entry.order = next++;
    }
  }
  /// The key that has to come now, or "(none)".
  std::string first() const {
    const std::pair<const std::string, Entry>* best = nullptr;
    for (const auto& one : held) {
      if (!one.second.counted || locked.contains(one.first)) continue;
      if (best == nullptr || one.second.priority > best->second.priority ||
          (one.second.priority == best->second.priority && one.second.order < best->second.order)) {
        best = &one;
      }
    }
    return best == nullptr ? "(none)" : best->first;
  }
  std::size_t ready_at(int priority) const {
    return static_cast<std::size_t>(std::count_if(held.begin(), held.end(), [&](const auto& one) {
      return one.second.counted && one.second.priority == priority;
    }));
  }
};

void run(std::uint32_t seed, int operations) {
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  constexpr std::array<int, 3> priorities{-100, 0, 7};
  QueueRig t;
  Model model;
  const auto now = [&] { return t.clock.now(); };
  for (int i = 0; i < operations; ++i) {
    const auto key = std::to_string(below(40));
    const int priority = priorities.at(static_cast<std::size_t>(below(3)));
    // Whoever looks at the queue brings it up to date; the model has to look at the same times.
    switch (below(8)) {
      case 0:
      case 1:
        model.add(key, now(), 0s, priority);
        t.queue.add(key, priority);
        break;
      case 2: {
        const auto after = std::chrono::milliseconds(below(30));
        model.add(key, now(), after, priority);
        t.queue.add_after(key, after, priority);
        break;
      }
      case 3: {
        const auto pause = std::min<Clock::Duration>(
            5ms * (1LL << std::min(model.failures[key]++, 20)), WorkQueue::max_delay);
        model.add(key, now(), pause, priority);
        t.queue.add_rate_limited(key, priority);
        break;
      }
      case 4:
        model.failures.erase(key);
        t.queue.forget(key);
        break;
      case 5:
        t.clock.advance(std::chrono::milliseconds(below(20)));
        break;
      case 6: {
        model.settle(now());
        const auto wanted = model.first();
        const auto got = t.get_item();
        REQUIRE(got.key == wanted);
        if (wanted == "(none)") break;
        REQUIRE(got.priority == model.held[wanted].priority);
        REQUIRE(model.locked.insert(wanted).second);  // never handed out twice at once
        model.held.erase(wanted);
        break;
      }
      default:
        if (model.locked.empty()) break;
        const auto ended =
            *std::next(model.locked.begin(), below(static_cast<int>(model.locked.size())));
        model.locked.erase(ended);
        t.queue.done(ended);
    }
    if (i % 50 == 0) {
      model.settle(now());
      const auto ready = t.queue.depth();
      std::size_t counted = 0;
      for (const int each : priorities) {
        REQUIRE(t.queue.metrics().depth(each) == model.ready_at(each));
        counted += model.ready_at(each);
      }
      REQUIRE(ready == counted);
      REQUIRE(t.queue.delayed() == model.held.size() - counted);
    }
  }
  // Nothing is lost: all that is held comes in the end, each key once.
  for (const auto& key : model.locked) t.queue.done(key);
  t.clock.advance(WorkQueue::max_delay);
  CHECK(t.drain().size() == model.held.size());
}

}  // namespace

TEST_CASE("TestFuzzPriorityQueue", "[upstream][priority_queue]") {
  for (const std::uint32_t seed : {1U, 20260504U, 424242U, 7U}) run(seed, 50'000);
}

TEST_CASE("returns many items", "[upstream][priority_queue]") {
  std::mt19937 random(3);
  QueueRig t;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 1000; ++i) {
      const auto key = "foo" + std::to_string(i);
      const int chance = static_cast<int>(random() % 100);
      if (chance < 10) {
        t.queue.add_after(key, std::chrono::milliseconds(chance));
      } else {
        t.queue.add(key, chance);
      }
    }
    t.advance(10ms);
    const auto keys = t.drain();
    CHECK(keys.size() == 1000);
    for (const auto& key : keys) t.queue.done(key);
  }
}
