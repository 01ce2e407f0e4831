// SPDX-License-Identifier: Apache-2.0
// What reaches the wire, and what must not.
#include <future>

#include <catch2/catch.hpp>

#include "unit/transport/rig.h"

using namespace bso;
using namespace bso::test;
using Catch::Matchers::Contains;
using transport::Header;

namespace {

/// Blanks after the colon do not matter.
bool has_line(const std::string& request, const std::string& name, const std::string& value) {
  return request.find("\r\n" + name + ": " + value + "\r\n") != std::string::npos ||
         request.find("\r\n" + name + ":" + value + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("what goes out is what was asked for") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  CAPTURE(way);
  std::promise<std::string> sent;
  WireServer server([&](WireConnection& connection) {
    sent.set_value(connection.read_request().value_or(""));
    connection.write(kOk);
  });
  auto options = plain_options(server.port());
  options.endpoint.base_path = "/k8s/clusters/c-1";
  {
    CallRig rig(way, std::move(options));
    rig.credentials = {{"Authorization", "Bearer secret"}};
    auto request = send("PATCH", "{\"a\":1}");
    request.target = "/apis/x/y%2Fz?fieldManager=a%20b&force=true&labelSelector=k%3Dv";
    request.content_type = "application/apply-patch+yaml";
    request.headers.push_back({"Accept", "application/json"});
    REQUIRE(rig.call(std::move(request)).has_value());
  }
  const auto seen = sent.get_future().get();
  CHECK_THAT(seen, Catch::StartsWith("PATCH /k8s/clusters/c-1/apis/x/y%2Fz?fieldManager=a%20b&"
                                     "force=true&labelSelector=k%3Dv HTTP/1.1\r\n"));
  CHECK(has_line(seen, "Host", "127.0.0.1:" + std::to_string(server.port())));
  CHECK(has_line(seen, "Accept", "application/json"));
  CHECK(has_line(seen, "Accept-Encoding", "identity"));
  CHECK(has_line(seen, "Authorization", "Bearer secret"));
  CHECK(has_line(seen, "Content-Length", "7"));
  CHECK(has_line(seen, "Content-Type", "application/apply-patch+yaml"));
  CHECK(has_line(seen, "User-Agent", "unit-test/1"));
  CHECK_THAT(seen, Catch::EndsWith("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("a DELETE without a body says so") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  std::promise<std::string> sent;
  WireServer server([&](WireConnection& connection) {
    sent.set_value(connection.read_request().value_or(""));
    connection.write(kOk);
  });
  {
    CallRig rig(way, plain_options(server.port()));
    REQUIRE(rig.call(send("DELETE", "")).has_value());
  }
  const auto seen = sent.get_future().get();
  CHECK_THAT(seen, Catch::StartsWith("DELETE / HTTP/1.1\r\n"));
  CHECK_THAT(seen, !Contains("Content-Type"));
  CHECK_THAT(seen, !Contains("chunked"));
}

TEST_CASE("a request that could be misread on the wire is not sent") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server(always(kOk));
  auto options = plain_options(server.port());
  auto request = get();
  std::vector<Header> credentials;
  std::string named;

  SECTION("line break in a header") {
    request.headers.push_back({"X-Reason", "a\r\nX-Admin: yes"});
    named = "X-Reason";
  }
  SECTION("lone line feed") {
    request.headers.push_back({"X-Reason", "a\nb"});
    named = "X-Reason";
  }
  SECTION("NUL in a header") {
    request.headers.push_back({"X-Reason", std::string("a\0b", 3)});
    named = "X-Reason";
  }
  SECTION("colon in a name") {
    request.headers.push_back({"X: y", "z"});
    named = "X: y";
  }
  SECTION("header of ours") {
    request.headers.push_back({"transfer-Encoding", "chunked"});
    named = "transfer-Encoding";
  }
  SECTION("header twice") {
    request.headers = {{"Accept", "a"}, {"accept", "b"}};
    named = "accept";
  }
  SECTION("content type") {
    request.content_type = "application/json\r\n\r\nGET /";
    named = "Content-Type";
  }
  SECTION("target with a blank") {
    request.target = "/a b";
    named = "/a b";
  }
  SECTION("target with a line break") {
    request.target = "/ HTTP/1.1\r\nX: y\r\n\r\n";
    named = "percent-encoded";
  }
  SECTION("target of another host") {
    request.target = "http://other/";
    named = "percent-encoded";
  }
  SECTION("method") {
    request.method = "GET /evil HTTP/1.1\r\nX:";
    named = "method";
  }
  SECTION("token file with a line break") {
    credentials = {{"Authorization", "Bearer SECRET\n"}};
    named = "Authorization";
  }
  SECTION("impersonation by a caller") {
    request.headers.push_back({"impersonate-User", "SECRET"});
    named = "impersonate-User";
  }
  SECTION("impersonated group with a line break") {
    credentials = {{"Impersonate-Group", "a"}, {"Impersonate-Group", "SECRET\r\nX: y"}};
    named = "Impersonate-Group";
  }
  SECTION("credentials that are something else") {
    credentials = {{"Host", "SECRET"}};
    named = "Host";
  }

  CallRig rig(way, std::move(options));
  rig.credentials = std::move(credentials);
  const auto answer = rig.call(std::move(request));

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::invalid_input);
  CHECK_FALSE(answer.error().may_have_executed);
  CHECK_THAT(answer.error().message, Contains(named) && !Contains("SECRET"));
  CHECK(server.connections() == 0);
}
