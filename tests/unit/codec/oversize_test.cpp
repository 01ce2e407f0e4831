// SPDX-License-Identifier: Apache-2.0
// What the readers do with objects beyond their limit when told to step over them.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "codec/kube_protobuf.h"
#include "codec/lines.h"
#include "unit/codec/protobuf_messages.h"

using namespace bso;
using namespace bso::codec;
using namespace bso::test;

namespace {

struct Seen {
  std::vector<std::string> told;

  Oversize oversize(std::size_t most = 100'000) {
    Oversize made;
    made.most = most;
    made.on_skipped = [this](std::size_t size, std::string_view start) {
      CHECK(start.size() <= oversize_start_bytes);
      told.push_back(fmt::format("skipped {} {}", size, start.substr(0, 4)));
    };
    return made;
  }
  auto sink() {
    return [this](std::string_view item) -> Result<void> {
      told.emplace_back(item);
      return {};
    };
  }
};

std::string item_named(const std::string& name, std::size_t filler) {
  std::string metadata;
  protozero::pbf_writer meta(metadata);
  meta.add_string(1, name);
  meta.add_string(3, "ns");
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_message(1, metadata);
  writer.add_string(2, std::string(filler, 'x'));
  return message;
}

}  // namespace

TEST_CASE("long lines are stepped over", "[codec][oversize]") {
  const std::string body = "one\n" + std::string(9000, 'x') + "\ntwo\n12345678901\r\nthree";
  for (const std::size_t chunk : {1UL, 7UL, 4096UL, 9005UL, body.size()}) {
    Seen seen;
    LineReader reader(seen.sink(), 10, seen.oversize());
    for (std::size_t at = 0; at < body.size(); at += chunk) {
      REQUIRE(reader.feed(std::string_view(body).substr(at, chunk)));
    }
    REQUIRE(reader.finish());
    CHECK(seen.told ==
          std::vector<std::string>{"one", "skipped 9000 xxxx", "two", "skipped 12 1234", "three"});
  }
}

TEST_CASE("of a long line the same start is told, however it arrives", "[codec][oversize]") {
  std::string line;
  for (int number = 0; line.size() < 6000; ++number) line += fmt::format("{} ", number);
  for (const std::size_t length : {300UL, 4096UL, 6000UL}) {
    const auto body = line.substr(0, length) + "\n";
    for (const std::size_t chunk : {1UL, 7UL, 100UL, 4096UL, body.size()}) {
      CAPTURE(length, chunk);
      Oversize oversize;
      std::string told;
      oversize.on_skipped = [&](std::size_t, std::string_view start) { told = start; };
      Seen seen;
      LineReader reader(seen.sink(), 200, oversize);
      for (std::size_t at = 0; at < body.size(); at += chunk) {
        REQUIRE(reader.feed(std::string_view(body).substr(at, chunk)));
      }
      CHECK(told == line.substr(0, std::min(length, oversize_start_bytes)));
    }
  }
}

TEST_CASE("a line beyond all reason is an error", "[codec][oversize]") {
  Seen seen;
  LineReader reader(seen.sink(), 10, seen.oversize(1000));
  REQUIRE(reader.feed(std::string(900, 'x')));
  const auto fed = reader.feed(std::string(200, 'x'));
  REQUIRE_FALSE(fed);
  CHECK(fed.error().message == "a line of the body is longer than 1000 bytes");
}

TEST_CASE("long items of a list are stepped over", "[codec][oversize]") {
  std::string list;
  protozero::pbf_writer writer(list);
  writer.add_message(1, list_meta("4711", ""));
  writer.add_message(2, item_named("a", 1));
  writer.add_message(2, item_named("huge", 20'000));
  writer.add_message(2, item_named("b", 1));
  writer.add_message(2, item_named("last", 9'000));
  const auto body = envelope("PodList", list);
  for (const std::size_t chunk : {1UL, 100UL, 4096UL, 4100UL, 20'000UL, body.size()}) {
    std::vector<std::string> names;
    Oversize oversize;
    oversize.on_skipped = [&](std::size_t size, std::string_view start) {
      CHECK(size > 9'000);
      names.push_back("skipped " + std::string(peek_object_key(start).name));
    };
    ProtobufListReader reader(
        [&](std::string_view item) -> Result<void> {
          names.emplace_back(peek_object_key(item).name);
          return {};
        },
        100, oversize);
    for (std::size_t at = 0; at < body.size(); at += chunk) {
      REQUIRE(reader.feed(std::string_view(body).substr(at, chunk)));
    }
    REQUIRE(reader.finish());
    CHECK(names == std::vector<std::string>{"a", "skipped huge", "b", "skipped last"});
    CHECK(reader.resource_version() == "4711");
    CHECK(reader.kind() == "PodList");
  }
}

TEST_CASE("an item beyond all reason is an error", "[codec][oversize]") {
  std::string list;
  protozero::pbf_writer writer(list);
  writer.add_message(2, item_named("huge", 20'000));
  Seen seen;
  ProtobufListReader reader(seen.sink(), 100, seen.oversize(1000));
  const auto fed = reader.feed(envelope("PodList", list));
  REQUIRE_FALSE(fed);
  CHECK(fed.error().message.find("beyond the limit of 1000 bytes") != std::string::npos);
}

TEST_CASE("a name is read from the beginning of an object", "[codec][oversize]") {
  const auto whole = item_named("a-name", 10'000);
  CHECK(peek_object_key(whole).name == "a-name");
  CHECK(peek_object_key(whole.substr(0, 40)).ns == "ns");
  CHECK(peek_object_key(whole.substr(0, 6)).name.empty());  // cut within the name
  CHECK(peek_object_key("").name.empty());
  CHECK(peek_object_key("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").name.empty());
  const auto frame = watch_event("MODIFIED", envelope("Pod", whole));
  CHECK(peek_frame(frame.substr(0, 100)).type == "MODIFIED");
  CHECK(peek_frame(frame.substr(0, 100)).key.name == "a-name");
  CHECK(peek_frame("<html>").type.empty());
}

TEST_CASE("an annotation is found by its name", "[codec][oversize]") {
  std::string metadata;
  protozero::pbf_writer meta(metadata);
  for (const auto& [name, value] : {std::pair{"a", "1"}, std::pair{"b", "2"}}) {
    std::string entry;
    protozero::pbf_writer pair(entry);
    pair.add_string(1, name);
    pair.add_string(2, value);
    meta.add_message(12, entry);
  }
  std::string message;
  protozero::pbf_writer(message).add_message(1, metadata);
  CHECK(decode_annotation(message, "b") == "2");
  CHECK(decode_annotation(message, "c") == "");
  CHECK_FALSE(decode_annotation("\x0a\x7f", "a"));
}
