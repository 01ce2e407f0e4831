// SPDX-License-Identifier: Apache-2.0
// A watch whose bytes are cut, doubled, reordered or not what they claim to be.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

/// Letters beyond ASCII, in every event.
const Json kData{{"text", "Größe: 日本語"}};

struct Damage {
  const char* name;
  /// Reads some events and does harm to them; what comes after passes unchanged, unless it throws.
  void (*harm)(Passage& passage);
  bool json_only = false;
};

void exchange_text(std::string& bytes, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = bytes.find(from, at)) != std::string::npos; at += to.size()) {
    bytes.replace(at, from.size(), to);
  }
}

/// The next event about an object.
std::string next_event(Passage& passage) {
  auto event = passage.read_event();
  while (!event.empty() && event.find("BOOKMARK") != std::string::npos) {
    passage.send_chunk(event);
    event = passage.read_event();
  }
  if (event.empty()) throw Gone();
  return event;
}

/// With other bytes of the same length in it.
void send_changed(Passage& passage, std::string_view from, std::string_view to) {
  auto event = next_event(passage);
  exchange_text(event, from, to);
  passage.send_chunk(event);
}

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all{
      {"cut in the middle of an event",
       [](Passage& p) {
         const auto event = next_event(p);
         p.send_chunk(event.substr(0, event.size() / 2));
         throw Gone();
       }},
      {"cut in the middle of an event by a reset",
       [](Passage& p) {
         const auto event = next_event(p);
         p.send_chunk(event.substr(0, event.size() / 2));
         p.reset();
       }},
      {"ended in good order in the middle of an event",
       [](Passage& p) {
         const auto event = next_event(p);
         p.send_chunk(event.substr(0, event.size() / 2));
         p.end_body();
         throw Gone();
       }},
      {"cut in a chunk's size",
       [](Passage& p) {
         p.send_chunk(next_event(p));
         p.send("1f");
         throw Gone();
       }},
      {"cut in a letter of several bytes",
       [](Passage& p) {
         const auto event = next_event(p);
         const auto letter = std::find_if(event.begin(), event.end(), [](char c) { return c < 0; });
         p.send_chunk({event.begin(), letter + 1});
         throw Gone();
       }},
      {"cut after its first byte",
       [](Passage& p) {
         p.send_chunk(next_event(p).substr(0, 1));
         throw Gone();
       }},
      {"byte by byte",
       [](Passage& p) {
         for (int i = 0; i < 4; ++i) p.send_chunk(next_event(p), 1);
       }},
      {"several events in one chunk",
       [](Passage& p) {
         std::string events;
         for (int i = 0; i < 4; ++i) events += next_event(p);
         p.send_chunk(events);
       }},
      {"the same event twice",
       [](Passage& p) {
         const auto event = next_event(p);
         p.send_chunk(event);
         p.send_chunk(event);
       }},
      {"two events in the wrong order",
       [](Passage& p) {
         const auto first = next_event(p);
         p.send_chunk(next_event(p));
         p.send_chunk(first);
       }},
      {"an event lost",
       [](Passage& p) {
         (void)next_event(p);
         p.reset();
       }},
      {"a type nobody knows", [](Passage& p) { send_changed(p, "ADDED", "FANCY"); }},
      {"another kind", [](Passage& p) { send_changed(p, "ConfigMap", "ConfigCat"); }},
      {"an object without metadata",
       [](Passage& p) { send_changed(p, R"("metadata")", R"("metadato")"); }, true},
      {"a Table",
       [](Passage& p) {
         (void)next_event(p);
         p.send_chunk(R"({"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1"}})"
                      "\n");
       },
       true},
      {"letters that are no UTF-8", [](Passage& p) { send_changed(p, "ß", "\xFF\xFE"); }},
      {"NULs", [](Passage& p) { send_changed(p, "Gr", std::string_view("\0\0", 2)); }},
      {"garbage after an event",
       [](Passage& p) {
         p.send_chunk(next_event(p) + "<html>502 Bad Gateway</html>\n");
         throw Gone();
       }},
      {"a length of four gigabytes",
       [](Passage& p) {
         p.send_chunk("\xFF\xFF\xFF\xFF" + next_event(p));
         throw Gone();
       }},
      {"CRLF at the ends of lines",
       [](Passage& p) {
         for (int i = 0; i < 3; ++i) send_changed(p, "\n", "\r\n");
       },
       true},
      {"blank lines",
       [](Passage& p) {
         for (int i = 0; i < 3; ++i) send_changed(p, "\n", "\n\n \n");
       },
       true},
      {"no newline at the end",
       [](Passage& p) {
         auto event = next_event(p);
         event.pop_back();
         p.send_chunk(event);
         p.end_body();
         throw Gone();
       },
       true},
      {"a DELETED that cannot be read",
       [](Passage& p) {
         for (int i = 0; i < 2; ++i) p.send_chunk(next_event(p));
         send_changed(p, R"("name")", R"("eman")");
       },
       true},
  };
  return all;
}

}  // namespace

TEST_CASE("a damaged watch leads to the truth", "[fault][stream damage][own]") {
  for (const bool protobuf : {true, false}) {
    for (const auto& damage : damages()) {
      if (protobuf && damage.json_only) continue;
      INFO(damage.name << (protobuf ? ", in protobuf" : ", in JSON"));
      FaultBench bench;
      bench.options.resource.protobuf = protobuf;
      bench.options.min_watch_timeout = 2s;
      create_with(bench.ns, "before", kData);
      create_with(bench.ns, "goes", kData);
      bench.proxy.on(
          match::watch(bench.ns),
          [&](Passage& passage) {
            passage.forward();
            passage.send_head();
            damage.harm(passage);
            passage.pass_on();
          },
          1);
      bench.start();
      bench.proxy.forget_exchanges();
      const auto start = std::chrono::steady_clock::now();
      create_with(bench.ns, "new", kData);
      label(bench.ns, "before", "1");
      remove(bench.ns, "goes");
      create_with(bench.ns, "goes", kData);
      label(bench.ns, "before", "2");
      bench.wait_truth();
      // And it stays in step.
      create_with(bench.ns, "later", kData);
      bench.wait_truth();
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - start);
      CHECK(bench.proxy.count(match::anything()) <= most_attempts(bench.options.backoff, took));
    }
  }
}

TEST_CASE("a watch that carries an object as large as can be", "[fault][stream damage][own]") {
  for (const bool protobuf : {true, false}) {
    FaultBench bench;
    bench.options.resource.protobuf = protobuf;
    bench.start();
    create_with(bench.ns, "large", {{"text", std::string(1'000'000, 'x')}});
    create(bench.ns, "small");
    bench.wait_truth();
    CHECK(bench.live().reflector().stats().skipped == 0);
    CHECK(bench.live().reflector().stats().lists == 1);
  }
}
