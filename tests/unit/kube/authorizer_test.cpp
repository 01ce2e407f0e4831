// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "kube/client_config.h"
#include "unit/kube/config_fixture.h"
#include "unit/run_task.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;
using namespace std::chrono_literals;

namespace {

using AuthorizerPtr = std::shared_ptr<transport::Authorizer>;

Result<transport::Credentials> credentials(const AuthorizerPtr& authorize) {
  boost::asio::io_context loop;
  return run(loop, authorize->credentials(std::chrono::steady_clock::now() + 5s));
}

/// The headers, one line each.
std::string answer(const AuthorizerPtr& authorize) {
  const auto found = credentials(authorize);
  if (!found) return "error: " + found.error().message;
  if (found->headers.empty()) return "nobody";
  std::string lines;
  for (const auto& header : found->headers) {
    if (!lines.empty()) lines += '\n';
    lines += header.name + ": " + header.value;
  }
  return lines;
}

/// An Authorizer on a token file, with time standing still.
struct Rotating {
  TemporaryDirectory directory;
  std::string file = directory / "token";
  std::chrono::steady_clock::time_point now{1h};
  AuthorizerPtr authorize = make_authorizer(config(), [this] { return now; });

  [[nodiscard]] ClientConfig config() const {
    ClientConfig made;
    made.token = "static";
    made.token_file = file;
    return made;
  }
};

}  // namespace

TEST_CASE("fixed credentials", "[kube][config]") {
  ClientConfig config;
  config.source = "kc";
  CHECK(answer(make_authorizer(config)) == "nobody");
  config.username = "Aladdin";
  config.password = "open sesame";
  // RFC 7617, section 2
  CHECK(answer(make_authorizer(config)) == "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  config.token = " t.o-k_e+n/=\n";
  CHECK(answer(make_authorizer(config)) == "Authorization: Bearer t.o-k_e+n/=");
}

TEST_CASE("credentials that would break the header are refused and not repeated",
          "[kube][config]") {
  ClientConfig config;
  config.source = "kc";
  SECTION("token") {
    config.token = GENERATE("secret\r\nX-Evil: 1", "secret secret", "secret\x7F",
                            "s\xC3\xA9"
                            "cret",
                            "secret\ttab");
    CHECK_THAT(answer(make_authorizer(config)),
               Catch::StartsWith("error: the token from kc has a space, a control"));
  }
  SECTION("token of blanks") {
    config.token = " \n";
    CHECK(answer(make_authorizer(config)) == "error: the token from kc is empty");
  }
  SECTION("username") {
    config.username = "secret:er";
    CHECK_THAT(answer(make_authorizer(config)), Catch::StartsWith("error: the username from kc"));
  }
  CHECK_THAT(answer(make_authorizer(config)), !Catch::Contains("secret"));
}

TEST_CASE("TestCachingTokenSource", "[upstream][token_source]") {
  Rotating rotating;
  // error on create token returns error
  CHECK_THAT(answer(rotating.authorize), Catch::StartsWith("error: token file"));
  // new token created when cache is empty
  rotating.directory.write("token", "a");
  CHECK(answer(rotating.authorize) == "Authorization: Bearer a");
  // valid token returned from cache before scheduled refresh
  rotating.directory.write("token", "b");
  rotating.now += 49s;
  CHECK(answer(rotating.authorize) == "Authorization: Bearer a");
  // new token created after scheduled refresh
  rotating.now += 1s;
  CHECK(answer(rotating.authorize) == "Authorization: Bearer b");
}

TEST_CASE("a token file beats a token and is read again after 50 seconds", "[kube][config]") {
  Rotating rotating;
  rotating.directory.write("token", "one\n");
  CHECK(answer(rotating.authorize) == "Authorization: Bearer one");
  rotating.directory.write("token", "two\n");
  rotating.now += 49s;
  CHECK(answer(rotating.authorize) == "Authorization: Bearer one");
  rotating.now += 1s;
  CHECK(answer(rotating.authorize) == "Authorization: Bearer two");
  rotating.directory.write("token", "three\n");
  rotating.now += 49s;
  CHECK(answer(rotating.authorize) == "Authorization: Bearer two");
}

TEST_CASE("when the token file goes bad the old token goes on", "[kube][config]") {
  Rotating rotating;
  rotating.directory.write("token", "one");
  CHECK(answer(rotating.authorize) == "Authorization: Bearer one");
  SECTION("gone") { std::filesystem::remove(rotating.file); }
  SECTION("empty") { rotating.directory.write("token", ""); }
  SECTION("not a token") { rotating.directory.write("token", "a\r\nb"); }
  SECTION("too large") { rotating.directory.write("token", std::string(100'000, 'x')); }
  rotating.now += 1h;
  CHECK(answer(rotating.authorize) == "Authorization: Bearer one");
  // It is tried again each time, not only after another 50 s.
  std::filesystem::remove(rotating.file);
  rotating.directory.write("token", "two");
  CHECK(answer(rotating.authorize) == "Authorization: Bearer two");
}

TEST_CASE("a token file that was never good is an error, until it is", "[kube][config]") {
  Rotating rotating;
  CHECK(answer(rotating.authorize) ==
        "error: token file: cannot read " + rotating.file + ": No such file or directory");
  rotating.directory.write("token", "\n");
  CHECK(answer(rotating.authorize) == "error: token file " + rotating.file + " is empty");
  rotating.directory.write("token", "one");
  CHECK(answer(rotating.authorize) == "Authorization: Bearer one");
}

TEST_CASE("a token that the server refused is read again before the next request",
          "[kube][config]") {
  Rotating rotating;
  rotating.directory.write("token", "one");
  const auto first = credentials(rotating.authorize);
  REQUIRE(first);
  rotating.directory.write("token", "two");
  SECTION("at once") {
    rotating.authorize->rejected(*first);
    CHECK(answer(rotating.authorize) == "Authorization: Bearer two");
    // A second request with the old token was on its way meanwhile.
    rotating.directory.write("token", "three");
    rotating.authorize->rejected(*first);
    CHECK(answer(rotating.authorize) == "Authorization: Bearer two");
  }
  SECTION("and not used when it is gone") {
    std::filesystem::remove(rotating.file);
    rotating.authorize->rejected(*first);
    CHECK_THAT(answer(rotating.authorize), Catch::StartsWith("error: token file: cannot read"));
  }
}

TEST_CASE("the kubelet's way to rotate a token: a link is swapped above it", "[kube][config]") {
  Rotating rotating;
  namespace fs = std::filesystem;
  rotating.directory.write("..1/token", "one");
  rotating.directory.write("..2/token", "two");
  fs::create_directory_symlink("..1", rotating.directory / "..data");
  fs::create_symlink("..data/token", rotating.file);
  CHECK(answer(rotating.authorize) == "Authorization: Bearer one");
  fs::create_directory_symlink("..2", rotating.directory / "..data_tmp");
  fs::rename(rotating.directory / "..data_tmp", rotating.directory / "..data");
  fs::remove_all(rotating.directory / "..1");
  rotating.now += 50s;
  CHECK(answer(rotating.authorize) == "Authorization: Bearer two");
}

TEST_CASE("impersonation comes beside the credentials", "[kube][config]") {
  Rotating rotating;
  rotating.directory.write("token", "one");
  auto config = rotating.config();
  config.impersonate.user = "jane";
  config.impersonate.uid = "u-7";
  config.impersonate.groups = {"dev", "ops"};
  config.impersonate.extra = {{"example.com/Scopes%", {"a", "b"}}, {"\xC3\xA9 x", {"c"}}};
  const auto authorize = make_authorizer(config, [&] { return rotating.now; });
  const std::string headers =
      "Impersonate-User: jane\nImpersonate-Uid: u-7\nImpersonate-Group: dev\n"
      "Impersonate-Group: ops\nImpersonate-Extra-example.com%2FScopes%25: a\n"
      "Impersonate-Extra-example.com%2FScopes%25: b\nImpersonate-Extra-%C3%A9%20x: c";
  const auto first = credentials(authorize);
  REQUIRE(first);
  CHECK(answer(authorize) == "Authorization: Bearer one\n" + headers);
  rotating.directory.write("token", "two");
  authorize->rejected(*first);
  CHECK(answer(authorize) == "Authorization: Bearer two\n" + headers);

  config.token_file.clear();
  config.token.clear();
  CHECK(answer(make_authorizer(config)) == headers);
}
