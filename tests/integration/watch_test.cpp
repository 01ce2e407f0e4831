// SPDX-License-Identifier: Apache-2.0
// Reflectors against a real kube-apiserver: the cases of its storage layer's watch suite
// (pkg/storage/testing/watcher_tests.go) that a client can see, under their names.
#include <chrono>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/config_maps.h"
#include "integration/live_reflector.h"
#include "integration/world.h"
#include "kube/resource_version.h"
#include "support/eventually.h"

using namespace bso::test;
namespace kube = bso::kube;

namespace {

constexpr kube::Resource kNamespaces{"", "v1", "namespaces", "Namespace", false};

}  // namespace

TEST_CASE("RunTestWatch", "[watch][upstream]") {
  const bool protobuf = GENERATE(true, false);
  const auto ns = make_namespace("watch");
  auto options = config_maps(ns);
  options.resource.protobuf = protobuf;
  SECTION("create a key, update") {
    LiveReflector live(options);
    live.start();
    live.journal.clear();
    create(ns, "foo");
    const auto version = label(ns, "foo", "true");
    live.expect({"+foo", "+foo"});
    CHECK(live.held.at({ns, "foo"}).version == version);
  }
  SECTION("key updated to match predicate, delete because of being filtered") {
    options.label_selector = "select=true";
    LiveReflector live(options);
    live.start();
    create(ns, "foo");
    label(ns, "foo", "true");
    label(ns, "foo", "false");
    label(ns, "foo", "true");
    remove(ns, "foo");
    live.expect({"+foo", "-foo", "+foo", "-foo"});
  }
}

TEST_CASE("RunTestWatchFromZero", "[watch][upstream]") {
  const auto ns = make_namespace("watch");
  create(ns, "foo");
  LiveReflector live(config_maps(ns));
  live.start();
  // A list from the cache may be as old as the cache; the watch brings the rest.
  live.until("foo", [&] { return live.held.count({ns, "foo"}) == 1; });
  const auto version = label(ns, "foo", "1");
  live.until("the update", [&] { return live.held.at({ns, "foo"}).version == version; });
}

TEST_CASE("RunTestDeleteTriggerWatch", "[watch][upstream]") {
  const auto ns = make_namespace("watch");
  create(ns, "foo");
  LiveReflector live(config_maps(ns));
  live.start();
  live.until("foo", [&] { return live.held.count({ns, "foo"}) == 1; });
  remove(ns, "foo");
  live.until("its end", [&] { return live.held.count({ns, "foo"}) == 0; });
}

TEST_CASE("RunTestWatchFromNonZero", "[watch][upstream]") {
  const auto ns = make_namespace("watch");
  const auto created = create(ns, "foo");
  auto options = config_maps(ns);
  options.floor = [created] { return created; };
  LiveReflector live(options);
  live.start();
  CHECK(live.held.at({ns, "foo"}).version == created);  // not older than asked for
  const auto version = label(ns, "foo", "2");
  live.until("the update", [&] { return live.held.at({ns, "foo"}).version == version; });
}

TEST_CASE("RunTestDelayedWatchDelivery", "[watch][upstream]") {
  const auto ns = make_namespace("watch");
  LiveReflector live(config_maps(ns));
  live.start();
  live.journal.clear();
  std::vector<std::string> expected;
  for (int i = 0; i < 21; ++i) {  // the loop stands still meanwhile
    create(ns, fmt::format("foo-{}", i));
    expected.push_back(fmt::format("+foo-{}", i));
  }
  live.expect(expected);
}

TEST_CASE("RunTestWatchDeleteEventObjectHaveLatestRV", "[watch][upstream]") {
  const auto ns = make_namespace("watch");
  LiveReflector live(config_maps(ns));
  live.start();
  const auto created = create(ns, "foo");
  remove(ns, "foo");
  live.until("both", [&] { return live.journal.size() >= 2 && live.journal.back() == "-foo"; });
  CHECK(kube::is_older(created, live.reflector().last_resource_version()));
}

TEST_CASE("RunTestClusterScopedWatch", "[watch][upstream]") {
  const auto mine = make_namespace("watch");
  kube::Reflector::Options options;
  options.resource = kNamespaces;
  options.field_selector = "metadata.name=" + mine;
  LiveReflector live(options);
  live.start();
  live.until("mine", [&] { return live.held.count({"", mine}) == 1; });
  live.journal.clear();
  (void)make_namespace("other");
  world().api.merge("/api/v1/namespaces/" + mine, {{"metadata", {{"labels", {{"a", "b"}}}}}});
  live.expect({"+" + mine});
}

TEST_CASE("RunTestNamespaceScopedWatch", "[watch][upstream]") {
  const auto mine = make_namespace("watch");
  const auto other = make_namespace("other");
  SECTION("request with namespace") {
    LiveReflector live(config_maps(mine));
    live.start();
    live.journal.clear();
    create(other, "foo");
    create(mine, "foo");
    label(other, "foo", "1");
    label(mine, "foo", "1");
    live.expect({"+foo", "+foo"});
  }
  SECTION("request without namespace, field selector with metadata.name") {
    auto options = config_maps("");
    options.field_selector = "metadata.name=t10-foo1";
    LiveReflector live(options);
    live.start();
    create(mine, "t10-foo1");
    create(other, "t10-foo1");
    create(mine, "t10-foo2");
    label(mine, "t10-foo1", "1");
    live.expect({"+t10-foo1", "+t10-foo1", "+t10-foo1"});
    CHECK(live.held.size() == 2);
  }
  SECTION("request with namespace, field selector with non-matched metadata.namespace") {
    auto options = config_maps(mine);
    options.field_selector = "metadata.namespace=" + other;
    LiveReflector live(options);
    live.start();
    create(mine, "foo");
    create(other, "foo");
    live.expect({});
  }
}

TEST_CASE("RunTestWatchDispatchBookmarkEvents", "[watch][upstream]") {
  const auto mine = make_namespace("watch");
  const auto other = make_namespace("other");
  auto options = config_maps(mine);
  options.min_watch_timeout = std::chrono::seconds{5};  // a bookmark comes in its last seconds
  LiveReflector live(options);
  live.start();
  const auto elsewhere = create(other, "foo");
  // Again and again: a watch that begins behind a change gets no bookmark with that version, only
  // with a later one (Kubernetes 1.20, apiserver storage/cacher/cacher.go, cacheWatcher.process).
  auto next = std::chrono::steady_clock::now() + 1s;
  live.until("a bookmark", [&] {
    if (std::chrono::steady_clock::now() >= next) {
      next += 1s;
      label(other, "foo", std::to_string(next.time_since_epoch().count()));
    }
    return !kube::is_older(live.reflector().last_resource_version(), elsewhere);
  });
  CHECK(live.held.count({other, "foo"}) == 0);
  CHECK(live.errors.empty());
}

TEST_CASE("RunTestOptionalWatchBookmarksWithCorrectResourceVersion", "[watch][upstream]") {
  const auto ns = make_namespace("watch");
  auto options = config_maps(ns);
  options.min_watch_timeout = std::chrono::seconds{3};
  LiveReflector live(options);
  live.start();
  // Over several watches: a reflector takes a version that goes back for an error.
  for (int i = 0; i < 60; ++i) {
    create(ns, fmt::format("foo-{}", i));
    live.until("it", [&] { return live.held.count({ns, fmt::format("foo-{}", i)}) == 1; });
    live.until("a moment", [until = std::chrono::steady_clock::now() + 100ms] {
      return std::chrono::steady_clock::now() > until;
    });
  }
  CHECK(live.reflector().stats().watches >= 2);
  CHECK(live.reflector().stats().lists == 1);
  CHECK(live.errors.empty());
}

TEST_CASE("RunSendInitialEventsBackwardCompatibility", "[watch][upstream]") {
  const auto ns = make_namespace("watch");
  create(ns, "foo");
  auto options = config_maps(ns);
  options.stream_lists = true;  // a server that does not know how makes LIST take over
  LiveReflector live(options);
  live.start();
  CHECK(live.held.count({ns, "foo"}) == 1);
  CHECK(live.errors.empty());
  live.journal.clear();
  label(ns, "foo", "1");
  live.expect({"+foo"});
}

TEST_CASE("the floor is at least the version of the last write", "[watch]") {
  const auto ns = make_namespace("watch");
  const auto written = create(ns, "foo");
  LiveReflector live(config_maps(ns));
  const auto floor = live.ask_floor();
  CHECK_FALSE(kube::is_older(floor, written));
}

TEST_CASE("a collection without a watch cache is listed in pages", "[watch]") {
  const auto ns = make_namespace("watch");
  const std::string events = "/api/v1/namespaces/" + ns + "/events";
  for (int i = 0; i < 501; ++i) {
    world().api.create(events, {{"metadata", {{"name", fmt::format("e{}", i)}}},
                                {"involvedObject", {{"kind", "Pod"}, {"namespace", ns}}},
                                {"reason", "Test"}});
  }
  kube::Reflector::Options options;
  options.resource = kube::core_events;
  options.ns = ns;
  auto audit = world().audit();
  LiveReflector live(options);
  live.start();
  CHECK(live.held.size() == 501);
  const auto requests = audit.entries([](const AuditEntry& entry) {
    return entry.agent == LiveReflector::kAgent && entry.verb == "list";
  });
  REQUIRE(requests.size() == 2);
  CHECK(requests[1].uri.find("continue=") != std::string::npos);
}

TEST_CASE("a version that etcd has compacted away is one relist", "[watch][own]") {
  const auto ns = make_namespace("watch");
  kube::Reflector::Options options;
  options.resource = kube::core_events;  // no watch cache: the watch comes from etcd itself
  options.ns = ns;
  options.min_watch_timeout = std::chrono::seconds{2};
  LiveReflector live(options);
  live.start();
  // etcd still serves a watch from the very version that it was compacted at.
  for (const char* newer : {"newer-1", "newer-2", "newer-3"}) create(ns, newer);
  world().plane.compact_etcd();
  live.until("a relist", [&] { return live.reflector().stats().lists == 2; });
  world().api.create("/api/v1/namespaces/" + ns + "/events",
                     {{"metadata", {{"name", "after"}}},
                      {"involvedObject", {{"kind", "Pod"}, {"namespace", ns}}}});
  live.until("what came after", [&] { return live.held.count({ns, "after"}) == 1; });
  CHECK(live.reflector().stats().lists == 2);
  CHECK(live.errors.empty());  // routine
}
