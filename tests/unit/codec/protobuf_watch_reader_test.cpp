// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "codec/kube_protobuf.h"
#include "unit/codec/protobuf_messages.h"

using namespace bso;
using namespace bso::codec;
using namespace bso::test;

namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

struct Watching {
  Events events;
  ProtobufWatchReader reader;

  explicit Watching(std::size_t max_frame_bytes = 1000)
      : reader(
            [this](const WatchFrame& frame) -> Result<void> {
              events.emplace_back(frame.type, frame.object);
              return {};
            },
            max_frame_bytes) {}
};

const std::string pod = envelope("Pod", "\x0A\x03\x0A\x01p");

std::string some_body() {
  return framed(watch_event("ADDED", pod)) + framed(watch_event("BOOKMARK", "")) +
         framed(watch_event("DELETED", std::string(300, 'd')));
}

const Events some_events = {{"ADDED", pod}, {"BOOKMARK", ""}, {"DELETED", std::string(300, 'd')}};

}  // namespace

TEST_CASE("watch frames are found whatever the chunks", "[codec][protobuf]") {
  const std::string body = some_body();
  for (std::size_t chunk = 1; chunk <= body.size(); ++chunk) {
    CAPTURE(chunk);
    Watching watching;
    for (std::size_t at = 0; at < body.size(); at += chunk) {
      REQUIRE(watching.reader.feed(std::string_view(body).substr(at, chunk)));
    }
    CHECK(watching.events == some_events);
    CHECK(watching.reader.at_boundary());
  }
}

TEST_CASE("a watch body knows whether it stands between frames", "[codec][protobuf]") {
  const std::string body = some_body();
  const std::size_t first = framed(watch_event("ADDED", pod)).size();
  const std::size_t second = first + framed(watch_event("BOOKMARK", "")).size();
  for (std::size_t split = 0; split <= body.size(); ++split) {
    CAPTURE(split);
    Watching watching;
    REQUIRE(watching.reader.feed(std::string_view(body).substr(0, split)));
    const bool boundary = split == 0 || split == first || split == second || split == body.size();
    CHECK(watching.reader.at_boundary() == boundary);
    REQUIRE(watching.reader.feed(std::string_view(body).substr(split)));
    CHECK(watching.events == some_events);
  }
}

TEST_CASE("watch bodies that make no sense are refused", "[codec][protobuf]") {
  const auto [body, message] = GENERATE(table<std::string, std::string>({
      {R"({"type":"ADDED","object":{}})", R"(it starts with JSON ("{"type":"ADDED")"},
      {"<html>", "it starts with HTML or XML"},
      {std::string("\0\0\3\xE9", 4) + "x", "1001 bytes is beyond the limit of 1000"},
      {std::string("\0\0\0\0", 4), "without a type"},
      {framed(std::string("\x12\0", 2)), "without a type"},
      {framed("\x0A\x7F"), "WatchEvent"},
      {framed("\x0A\x01X\x12\x02\x0A\x7F"), "RawExtension"},
      {framed("\x08\x01"), "without a type"},  // the type as a number is stepped over
  }));
  CAPTURE(body);
  for (const std::size_t chunk : {body.size(), std::size_t{1}}) {
    Watching watching;
    Result<void> read;
    for (std::size_t at = 0; at < body.size() && read; at += chunk) {
      read = watching.reader.feed(std::string_view(body).substr(at, chunk));
    }
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::protocol);
    if (chunk > 1) CHECK_THAT(read.error().message, Catch::Contains(message));
    CHECK(watching.events.empty());
  }
}

TEST_CASE("the receiver's error ends the watch body", "[codec][protobuf]") {
  int calls = 0;
  ProtobufWatchReader reader(
      [&](const WatchFrame&) -> Result<void> {
        ++calls;
        return fail(invalid_input("stop here"));
      },
      1000);
  const auto fed = reader.feed(some_body());
  REQUIRE_FALSE(fed);
  CHECK(fed.error().message == "stop here");
  CHECK(calls == 1);
}

TEST_CASE("after an error a watch body is read no further", "[codec][protobuf]") {
  Watching watching;
  REQUIRE_FALSE(watching.reader.feed(some_body() + "<html>"));
  const auto count = watching.events.size();
  CHECK_FALSE(watching.reader.at_boundary());
  const auto fed = watching.reader.feed(some_body());
  REQUIRE_FALSE(fed);
  CHECK(fed.error().kind == ErrorKind::protocol);
  CHECK(watching.events.size() == count);
}

TEST_CASE("a large frame in single bytes costs linear time", "[codec][protobuf]") {
  const std::string body = framed(watch_event("ADDED", std::string(4'000'000, 'x')));
  Watching watching(5'000'000);
  for (const char& c : body) {
    auto fed = watching.reader.feed(std::string_view(&c, 1));
    if (!fed) FAIL(fed.error().message);
  }
  CHECK(watching.events.size() == 1);
}
