// SPDX-License-Identifier: Apache-2.0
#include "runtime/key_backoff.h"

#include <catch2/catch.hpp>

#include "queue_rig.h"

using namespace bso::runtime;
using namespace std::chrono_literals;

TEST_CASE("TestItemExponentialFailureRateLimiter", "[upstream][rate_limiters]") {
  KeyBackoff backoff(1ms, 1s);
  for (const auto pause : {1ms, 2ms, 4ms, 8ms, 16ms}) CHECK(backoff.next("one") == pause);
  CHECK(backoff.failures("one") == 5);

  CHECK(backoff.next("two") == 1ms);
  CHECK(backoff.next("two") == 2ms);
  CHECK(backoff.failures("two") == 2);

  backoff.forget("one");
  CHECK(backoff.failures("one") == 0);
  CHECK(backoff.next("one") == 1ms);
}

TEST_CASE("TestItemExponentialFailureRateLimiterOverFlow", "[upstream][rate_limiters]") {
  KeyBackoff backoff(1ms, 1000s);
  for (int i = 0; i < 5; ++i) (void)backoff.next("one");
  CHECK(backoff.next("one") == 32ms);
  for (int i = 0; i < 1000; ++i) (void)backoff.next("overflow1");
  CHECK(backoff.next("overflow1") == 1000s);

  KeyBackoff slow(1min, 1000h);
  for (int i = 0; i < 2; ++i) (void)slow.next("two");
  CHECK(slow.next("two") == 4min);
  for (int i = 0; i < 1000; ++i) (void)slow.next("overflow2");
  CHECK(slow.next("overflow2") == 1000h);
}

TEST_CASE("TestRateLimitingQueue", "[upstream][rate_limiters]") {
  QueueRig t;
  const auto waits = [&](const std::string& key) {
    t.queue.add_rate_limited(key);
    const auto begun = t.clock.now();
    while (t.get() == "(none)") t.advance(5ms);
    t.queue.done(key);
    return t.clock.now() - begun;
  };
  CHECK(waits("one") == 5ms);
  CHECK(waits("one") == 10ms);
  CHECK(t.queue.backoff().failures("one") == 2);
  CHECK(waits("two") == 5ms);
  CHECK(waits("two") == 10ms);
  t.queue.forget("one");
  CHECK(t.queue.backoff().failures("one") == 0);
  CHECK(waits("one") == 5ms);
}
