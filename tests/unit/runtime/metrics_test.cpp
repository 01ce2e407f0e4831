// SPDX-License-Identifier: Apache-2.0
#include "runtime/metrics.h"

#include <chrono>

#include <catch2/catch.hpp>

#include "shown_metric.h"

using namespace bso::runtime;
using bso::test::shown;

TEST_CASE("two handles of the same labels are the same series") {
  Metrics metrics;
  const auto one = metrics.counter("test_total", "help", {{"a", "x"}});
  const auto other = metrics.counter("test_total", "help", {{"a", "y"}});
  CHECK(shown(metrics, R"(test_total{a="x"})") == 0);
  one.add();
  metrics.counter("test_total", "help", {{"a", "x"}}).add(2);
  metrics.count("test_total", "help", {{"a", "x"}});
  CHECK(one.value() == 4);
  CHECK(other.value() == 0);
}

TEST_CASE("exponential buckets are those of client_golang") {
  const auto buckets = exponential_buckets(10e-9, 10, 12);
  REQUIRE(buckets.size() == 12);
  CHECK(buckets.front() == 10e-9);
  CHECK(buckets.back() == Approx(1000));
}

TEST_CASE("a histogram falls into the buckets that it was made with") {
  Metrics metrics;
  metrics.histogram("test_seconds", "help", {}, {0.5, 2}).observe(1);
  CHECK(shown(metrics, R"(test_seconds_bucket{le="0.5"})") == 0);
  CHECK(shown(metrics, R"(test_seconds_bucket{le="2"})") == 1);
}

TEST_CASE("the process shows itself") {
  Metrics metrics;
  CHECK(shown(metrics, "process_resident_memory_bytes") > 1e6);
  CHECK(shown(metrics, "process_virtual_memory_bytes") >=
        shown(metrics, "process_resident_memory_bytes"));
  CHECK(shown(metrics, "process_cpu_seconds_total") > 0);
  CHECK(shown(metrics, "process_open_fds") >= 3);
  CHECK(shown(metrics, "process_max_fds") >= shown(metrics, "process_open_fds"));
  const auto now = static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(
                                           std::chrono::system_clock::now().time_since_epoch())
                                           .count());
  CHECK(shown(metrics, "process_start_time_seconds") == Approx(now).margin(300));
}
