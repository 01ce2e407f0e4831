// SPDX-License-Identifier: Apache-2.0
#include "kube/watch_event.h"

#include <catch2/catch.hpp>

#include "unit/codec/protobuf_messages.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

namespace {

using Type = WatchEvent::Type;

std::string frame(const std::string& type, const std::string& object) {
  const auto message = watch_event(type, object);
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((message.size() >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  return bytes + message;
}

std::string pod(const std::string& name, const std::string& version,
                const std::string& annotation = {}, std::size_t filler = 0) {
  std::string metadata;
  protozero::pbf_writer meta(metadata);
  meta.add_string(1, name);
  meta.add_string(3, "shop");
  meta.add_string(6, version);
  if (!annotation.empty()) {
    std::string entry;
    protozero::pbf_writer pair(entry);
    pair.add_string(1, "k8s.io/initial-events-end");
    pair.add_string(2, annotation);
    meta.add_message(12, entry);
  }
  std::string raw;
  protozero::pbf_writer writer(raw);
  writer.add_message(1, metadata);
  if (filler > 0) writer.add_string(2, std::string(filler, 'x'));
  return envelope("Pod", raw);
}

std::vector<WatchEvent> decode(WatchDecoder& decoder, const std::string& bytes, std::size_t chunk) {
  std::vector<WatchEvent> events;
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    REQUIRE(decoder.feed(std::string_view(bytes).substr(at, chunk), events));
  }
  return events;
}

}  // namespace

TEST_CASE("protobuf events are found wherever they are cut", "[watch_event]") {
  const auto bytes = frame("ADDED", pod("a", "1")) + frame("MODIFIED", pod("a", "2")) +
                     frame("DELETED", pod("a", "3")) + frame("BOOKMARK", pod("", "4", "true")) +
                     frame("BOOKMARK", pod("", "5", "false")) +
                     frame("ADDED", pod("b", "6", "true"));
  for (std::size_t chunk = 1; chunk < bytes.size(); chunk += 13) {
    WatchDecoder decoder(true, 10'000);
    const auto events = decode(decoder, bytes, chunk);
    REQUIRE(events.size() == 6);
    CHECK(events[0].type == Type::added);
    CHECK(events[0].kind == "Pod");
    CHECK(events[0].ns == "shop");
    CHECK(events[0].name == "a");
    CHECK(events[1].resource_version == "2");
    CHECK(events[2].type == Type::deleted);
    CHECK(events[3].initial_events_end);
    CHECK_FALSE(events[4].initial_events_end);
    CHECK_FALSE(events[5].initial_events_end);  // only a bookmark says so
    for (const auto& event : events) CHECK_FALSE(event.fault);
  }
}

TEST_CASE("an object beyond the limit is named and passes", "[watch_event]") {
  const auto bytes = frame("ADDED", pod("small", "1")) +
                     frame("DELETED", pod("huge", "2", "", 9000)) +
                     frame("ADDED", pod("next", "3"));
  for (const std::size_t chunk : {1UL, 3UL, 4096UL, 5000UL, bytes.size()}) {
    WatchDecoder decoder(true, 1000);
    const auto events = decode(decoder, bytes, chunk);
    REQUIRE(events.size() == 3);
    CHECK(events[1].type == Type::deleted);
    CHECK(events[1].name == "huge");
    CHECK(events[1].ns == "shop");
    REQUIRE(events[1].fault);
    CHECK(events[1].fault->message.find("beyond the limit of 1000") != std::string::npos);
    CHECK(events[2].name == "next");
    CHECK_FALSE(events[2].fault);
  }
}

TEST_CASE("what is no frame at all ends the stream", "[watch_event]") {
  WatchDecoder decoder(true, 1000);
  std::vector<WatchEvent> events;
  const auto fed = decoder.feed(frame("ADDED", pod("a", "1")) + "<html>", events);
  REQUIRE_FALSE(fed);
  CHECK(fed.error().message.find("HTML") != std::string::npos);
  CHECK(events.size() == 1);
}

TEST_CASE("objects that make no sense are events with a fault", "[watch_event]") {
  WatchDecoder decoder(true, 1000);
  const auto events =
      decode(decoder,
             frame("ADDED", "{}") + frame("ADDED", "") + frame("NEW", pod("a", "1")) +
                 frame("ADDED", envelope("Pod", "\x0a\x7f")),
             7);
  REQUIRE(events.size() == 4);
  for (const auto& event : events) CHECK(event.fault);
}

TEST_CASE("an ERROR event carries its Status", "[watch_event]") {
  WatchDecoder decoder(false, 1000);
  const auto events =
      decode(decoder,
             R"({"type":"ERROR","object":{"kind":"Status","reason":"Expired","code":410}})"
             "\n{\"type\":\"ERROR\"}\n",
             5);
  REQUIRE(events.size() == 2);
  CHECK(events[0].type == Type::error);
  CHECK(events[0].fault->code == 410);
  CHECK(events[1].fault->kind == ErrorKind::protocol);
}
