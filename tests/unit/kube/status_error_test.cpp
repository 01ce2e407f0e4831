// SPDX-License-Identifier: Apache-2.0
#include "kube/status_error.h"

#include <catch2/catch.hpp>
#include <protozero/pbf_writer.hpp>

using namespace bso;
using namespace bso::kube;

TEST_CASE("a JSON Status keeps code, reason, causes and retryAfterSeconds") {
  const auto error = error_from_response(
      409, "application/json",
      R"({"kind":"Status","status":"Failure","message":"Apply failed with 1 conflict","reason":"Conflict",
          "details":{"retryAfterSeconds":3,"causes":[{"reason":"FieldManagerConflict",
          "message":"conflict with \"kubectl\"","field":".data.x"}]},"code":409})",
      std::nullopt);
  CHECK(error.kind == ErrorKind::status);
  CHECK(error.code == 409);
  CHECK(error.is_status("Conflict"));
  CHECK(error.has_cause("FieldManagerConflict"));
  REQUIRE(error.causes.size() == 1);
  CHECK(error.causes[0].field == ".data.x");
  CHECK(error.retry_after == std::chrono::seconds{3});
}

TEST_CASE("a protobuf Status is read too") {
  std::string cause;
  protozero::pbf_writer(cause).add_string(1, "ResourceVersionTooLarge");
  std::string details;
  protozero::pbf_writer(details).add_message(4, cause);
  std::string status;
  {
    protozero::pbf_writer writer(status);
    writer.add_string(2, "Failure");
    writer.add_string(3, "Timeout: Too large resource version: 9, current: 3");
    writer.add_string(4, "Timeout");
    writer.add_message(5, details);
    writer.add_int32(6, 504);
  }
  std::string type;
  {
    protozero::pbf_writer writer(type);
    writer.add_string(1, "v1");
    writer.add_string(2, "Status");
  }
  std::string body("k8s\0", 4);
  {
    protozero::pbf_writer writer(body);
    writer.add_message(1, type);
    writer.add_message(2, status);
  }
  const auto error = error_from_response(504, "application/vnd.kubernetes.protobuf", body, {});
  CHECK(error.code == 504);
  CHECK(is_too_large_resource_version(error));
  CHECK(is_too_large_resource_version(error_from_watch_status(body, true)));
}

TEST_CASE("what is no Status says so and quotes its beginning") {
  const auto html =
      error_from_response(502, "text/html", "<html><body>Bad Gateway</body></html>", {});
  CHECK(html.code == 502);
  CHECK(html.reason == "InternalError");
  CHECK(html.message.find("a proxy or another server answers") != std::string::npos);
  CHECK(html.message.find("Bad Gateway") != std::string::npos);

  const auto empty = error_from_response(429, "", "", std::chrono::seconds{7});
  CHECK(is_too_many_requests(empty));
  CHECK(empty.retry_after == std::chrono::seconds{7});

  const auto binary = error_from_response(500, "image/png", "\x89PNG\xff\xfe", {});
  CHECK(binary.message.find("(binary data)") != std::string::npos);

  const auto long_body = error_from_response(500, "text/plain", std::string(100'000, 'x'), {});
  CHECK(long_body.message.size() < 400);
}

TEST_CASE("hostile Status documents do not throw") {
  for (const char* body :
       {R"({"kind":"Status","code":"no number","details":7,"message":[1]})",
        R"({"kind":"Status","details":{"causes":{"a":1},"retryAfterSeconds":-4}})", R"([])", "null",
        R"({"kind":"Status","code":99999999999999999999})"}) {
    INFO(body);
    CHECK(error_from_response(500, "application/json", body, {}).code != 0);
  }
  CHECK(error_from_watch_status("garbage", true).kind == ErrorKind::protocol);
  CHECK(error_from_watch_status("garbage", false).kind == ErrorKind::protocol);
}
