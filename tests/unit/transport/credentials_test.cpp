// SPDX-License-Identifier: Apache-2.0
// The transport as shipped: credentials that the server refuses, TLS files that rotate.
#include <filesystem>
#include <fstream>
#include <mutex>

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "unit/kube/config_fixture.h"
#include "unit/transport/rig.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::test;
using Catch::Matchers::Contains;
using transport::Credentials;
using transport::Response;

namespace {

constexpr auto kUnauthorized = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";

/// Gives the first of its tokens until that is refused.
class Tokens final : public transport::Authorizer {
 public:
  explicit Tokens(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}
  Task<Result<Credentials>> credentials(std::chrono::steady_clock::time_point) override {
    if (tokens_.empty()) co_return fail(invalid_input("no token is left"));
    co_return Credentials{{{"Authorization", "Bearer " + tokens_.front()}}, {}, {}};
  }
  void rejected(const Credentials&) override {
    ++refusals;
    if (tokens_.size() > 1 || lose_last) tokens_.erase(tokens_.begin());
  }

  int refusals = 0;
  bool lose_last = false;

 private:
  std::vector<std::string> tokens_;
};

/// Lets "Bearer good" in and notes what it was asked.
struct Guarded {
  std::mutex mutex;
  std::vector<std::string> seen;  // guarded by mutex
  WireServer server{[this](WireConnection& connection) {
    while (const auto request = connection.read_request()) {
      {
        const std::lock_guard lock(mutex);
        seen.push_back(*request);
      }
      const bool good = request->find("Bearer good\r\n") != std::string::npos;
      if (!connection.write(good ? kOk : kUnauthorized)) return;
    }
  }};
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return seen.size();
  }
};

struct Shipped {
  explicit Shipped(transport::TransportOptions options) {
    auto made = transport::make_transport(loop.get_executor(), std::move(options));
    if (!made) throw std::runtime_error(made.error().message);
    transport = std::move(*made);
  }
  Result<Response> call(transport::Request request) {
    auto answer = run(loop, transport->call(std::move(request)));
    if (!answer) UNSCOPED_INFO("the call's error: " << answer.error().message);
    return answer;
  }
  /// The status of a stream's answer, or -1.
  int open(transport::Request request) {
    auto stream = run(loop, transport->open(std::move(request)));
    return stream ? (*stream)->status() : -1;
  }

  boost::asio::io_context loop;
  std::unique_ptr<transport::Transport> transport;
};

}  // namespace

TEST_CASE("TestTokenSourceTransportRoundTrip", "[upstream][token_source]") {
  Guarded guarded;
  auto options = plain_options(guarded.server.port());
  const bool good = GENERATE(true, false);
  const auto tokens =
      std::make_shared<Tokens>(std::vector<std::string>{good ? "good" : "bad", "bad"});
  options.authorize = tokens;
  Shipped shipped(std::move(options));
  for (int i = 0; i < 2; ++i) {
    const auto answer = shipped.call(get());
    REQUIRE(answer.has_value());
    CHECK(answer->status == (good ? 200 : 401));
  }
  CHECK((tokens->refusals > 0) == !good);
}

TEST_CASE("a request that got 401 is sent once more with fresh credentials", "[transport]") {
  Guarded guarded;
  auto options = plain_options(guarded.server.port());
  const auto tokens = std::make_shared<Tokens>(std::vector<std::string>{"old", "good"});
  options.authorize = tokens;
  Shipped shipped(std::move(options));

  SECTION("calls, writes too: nothing was executed") {
    const std::string method = GENERATE("GET", "POST", "PATCH");
    const auto answer = shipped.call(send(method, method == "GET" ? "" : "{}"));
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
  }
  SECTION("streams") { CHECK(shipped.open(get()) == 200); }
  CHECK(tokens->refusals == 1);
  CHECK(guarded.count() == 2);
}

TEST_CASE("a request that got 401 is not sent again in vain", "[transport]") {
  Guarded guarded;
  auto options = plain_options(guarded.server.port());
  std::vector<std::string> given;
  bool lose_last = false;
  std::size_t requests = 1;
  SECTION("the same token again") { given = {"old"}; }
  SECTION("none is left") {
    given = {"old"};
    lose_last = true;
  }
  SECTION("twice refused") {
    given = {"old", "older", "good"};
    requests = 2;
  }
  const auto tokens = std::make_shared<Tokens>(given);
  tokens->lose_last = lose_last;
  options.authorize = tokens;
  Shipped shipped(std::move(options));

  const auto answer = shipped.call(get());

  REQUIRE(answer.has_value());
  CHECK(answer->status == 401);
  CHECK(guarded.count() == requests);
}

TEST_CASE("without credentials to be had nothing is sent", "[transport]") {
  Guarded guarded;
  auto options = plain_options(guarded.server.port());
  options.authorize = std::make_shared<Tokens>(std::vector<std::string>{});
  Shipped shipped(std::move(options));
  const auto answer = shipped.call(get());
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().message == "no token is left");
  CHECK_FALSE(answer.error().may_have_executed);
  CHECK(shipped.open(get()) == -1);
  CHECK(guarded.server.connections() == 0);
}

TEST_CASE("impersonated groups reach the server each on its line", "[transport]") {
  Guarded guarded;
  CallRig rig(GENERATE(Way::beast, Way::cpprest), plain_options(guarded.server.port()));
  rig.credentials = {{"Authorization", "Bearer good"},
                     {"Impersonate-User", "jane"},
                     {"Impersonate-Group", "dev"},
                     {"Impersonate-Group", "ops"}};
  REQUIRE(rig.call(get()).has_value());
  const std::lock_guard lock(guarded.mutex);
  CHECK_THAT(guarded.seen.at(0), Contains("Impersonate-User: jane\r\n") &&
                                     Contains("Impersonate-Group: dev\r\n") &&
                                     Contains("Impersonate-Group: ops\r\n"));
}

namespace {

/// TLS files in a directory, and a clock that stands still.
struct Rotation {
  TemporaryDirectory directory;
  std::chrono::steady_clock::time_point now{1h};
  Authority authority{"first-ca"};
  Authority next{"second-ca"};

  [[nodiscard]] transport::TransportOptions options(std::uint16_t port) {
    auto made = tls_options(port, authority.pem());
    made.endpoint.ca_file = directory.write("ca.crt", authority.pem());
    made.clock = [this] { return now; };
    return made;
  }
  [[nodiscard]] static WireServer::Tls server(const Authority& issuer, std::string client_ca = {}) {
    return {issuer.issue({.common_name = "api", .names = {"IP:127.0.0.1"}}), std::move(client_ca)};
  }
};

}  // namespace

TEST_CASE("a CA file that has changed is trusted by new connections", "[transport]") {
  Rotation rotation;
  WireServer old_server(always(kOk), Rotation::server(rotation.authority));
  WireServer new_server(always(kOk), Rotation::server(rotation.next));
  SECTION("after a minute") {
    // The old server stays trusted so long as nobody looks.
    Shipped shipped(rotation.options(old_server.port()));
    REQUIRE(shipped.call(get()).has_value());
    rotation.directory.write("ca.crt", rotation.next.pem());
    rotation.now += 59s;
    REQUIRE(shipped.call(get()).has_value());
    CHECK(shipped.open(get()) == 200);
    rotation.now += 1s;
    const auto answer = shipped.call(get());
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().kind == ErrorKind::tls);
    CHECK(shipped.open(get()) == -1);
  }
  SECTION("at once when a handshake fails, and the request is sent again") {
    Shipped shipped(rotation.options(new_server.port()));
    const auto refused = shipped.call(send("POST", "{}"));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::tls);
    rotation.directory.write("ca.crt", rotation.next.pem());
    if (GENERATE(true, false)) {
      CHECK(shipped.call(send("POST", "{}")).has_value());
    } else {
      CHECK(shipped.open(get()) == 200);
    }
  }
}

TEST_CASE("TLS files that cannot be used leave the old ones in force", "[transport]") {
  Rotation rotation;
  WireServer server(always(kOk), Rotation::server(rotation.authority));
  Shipped shipped(rotation.options(server.port()));
  const auto file = rotation.directory / "ca.crt";
  SECTION("empty") { rotation.directory.write("ca.crt", ""); }
  SECTION("half written") {
    const auto pem = rotation.authority.pem();
    rotation.directory.write("ca.crt", pem.substr(0, pem.size() / 2));
  }
  SECTION("gone") { std::filesystem::remove(file); }
  SECTION("garbage") { rotation.directory.write("ca.crt", std::string(1000, '\0')); }
  SECTION("too large") { rotation.directory.write("ca.crt", std::string(4U << 20U, 'x')); }
  rotation.now += 1h;
  CHECK(shipped.open(get()) == 200);
  CHECK(shipped.call(get()).has_value());

  // It is looked at again soon, not only after another minute.
  rotation.directory.write("ca.crt", rotation.next.pem());
  rotation.now += 5s;
  CHECK(shipped.open(get()) == -1);
}

TEST_CASE("TestRotateShutsDownConnections", "[upstream][cert_rotation]") {
  Rotation rotation;
  std::atomic<int> open = 0;
  WireServer server(
      [&](WireConnection& connection) {
        ++open;
        always(kOk)(connection);
        --open;
      },
      Rotation::server(rotation.authority, rotation.next.pem()));
  const auto refused = rotation.authority.issue({.common_name = "old"});
  const auto first = rotation.next.issue({.common_name = "first"});
  const auto second = rotation.next.issue({.common_name = "second"});
  auto options = rotation.options(server.port());
  options.endpoint.client_cert_file = rotation.directory / "..data/tls.crt";
  options.endpoint.client_key_file = rotation.directory / "..data/tls.key";
  namespace fs = std::filesystem;
  const auto put = [&](const std::string& name, const Identity& certificate, const Identity& key) {
    rotation.directory.write(name + "/tls.crt", certificate.certificate_pem);
    rotation.directory.write(name + "/tls.key", key.key_pem);
    // As the kubelet does it.
    fs::create_directory_symlink(name, rotation.directory / "..data_tmp");
    fs::rename(rotation.directory / "..data_tmp", rotation.directory / "..data");
  };

  SECTION("a refusal by the server makes it look at once") {
    options.endpoint.client_cert_pem = refused.certificate_pem;
    options.endpoint.client_key_pem = refused.key_pem;
    put("..1", first, first);
    Shipped shipped(std::move(options));
    CHECK(shipped.call(send("POST", "{}")).has_value());
  }
  SECTION("kept connections") {
    options.endpoint.client_cert_pem = first.certificate_pem;
    options.endpoint.client_key_pem = first.key_pem;
    put("..1", first, first);
    Shipped shipped(std::move(options));
    for (int i = 0; i < 3; ++i) REQUIRE(shipped.call(get()).has_value());
    const int before = server.connections();

    // The certificate has come, its key has not.
    put("..2", second, first);
    rotation.now += 60s;
    REQUIRE(shipped.call(get()).has_value());
    CHECK(server.connections() == before);

    put("..3", second, second);
    rotation.now += 60s;
    REQUIRE(shipped.call(get()).has_value());
    CHECK(server.connections() == before + 1);
    for (int i = 0; i < 500 && open > 1; ++i) std::this_thread::sleep_for(10ms);
    CHECK(open == 1);
  }
}

TEST_CASE("TestTLSCredentials", "[upstream][exec_plugin]") {
  struct Plugin final : public transport::Authorizer {
    explicit Plugin(Identity first) : identity(std::move(first)) {}
    Task<Result<Credentials>> credentials(std::chrono::steady_clock::time_point) override {
      co_return Credentials{{}, identity.certificate_pem, identity.key_pem};
    }
    void rejected(const Credentials&) override {}

    Identity identity;
  };
  Rotation rotation;
  WireServer server(always(kOk), Rotation::server(rotation.authority, rotation.next.pem()));
  auto options = rotation.options(server.port());
  SECTION("accepted") {
    const auto valid = rotation.next.issue({.common_name = "me"});
    const auto plugin = std::make_shared<Plugin>(valid);
    options.authorize = plugin;
    Shipped shipped(std::move(options));
    CHECK(shipped.call(get()).has_value());
    CHECK(shipped.open(get()) == 200);
    plugin->identity = rotation.authority.issue({.common_name = "me"});  // untrusted
    CHECK_FALSE(shipped.call(get()).has_value());
    plugin->identity = valid;
    CHECK(shipped.call(get()).has_value());
  }
  SECTION("unusable") {
    auto identity = rotation.next.issue({.common_name = "me"});
    identity.key_pem = rotation.next.issue({.common_name = "other"}).key_pem;
    options.authorize = std::make_shared<Plugin>(identity);
    Shipped shipped(std::move(options));
    const auto answer = shipped.call(get());
    REQUIRE_FALSE(answer.has_value());
    CHECK_THAT(answer.error().message, Contains("do not match") && !Contains("PRIVATE"));
    CHECK(server.connections() == 0);
  }
}

namespace {

/// What a TCP option of our end of the connection to `port` is; -1 when there is no such
/// connection.
int option_of_connection_to(std::uint16_t port, int level, int option) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::stoi(entry.path().filename().string());
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) continue;
    int value = 0;
    socklen_t length = sizeof(value);
    if (::getsockopt(descriptor, level, option, &value, &length) == 0) return value;
  }
  return -1;
}

}  // namespace

TEST_CASE("a stream's peer that vanishes is noticed by TCP", "[transport]") {
  WireServer server([](WireConnection& connection) {
    if (connection.read_request()) {
      connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    connection.wait_until_closed();
  });
  Shipped shipped(plain_options(server.port()));
  const auto stream = run(shipped.loop, shipped.transport->open(get()));
  REQUIRE(stream.has_value());
  CHECK(option_of_connection_to(server.port(), SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option_of_connection_to(server.port(), IPPROTO_TCP, TCP_KEEPIDLE) == 15);
  CHECK(option_of_connection_to(server.port(), IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000);
}
