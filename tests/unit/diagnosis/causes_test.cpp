// SPDX-License-Identifier: Apache-2.0
// What holds for every cause.
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "diagnosis/sentence.h"
#include "unit/diagnosis/scenarios.h"

using namespace bso;
using namespace bso::diagnosis;
using namespace bso::test;

namespace {

std::string cause_of(const Diagnosis& found) {
  return found.verdict ? std::string{to_string(found.verdict->cause)} : std::string{};
}

std::vector<std::string> holders_of(const Diagnosis& found) {
  std::vector<std::string> names;
  if (!found.verdict) return names;
  for (const auto& holder : found.verdict->holders) names.push_back(holder.pod);
  return names;
}

bool same_meaning(const Diagnosis& a, const Diagnosis& b) {
  const bool both = a.verdict.has_value() == b.verdict.has_value();
  return both && cause_of(a) == cause_of(b) && holders_of(a) == holders_of(b) &&
         (!a.verdict || (a.verdict->state == b.verdict->state &&
                         a.verdict->holder_node == b.verdict->holder_node));
}

/// Everything in the view but the events, one after the other.
std::vector<std::function<void(World&)>> losses(const World& world) {
  std::vector<std::function<void(World&)>> all;
  const auto& view = world.view;
  for (const auto& [ns, name] : view.names<cluster::Pod>()) {
    all.emplace_back([ns = ns, name = name](World& w) { w.view.remove_pod(ns, name); });
  }
  for (const auto& [ns, name] : view.names<cluster::Claim>()) {
    all.emplace_back([ns = ns, name = name](World& w) { w.view.remove_claim(ns, name); });
  }
  for (const auto& [ns, name] : view.names<cluster::Volume>()) {
    all.emplace_back([name = name](World& w) { w.view.remove_volume(name); });
  }
  for (const auto& [ns, name] : view.names<cluster::Attachment>()) {
    all.emplace_back([name = name](World& w) { w.view.remove_attachment(name); });
  }
  for (const auto& [ns, name] : view.names<cluster::Node>()) {
    all.emplace_back([name = name](World& w) { w.view.remove_node(name); });
  }
  for (std::size_t kind = 0; kind < cluster::kWorkloadKinds; ++kind) {
    const auto workload = static_cast<cluster::WorkloadKind>(kind);
    for (const auto& [ns, name] : view.names(workload)) {
      all.emplace_back([workload, ns = ns, name = name](World& w) {
        w.view.remove_workload(workload, ns, name);
      });
    }
  }
  return all;
}

/// Whoever is named is there, in the same namespace, and uses the disk.
void check_holders(const World& world, const Scenario& scenario, const Diagnosis& found) {
  if (!found.verdict) return;
  const auto* pod = world.view.pod(world.ns, scenario.pod);
  REQUIRE(pod != nullptr);
  const auto users = world.view.users(*pod, pod->volumes.front());
  for (const auto& holder : found.verdict->holders) {
    INFO(holder.pod);
    const auto* named = world.view.pod(world.ns, holder.pod);
    REQUIRE(named != nullptr);
    CHECK(named->uid == holder.uid);
    CHECK(std::find(users.begin(), users.end(), named) != users.end());
  }
  CHECK(sentence(*found.verdict).find("secret-name") == std::string::npos);
  CHECK(detail(*found.verdict).find("secret-name") == std::string::npos);
}

}  // namespace

TEST_CASE("Every cause is found") {
  std::set<std::string> numbers;
  for (const auto& scenario : scenarios()) {
    INFO(scenario.number);
    numbers.insert(scenario.number);
    World world;
    scenario.build(world);
    const auto found = world.look(scenario.pod, scenario.seconds);
    CHECK(cause_of(found) == scenario.cause);
    CHECK(found.remark.has_value() == !scenario.remark.empty());
    if (found.remark) CHECK(to_string(found.remark->kind) == scenario.remark);
    check_holders(world, scenario, found);
  }
  for (int number = 1; number <= 18; ++number) {
    CHECK(numbers.contains("C" + std::to_string(number)));
  }
}

TEST_CASE("Without any event the verdict is the same, by the objects alone") {
  for (const auto& scenario : scenarios()) {
    INFO(scenario.number);
    World told;
    scenario.build(told);
    World silent;
    silent.mute = true;
    scenario.build(silent);
    const auto by_objects = silent.look(scenario.pod, scenario.seconds);
    if (scenario.by_words) {
      CHECK_FALSE(by_objects.verdict);
      continue;
    }
    const auto with_events = told.look(scenario.pod, scenario.seconds);
    CHECK(same_meaning(with_events, by_objects));
    if (!with_events.verdict) continue;
    CHECK(with_events.verdict->confidence <= by_objects.verdict->confidence);
  }
}

TEST_CASE(
    "When all events have expired the verdict is the same, by the annotation and the objects") {
  for (const auto& scenario : scenarios()) {
    INFO(scenario.number);
    World before;
    scenario.build(before);
    const auto first = before.look(scenario.pod, scenario.seconds);
    before.annotate(scenario.pod, scenario.seconds);
    World after;  // a restart, an hour of silence
    after.mute = true;
    scenario.build(after);
    const auto* pod = before.view.pod("default", scenario.pod);
    REQUIRE(pod != nullptr);
    after.view.upsert(*pod);
    for (int round = 0; round < 2; ++round) {
      const auto later = after.look(scenario.pod, scenario.seconds);
      CHECK(same_meaning(first, later));
      after.annotate(scenario.pod, scenario.seconds);
    }
  }
}

TEST_CASE("A verdict that has been written is not written again") {
  for (const auto& scenario : scenarios()) {
    INFO(scenario.number);
    World world;
    scenario.build(world);
    world.annotate(scenario.pod, scenario.seconds);
    const auto before = *world.view.pod("default", scenario.pod);
    // Some time later, if no time limit has passed.
    for (const int later : {0, 1, 5}) {
      world.annotate(scenario.pod, scenario.seconds + later);
      CHECK(world.view.pod("default", scenario.pod)->conflict == before.conflict);
      CHECK(world.view.pod("default", scenario.pod)->conflict_detail == before.conflict_detail);
    }
  }
}

TEST_CASE("Objects that vanish lead to no wrong holder") {
  for (const auto& scenario : scenarios()) {
    for (const bool annotated : {false, true}) {
      World whole;
      scenario.build(whole);
      const auto all = losses(whole);
      for (std::size_t i = 0; i < all.size(); ++i) {
        INFO(scenario.number << " loss " << i << " annotated " << annotated);
        World world;
        scenario.build(world);
        if (annotated) world.annotate(scenario.pod, scenario.seconds);
        all[i](world);
        check_holders(world, scenario, world.look(scenario.pod, scenario.seconds + 1));
        check_holders(world, scenario, world.look(scenario.pod, scenario.seconds + 4000));
      }
    }
  }
}

TEST_CASE("Every cause has its own words for people and programs") {
  std::set<std::string> texts;
  for (const auto& scenario : scenarios()) {
    World world;
    scenario.build(world);
    const auto found = world.look(scenario.pod, scenario.seconds);
    if (!found.verdict) continue;
    const auto text = sentence(*found.verdict);
    INFO(scenario.number << " (" << text.size() << "): " << text);
    CHECK(text.find("data") != std::string::npos);
    CHECK(text.size() <= 560);
    CHECK(text.find("  ") == std::string::npos);
    CHECK(texts.insert(text).second);
    const auto document = nlohmann::json::parse(detail(*found.verdict));
    CHECK(document["cause"] == scenario.cause);
    CHECK(detail(*found.verdict).size() <= kMaxDetail);
  }
}
