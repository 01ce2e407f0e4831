// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "base/backoff.h"
#include "base/clock.h"

using namespace bso;
using namespace std::chrono_literals;

TEST_CASE("RFC 3339 times as Kubernetes writes them") {
  const auto time = from_rfc3339("2026-05-04T03:12:09Z");
  REQUIRE(time);
  CHECK(to_rfc3339(*time) == "2026-05-04T03:12:09Z");
  CHECK(from_rfc3339("2026-05-04T03:12:09.123456Z") == time);
  CHECK(from_rfc3339("2026-05-04T05:12:09+02:00") == time);
  CHECK(from_rfc3339("2026-05-03T21:42:09-05:30") == time);
  for (const char* bad : {"", "2026-05-04", "2026-05-04T03:12:09", "2026-13-04T03:12:09Z",
                          "2026-05-04T24:12:09Z", "2026-05-04 03:12:09Z", "2026-05-04T03:12:09ZZ",
                          "2026-05-04T03:12:09+2:00", "2026-05-04T0a:12:09Z"}) {
    INFO(bad);
    CHECK_FALSE(from_rfc3339(bad));
  }
}

TEST_CASE("the reflector's backoff doubles to its cap, jitters and forgets") {
  Backoff steady(Backoff::reflector(), [] { return 0.0; });
  auto now = std::chrono::steady_clock::time_point{} + 1h;
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 7; ++i) {
    pauses.push_back(steady.next(now));
    now += pauses.back();
  }
  CHECK(pauses == std::vector<std::chrono::milliseconds>{800ms, 1600ms, 3200ms, 6400ms, 12800ms,
                                                         25600ms, 30000ms});
  now += 2min + 1s;
  CHECK(steady.next(now) == 800ms);

  Backoff jittered(Backoff::reflector(), [] { return 0.5; });
  CHECK(jittered.next(now) == 1200ms);
}
