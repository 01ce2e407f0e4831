// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <protozero/pbf_writer.hpp>

#include "codec/kube_protobuf.h"
#include "unit/codec/protobuf_messages.h"

using namespace bso;
using namespace bso::codec;
using namespace bso::test;

namespace {

struct Reading {
  std::vector<std::string> items;
  ProtobufListReader reader;

  explicit Reading(std::size_t max_item_bytes = 1000)
      : reader(
            [this](std::string_view item) -> Result<void> {
              items.emplace_back(item);
              return {};
            },
            max_item_bytes) {}

  Result<void> all(std::string_view body) {
    if (auto fed = reader.feed(body); !fed) return fed;
    return reader.finish();
  }
};

/// A list with everything that a reader has to step over.
std::string rich_raw(const std::vector<std::string>& items) {
  std::string raw;
  protozero::pbf_writer writer(raw);
  writer.add_uint64(15, UINT64_MAX);  // unknown fields of every wire type, first ...
  writer.add_fixed32(16, 7);
  writer.add_message(1, list_meta("4711", "next"));
  for (const std::string& item : items) {
    writer.add_message(2, item);
    writer.add_fixed64(500, 7);  // ... between items ...
  }
  writer.add_bytes(17, std::string(300, 'u'));  // ... and last
  return raw;
}

const std::vector<std::string> some_items = {"first", "", std::string(200, 'x'), "", "last"};

}  // namespace

TEST_CASE("a list is read whatever the chunks", "[codec][protobuf]") {
  const std::string body = envelope("PodList", rich_raw(some_items));
  for (std::size_t chunk = 1; chunk <= body.size(); ++chunk) {
    CAPTURE(chunk);
    Reading reading;
    for (std::size_t at = 0; at < body.size(); at += chunk) {
      REQUIRE(reading.reader.feed(std::string_view(body).substr(at, chunk)));
    }
    REQUIRE(reading.reader.finish());
    CHECK(reading.items == some_items);
    CHECK(reading.reader.resource_version() == "4711");
    CHECK(reading.reader.continue_token() == "next");
  }
}

TEST_CASE("a list is read over every split in two, and cut there it is an error",
          "[codec][protobuf]") {
  const std::string body = envelope("PodList", rich_raw(some_items));
  const std::string no_tail = envelope("PodList", rich_raw(some_items), false);
  for (std::size_t split = 0; split < body.size(); ++split) {
    CAPTURE(split);
    Reading whole;
    REQUIRE(whole.reader.feed(std::string_view(body).substr(0, split)));
    REQUIRE(whole.reader.feed(std::string_view(body).substr(split)));
    REQUIRE(whole.reader.finish());
    CHECK(whole.items == some_items);

    Reading cut;
    REQUIRE(cut.reader.feed(std::string_view(body).substr(0, split)));
    const auto finished = cut.reader.finish();
    // After the list and between the two fields that follow it nothing is missing by protobuf's
    // rules; there the HTTP framing is what shows a cut.
    const bool complete = split == no_tail.size() || split == no_tail.size() + 2;
    CHECK(finished.has_value() == complete);
    if (!finished) CHECK(finished.error().kind == ErrorKind::protocol);
  }
}

TEST_CASE("items come out before the body is whole", "[codec][protobuf]") {
  const std::string raw = list_body({"one", "two"});
  const std::string body = envelope("PodList", raw, false);
  Reading reading;
  REQUIRE(reading.reader.feed(std::string_view(body).substr(0, body.size() - 5)));
  CHECK(reading.items == std::vector<std::string>{"one"});
  REQUIRE(reading.reader.feed(std::string_view(body).substr(body.size() - 5, 4)));
  CHECK(reading.items.size() == 1);
  REQUIRE(reading.reader.feed(std::string_view(body).substr(body.size() - 1)));
  CHECK(reading.items.size() == 2);
}

TEST_CASE("lists without items", "[codec][protobuf]") {
  Reading reading;
  REQUIRE(reading.all(envelope("PodList", list_body({}))));
  CHECK(reading.items.empty());
  CHECK(reading.reader.resource_version() == "4711");
  CHECK(Reading().all(envelope("PodList", "")));
  CHECK(Reading().all(envelope("", "")));
}

TEST_CASE("bodies that are no list say what they are", "[codec][protobuf]") {
  const auto [body, message] = GENERATE(table<std::string, std::string>({
      {"", "found an empty body"},
      {"<html><body>502 Bad Gateway", "found HTML or XML (\"<html><body>502"},
      {R"({"kind":"Status"})", R"(found JSON ("{"kind":"Status"}"))"},
      {"k8", "cut short"},
      {std::string("k8s\1", 4), "found (\"k8s\\x01\")"},
      {std::string("k8s\0", 4), "cut short"},
      {envelope("Status",
                "\x12\x07"
                "Failure"),
       "expected a list, found an object of kind Status"},
      {envelope("Pod", ""), "expected a list, found an object of kind Pod"},
  }));
  CAPTURE(body);
  Reading reading;
  const auto read = reading.all(body);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::protocol);
  CHECK_THAT(read.error().message, Catch::StartsWith("invalid protobuf: "));
  CHECK_THAT(read.error().message, Catch::Contains(message));
  CHECK(reading.items.empty());
}

TEST_CASE("bytes that make no sense are refused, whatever the chunks", "[codec][protobuf]") {
  const std::string ten(9, '\xFF');
  const auto [raw, message] = GENERATE_COPY(table<std::string, std::string>({
      {std::string(1, '\0'), "field number"},
      {ten + "\x02", "field number"},
      {std::string("\xFF\xFF\xFF\xFF\x7F"), "field number"},   // 35 bits
      {std::string("\x13", 1), "wire type 3"},                 // a group
      {std::string("\x16", 1), "wire type 6"},                 //
      {std::string("\x17", 1), "wire type 7"},                 //
      {std::string("\x12") + ten + "\x02", "beyond 64 bits"},  // length of 65 bits
      {std::string("\x12") + ten + "\x01", "past the end"},    // 2^64 - 1
      {std::string("\x12\x7F"), "past the end"},               // longer than the list
      {std::string("\x7A\x7F"), "past the end"},               // the same, unknown field
      {std::string("\x12\x80", 2), "past the end"},            // header cut by the list's end
      {std::string("\x10\x05"), "is no message"},              // items as varint
      {std::string("\x0D\x01\x01\x01\x01"), "is no message"},  // metadata as fixed32
      {std::string("\x0A\x02\x12\x05"), "list metadata"},      // broken metadata
  }));
  const std::string body = envelope("PodList", raw);
  for (const std::size_t chunk : {body.size(), std::size_t{1}, std::size_t{3}}) {
    CAPTURE(message, chunk);
    Reading reading;
    Result<void> read;
    for (std::size_t at = 0; at < body.size() && read; at += chunk) {
      read = reading.reader.feed(std::string_view(body).substr(at, chunk));
    }
    REQUIRE_FALSE(read);
    CHECK_THAT(read.error().message, Catch::Contains(message));
    CHECK_FALSE(reading.reader.feed("x"));  // final
    CHECK_FALSE(reading.reader.finish());
  }
}

TEST_CASE("a list longer than what arrives", "[codec][protobuf]") {
  std::string body("k8s\0", 4);
  body += "\x12\x0A";  // ten bytes of list
  body +=
      "\x12\x03"
      "abc";
  Reading reading;
  REQUIRE(reading.reader.feed(body));
  CHECK(reading.items == std::vector<std::string>{"abc"});
  CHECK(reading.reader.finish().error().message ==
        "invalid protobuf: the list was cut short, 5 bytes of it are missing");
}

TEST_CASE("an item beyond the limit is refused by its length alone", "[codec][protobuf]") {
  CHECK(Reading(200).all(envelope("PodList", list_body({std::string(200, 'x')}))));
  const std::string body = envelope("PodList", list_body({std::string(201, 'x')}));
  Reading reading(200);
  const auto fed = reading.reader.feed(std::string_view(body).substr(0, body.size() - 150));
  REQUIRE_FALSE(fed);
  CHECK_THAT(fed.error().message, Catch::Contains("201 bytes is beyond the limit of 200 bytes"));
}

TEST_CASE("an unknown field may be larger than any item", "[codec][protobuf]") {
  std::string raw;
  protozero::pbf_writer writer(raw);
  writer.add_bytes(9, std::string(100'000, 'u'));
  writer.add_message(2, std::string("item"));
  Reading reading(10);
  REQUIRE(reading.all(envelope("X", "").substr(0, 4) + [&] {
    std::string message;
    protozero::pbf_writer(message).add_bytes(2, raw);
    return message;
  }()));
  CHECK(reading.items == std::vector<std::string>{"item"});
}

TEST_CASE("the receiver's error ends the list", "[codec][protobuf]") {
  int calls = 0;
  ProtobufListReader reader(
      [&](std::string_view) -> Result<void> {
        ++calls;
        return fail(invalid_input("stop here"));
      },
      100);
  const auto fed = reader.feed(envelope("PodList", list_body({"a", "b"})));
  REQUIRE_FALSE(fed);
  CHECK(fed.error().message == "stop here");
  CHECK_FALSE(reader.finish());
  CHECK(calls == 1);
}

TEST_CASE("a large item in single bytes costs linear time", "[codec][protobuf]") {
  // Quadratic work (4 MB moved for each of 4 M bytes) would run for hours, not for a test's
  // time-out.
  const std::string body = envelope("PodList", list_body({std::string(4'000'000, 'x'), "y"}));
  Reading reading(5'000'000);
  for (const char& c : body) {
    auto fed = reading.reader.feed(std::string_view(&c, 1));
    if (!fed) FAIL(fed.error().message);
  }
  REQUIRE(reading.reader.finish());
  REQUIRE(reading.items.size() == 2);
  CHECK(reading.items[0].size() == 4'000'000);
}

TEST_CASE("what is no list is refused at its first wrong byte, however it comes",
          "[codec][protobuf]") {
  for (const std::size_t cut : {0U, 1U, 2U}) {
    CAPTURE(cut);
    codec::ProtobufListReader reader([](std::string_view) { return Result<void>(); }, 1000);
    const std::string_view body = "k8S";
    const auto begun = reader.feed(body.substr(0, cut));
    CHECK(begun);
    CHECK_FALSE(reader.feed(body.substr(cut)));
  }
}
