// SPDX-License-Identifier: Apache-2.0
#include "cluster/event_store.h"

#include <catch2/catch.hpp>

using namespace bso;
using namespace bso::cluster;

namespace {

EventHint hint(std::string pod_uid, std::string message, int at) {
  EventHint result;
  result.kind = Symbol{"Pod"};
  result.pod_uid = std::move(pod_uid);
  result.reason = Symbol{"FailedMount"};
  result.message = std::move(message);
  result.last = WallTime{std::chrono::seconds{at}};
  return result;
}

}  // namespace

TEST_CASE("Newest first; a repeat only moves the time") {
  EventStore store;
  CHECK(store.add(hint("p", "one", 1)));
  CHECK(store.add(hint("p", "two", 2)));
  CHECK(store.add(hint("p", "one", 3)));
  CHECK_FALSE(store.add(hint("p", "one", 3)));  // the same again
  CHECK_FALSE(store.add(hint("p", "one", 2)));  // late news
  REQUIRE(store.of("p").size() == 2);
  CHECK(store.of("p")[0]->message == "one");
  CHECK(store.of("p")[1]->message == "two");
  CHECK(store.of("q").empty());
}

TEST_CASE("Only reasons that speak of volumes, only of pods") {
  EventStore store;
  auto other = hint("p", "x", 1);
  other.reason = Symbol{"BackOff"};
  CHECK_FALSE(store.add(other));
  other = hint("p", "x", 1);
  other.kind = Symbol{"Node"};
  CHECK_FALSE(store.add(other));
  CHECK_FALSE(store.add(hint("", "x", 1)));
  CHECK(store.size() == 0);
}

TEST_CASE("A pod keeps its newest hints") {
  EventStore store{{.hints_per_pod = 3}};
  for (int i = 0; i < 10; ++i) store.add(hint("p", "message " + std::to_string(i), i));
  CHECK_FALSE(store.add(hint("p", "older than all", -1)));
  REQUIRE(store.of("p").size() == 3);
  CHECK(store.of("p")[0]->message == "message 9");
  CHECK(store.of("p")[2]->message == "message 7");
}

TEST_CASE("In all, the pods longest not spoken of go first") {
  EventStore store{{.hints_per_pod = 3, .hints = 3, .message_bytes = 1000}};
  store.add(hint("a", "1", 1));
  store.add(hint("b", "1", 2));
  store.add(hint("c", "1", 3));
  store.add(hint("a", "1", 4));  // spoken of again
  store.add(hint("d", "1", 5));
  CHECK(store.of("b").empty());
  CHECK_FALSE(store.of("a").empty());
  CHECK(store.size() == 3);

  store.add(hint("e", std::string(995, 'x'), 6));
  CHECK(store.of("c").empty());
  store.add(hint("f", std::string(2000, 'x'), 7));  // alone beyond the limit: the newest stays
  CHECK(store.size() == 1);
  store.forget_pod("f");
  store.forget_pod("f");
  CHECK(store.size() == 0);
}
