// SPDX-License-Identifier: Apache-2.0
#include "runtime/reflector_metrics.h"

#include <catch2/catch.hpp>

#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::test;

TEST_CASE("a reflector's metrics follow it", "[metrics]") {
  Bench bench;
  bench.options.name = "things-here";
  bench.wire.script = {list("4711", {thing("a", "1"), thing("b", "2")}),
                       watch({event("ADDED", thing("c", "4712")), "{}\n"}),
                       list("4712", {thing("a", "1"), thing("b", "2"), thing("c", "4712")})};
  runtime::Metrics metrics;
  bench.start();
  runtime::export_reflector_metrics(*bench.reflector, metrics);
  using Catch::Contains;
  CHECK_THAT(metrics.exposition(),
             Contains("blockstorage_reflector_synced{watch=\"things-here\"} 0"));
  bench.loop.run_for(kLongest);
  bench.now += 42s;
  for (int scrape = 0; scrape < 2; ++scrape) {  // a second one must not count twice
    const auto text = metrics.exposition();
    CHECK_THAT(text, Contains("reflector_lists_total{name=\"things-here\"} 2"));
    CHECK_THAT(text, Contains("reflector_watches_total{name=\"things-here\"} 2"));
    CHECK_THAT(text, Contains("reflector_last_resource_version{name=\"things-here\"} 4712"));
    CHECK_THAT(text, Contains("blockstorage_reflector_items_total{watch=\"things-here\"} 5"));
    CHECK_THAT(text, Contains("blockstorage_reflector_events_total{watch=\"things-here\"} 2"));
    CHECK_THAT(text, Contains("blockstorage_reflector_skipped_total{watch=\"things-here\"} 1"));
    CHECK_THAT(text,
               Contains("blockstorage_reflector_last_heard_seconds{watch=\"things-here\"} 42"));
    CHECK_THAT(text, Contains("blockstorage_reflector_stale{watch=\"things-here\"} 0"));
    CHECK_THAT(text, Contains("blockstorage_reflector_synced{watch=\"things-here\"} 1"));
  }
}
