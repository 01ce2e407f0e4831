// SPDX-License-Identifier: Apache-2.0
#include "codec/kube_protobuf.h"

#include <string>

#include <catch2/catch.hpp>
#include <protozero/pbf_writer.hpp>

#include "unit/codec/protobuf_messages.h"

using namespace bso;
using namespace bso::codec;
using namespace bso::test;

namespace {

std::string cause(const std::string& reason, const std::string& message, const std::string& field) {
  std::string text;
  protozero::pbf_writer writer(text);
  writer.add_string(1, reason);
  writer.add_string(2, message);
  writer.add_string(3, field);
  return text;
}

std::string status_message() {
  std::string details;
  {
    protozero::pbf_writer writer(details);
    writer.add_string(1, "web");
    writer.add_string(2, "apps");
    writer.add_string(3, "deployments");
    writer.add_message(4, cause("FieldManagerConflict", "conflict with \"x\"", ".spec.replicas"));
    writer.add_message(4, cause("Other", "", ""));
    writer.add_int32(5, 3);
    writer.add_string(6, "uid");
  }
  std::string status;
  protozero::pbf_writer writer(status);
  writer.add_message(1, list_meta("", ""));
  writer.add_string(2, "Failure");
  writer.add_string(3, "Apply failed");
  writer.add_string(4, "Conflict");
  writer.add_message(5, details);
  writer.add_int32(6, 409);
  return status;
}

std::string object_message() {
  std::string labels;
  {
    protozero::pbf_writer entry(labels);
    entry.add_string(1, "app");
    entry.add_string(2, "web");
  }
  std::string metadata;
  {
    protozero::pbf_writer writer(metadata);
    writer.add_string(1, "pod-1");
    writer.add_string(2, "pod-");
    writer.add_string(3, "shop");
    writer.add_string(4, "");
    writer.add_string(5, "6f1c");
    writer.add_string(6, "4711");
    writer.add_int64(7, 2);
    writer.add_message(11, labels);
  }
  std::string object;
  protozero::pbf_writer writer(object);
  writer.add_message(1, metadata);
  writer.add_message(2, std::string("\x0A\x01s"));
  return object;
}

}  // namespace

TEST_CASE("an envelope is opened without a copy", "[codec][protobuf]") {
  const std::string bytes = envelope("Pod", "raw bytes");
  const auto opened = open_envelope(bytes);
  REQUIRE(opened);
  CHECK(opened->api_version == "v1");
  CHECK(opened->kind == "Pod");
  CHECK(opened->raw == "raw bytes");
  CHECK(opened->raw.data() >= bytes.data());
  CHECK(opened->raw.data() < bytes.data() + bytes.size());
}

TEST_CASE("what is no envelope says what it is", "[codec][protobuf]") {
  const auto [bytes, message] = GENERATE(table<std::string, std::string>({
      {"", "found nothing"},
      {"k8s", "found (\"k8s\")"},
      {"<!DOCTYPE html>", "found HTML or XML (\"<!DOCTYPE html>\")"},
      {"{\"kind\":\"Pod\"}\n", "found JSON (\"{\"kind\":\"Pod\"}\\x0a\")"},
      {std::string("k8s\0\x12\x05"
                   "abc",
                   9),
       "envelope"},
      {std::string("k8s\0\x0A\x02\x0A\x05", 8), "typeMeta"},
  }));
  CAPTURE(bytes);
  const auto opened = open_envelope(bytes);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::protocol);
  CHECK_THAT(opened.error().message, Catch::Contains(message));
}

TEST_CASE("a Status in protobuf", "[codec][protobuf]") {
  const auto status = decode_status(status_message());
  REQUIRE(status);
  CHECK(status->status == "Failure");
  CHECK(status->message == "Apply failed");
  CHECK(status->reason == "Conflict");
  CHECK(status->code == 409);
  CHECK(status->retry_after_seconds == 3);
  REQUIRE(status->causes.size() == 2);
  CHECK(status->causes[0].reason == "FieldManagerConflict");
  CHECK(status->causes[0].message == "conflict with \"x\"");
  CHECK(status->causes[0].field == ".spec.replicas");
  CHECK(status->causes[1].reason == "Other");
}

TEST_CASE("an empty Status and a negative pause", "[codec][protobuf]") {
  const auto empty = decode_status("");
  REQUIRE(empty);
  CHECK(empty->code == 0);
  CHECK(empty->causes.empty());
  std::string details;
  protozero::pbf_writer(details).add_int32(5, -7);
  std::string message;
  protozero::pbf_writer(message).add_message(5, details);
  CHECK(decode_status(message)->retry_after_seconds == 0);
}

TEST_CASE("an object's key", "[codec][protobuf]") {
  const std::string object = object_message();
  const auto key = decode_object_key(object);
  REQUIRE(key);
  CHECK(key->name == "pod-1");
  CHECK(key->ns == "shop");
  CHECK(key->uid == "6f1c");
  CHECK(key->resource_version == "4711");
  CHECK(decode_object_key("")->name.empty());
}

TEST_CASE("fields of a wrong wire type are stepped over, not misread", "[codec][protobuf]") {
  std::string status;
  protozero::pbf_writer writer(status);
  writer.add_uint64(2, 5);
  writer.add_fixed32(3, 5);
  writer.add_fixed64(5, 5);
  writer.add_string(6, "409");
  const auto decoded = decode_status(status);
  REQUIRE(decoded);
  CHECK(decoded->status.empty());
  CHECK(decoded->code == 0);
  std::string object;
  protozero::pbf_writer(object).add_uint64(1, 5);
  CHECK(decode_object_key(object)->name.empty());
}

TEST_CASE("messages cut or changed anywhere are errors or values, never more",
          "[codec][protobuf]") {
  for (const std::string& message : {status_message(), object_message()}) {
    int refused = 0;
    for (std::size_t at = 0; at < message.size(); ++at) {
      refused += decode_status(message.substr(0, at)) ? 0 : 1;
      refused += decode_object_key(message.substr(0, at)) ? 0 : 1;
      for (int value = 0; value < 256; ++value) {
        std::string changed = message;
        changed[at] = static_cast<char>(value);
        (void)decode_status(changed);
        (void)decode_object_key(changed);
        (void)open_envelope(std::string("k8s\0", 4) + changed);
      }
    }
    CHECK(refused > 0);
  }
}

TEST_CASE("broken causes are an error", "[codec][protobuf]") {
  std::string details;
  protozero::pbf_writer(details).add_message(4, std::string("\x0A\x7F"));
  std::string message;
  protozero::pbf_writer(message).add_message(5, details);
  const auto status = decode_status(message);
  REQUIRE_FALSE(status);
  CHECK_THAT(status.error().message, Catch::Contains("StatusCause"));
}
