// SPDX-License-Identifier: Apache-2.0
// Credential plug-ins; the cases of client-go's plugin/pkg/client/auth/exec/exec_test.go under
// their names. The plug-ins are shell scripts.
#include <filesystem>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kube/exec_authorizer.h"
#include "kube/exec_credential.h"
#include "unit/kube/config_fixture.h"
#include "unit/run_task.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::kube;
using namespace bso::test;
using Catch::Matchers::Contains;
using transport::Credentials;

namespace {

const std::string beta = "client.authentication.k8s.io/v1beta1";

std::string printed(const std::string& status, const std::string& version = beta) {
  return fmt::format(R"({{"kind":"ExecCredential","apiVersion":"{}","status":{{{}}}}})", version,
                     status);
}

/// A plug-in that runs in this process: what it prints is set by the test.
struct Fake {
  boost::asio::io_context loop;
  ExecPlugin plugin;
  std::string output = printed(R"("token":"foo-bar")");
  std::optional<Error> failure;
  WallTime now = *from_rfc3339("2026-01-01T00:00:00Z");
  bool terminal = false;
  int runs = 0;
  ChildCommand last;
  std::shared_ptr<transport::Authorizer> authorizer;

  Fake() {
    plugin.api_version = beta;
    plugin.command = "plugin";
    plugin.install_hint = "some install hint";
  }

  static Task<Result<std::string>> answer(Fake* self, ChildCommand command) {
    ++self->runs;
    self->last = std::move(command);
    // Takes a turn of the loop, as a process would.
    boost::asio::steady_timer turn(self->loop, 1ms);
    boost::system::error_code ignored;
    co_await turn.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    if (self->failure) co_return fail(*self->failure);
    co_return self->output;
  }

  Result<Credentials> ask() {
    if (!authorizer) {
      ExecSurroundings surroundings;
      surroundings.run = [this](ChildCommand command) { return answer(this, std::move(command)); };
      surroundings.now = [this] { return now; };
      surroundings.is_terminal = [this] { return terminal; };
      authorizer = make_exec_authorizer(plugin, "/etc/kc", surroundings);
    }
    return run(loop, authorizer->credentials(std::chrono::steady_clock::now() + 10s));
  }
  std::string token() {
    const auto found = ask();
    if (!found) return "error: " + found.error().message;
    return found->headers.empty() ? "no header" : found->headers.front().value;
  }
  [[nodiscard]] nlohmann::json info() const {
    for (const auto& [name, value] : last.env) {
      if (name == "KUBERNETES_EXEC_INFO") return nlohmann::json::parse(value);
    }
    return nullptr;
  }
};

ChildCommand shell(const std::string& script) {
  ChildCommand command;
  command.program = "sh";
  command.args = {"-c", script};
  command.timeout = 20s;
  return command;
}

Result<std::string> run_shell(ChildCommand command) {
  boost::asio::io_context loop;
  return run(loop, run_child(std::move(command)));
}

}  // namespace

TEST_CASE("TestRefreshCreds", "[upstream][exec_plugin]") {
  Fake fake;
  SECTION("beta-with-TLS-credentials") {
    fake.output =
        printed(fmt::format(R"("clientKeyData":{},"clientCertificateData":{})",
                            nlohmann::json(key_pem).dump(), nlohmann::json(cert_pem).dump()));
    const auto found = fake.ask();
    REQUIRE(found);
    CHECK(found->headers.empty());
    CHECK(found->client_cert_pem == cert_pem);
    CHECK(found->client_key_pem == key_pem);
    CHECK(fake.info() == nlohmann::json::parse(R"({"kind":"ExecCredential","apiVersion":")" + beta +
                                               R"(","spec":{"interactive":false}})"));
  }
  SECTION("beta-with-bad-TLS-credentials") {
    fake.output = printed(R"("clientKeyData":"SECRET","clientCertificateData":"SECRET")");
    CHECK_THAT(fake.token(),
               Contains("no PEM block in its answer's status") && !Contains("SECRET"));
  }
  SECTION("beta-cert-but-no-key") {
    fake.output =
        printed(fmt::format(R"("clientCertificateData":{})", nlohmann::json(cert_pem).dump()));
    CHECK_THAT(fake.token(), Contains("only one of certificate and key"));
  }
  SECTION("beta-basic-request") { CHECK(fake.token() == "Bearer foo-bar"); }
  SECTION("beta-basic-request-with-never-interactive-mode, even on a terminal") {
    fake.plugin.interactive = ExecPlugin::Interactive::never;
    fake.terminal = true;
    CHECK(fake.token() == "Bearer foo-bar");
    CHECK(fake.info()["spec"]["interactive"] == false);
    CHECK_FALSE(fake.last.interactive);
  }
  SECTION("beta-basic-request-with-if-available-interactive-mode-and-terminal") {
    fake.terminal = true;
    CHECK(fake.token() == "Bearer foo-bar");
    CHECK(fake.info()["spec"]["interactive"] == true);
    CHECK(fake.last.interactive);
  }
  SECTION("beta-basic-request-with-always-interactive-mode") {
    fake.plugin.interactive = ExecPlugin::Interactive::always;
    CHECK_THAT(fake.token(), Contains("standard input is no terminal"));
    CHECK(fake.runs == 0);
  }
  SECTION("beta-basic-request-with-always-interactive-mode-and-terminal") {
    fake.plugin.interactive = ExecPlugin::Interactive::always;
    fake.terminal = true;
    CHECK(fake.token() == "Bearer foo-bar");
  }
  SECTION("beta-no-group-version") {
    fake.output = R"({"kind":"ExecCredential","status":{"token":"SECRET"}})";
    CHECK_THAT(fake.token(), Contains("another version of ExecCredential") && !Contains("SECRET"));
  }
  SECTION("another version") {
    fake.output = printed(R"("token":"SECRET")", "client.authentication.k8s.io/v1");
    CHECK_THAT(fake.token(), Contains("another version") && !Contains("SECRET"));
  }
  SECTION("beta-no-status") {
    fake.output = R"({"kind":"ExecCredential","apiVersion":")" + beta + R"("})";
    CHECK_THAT(fake.token(), Contains("its answer has no status"));
  }
  SECTION("beta-no-token") {
    fake.output = printed("");
    CHECK_THAT(fake.token(), Contains("neither a token nor a certificate"));
  }
  SECTION("beta-with-cluster-and-provide-cluster-info-is-serialized") {
    fake.plugin.cluster_info = R"({"server":"foo","config":{"spec":{"audience":"snorlax"}}})";
    CHECK(fake.token() == "Bearer foo-bar");
    CHECK(fake.info()["spec"]["cluster"]["config"]["spec"]["audience"] == "snorlax");
  }
  SECTION("v1-basic-request") {
    fake.plugin.api_version = "client.authentication.k8s.io/v1";
    fake.output = printed(R"("token":"foo-bar")", fake.plugin.api_version);
    CHECK(fake.token() == "Bearer foo-bar");
  }
  SECTION("answers that make no sense") {
    const auto bad =
        GENERATE(as<std::string>{}, "", " \n", "SECRET", "[]", R"({"kind":"SECRET"})",
                 "{\"SECRET\":", printed(R"("token":7)"), printed(R"("token":"SEC RET")"),
                 printed(R"("token":"SECRET\r\nX: y")"),
                 printed(R"("token":"SECRET","expirationTimestamp":"soon")"));
    CAPTURE(bad);
    fake.output = bad;
    CHECK_THAT(fake.token(),
               Catch::StartsWith("error: credential plug-in plugin (exec in /etc/kc)") &&
                   !Contains("SECRET") && !Contains("RET"));
  }
}

TEST_CASE("TestRefreshCreds of real programs", "[upstream][exec_plugin]") {
  Fake fake;
  const auto real = [&](const ExecPlugin& plugin) {
    ExecSurroundings surroundings = surroundings_of_process();
    surroundings.is_terminal = [] { return false; };
    fake.authorizer = make_exec_authorizer(plugin, "/etc/kc", surroundings);
  };
  SECTION("unknown-binary") {
    fake.plugin.command = "does not exist";
    real(fake.plugin);
    CHECK_THAT(fake.token(), Contains("cannot start does not exist: No such file or directory; "
                                      "some install hint"));
  }
  SECTION("binary-fails") {
    fake.plugin.command = "sh";
    fake.plugin.args = {"-c", "echo 'not logged in' >&2; exit 73"};
    real(fake.plugin);
    CHECK_THAT(fake.token(), Contains("failed with exit code 73; it wrote: not logged in") &&
                                 !Contains("install hint"));
  }
  SECTION("it gets its arguments and its environment") {
    const TemporaryDirectory directory;
    const auto script =
        directory.write("plugin.sh",
                        "#!/bin/sh\n[ \"$1 $2\" = 'a b c' ] || exit 1\n"
                        "case $KUBERNETES_EXEC_INFO in *v1beta1*) ;; *) exit 2;; esac\n"
                        "echo \"$ANSWER\"\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    fake.plugin.command = script;
    fake.plugin.args = {"a", "b c"};
    fake.plugin.env = {{"ANSWER", fake.output}};
    real(fake.plugin);
    CHECK(fake.token() == "Bearer foo-bar");
  }
}

TEST_CASE("TestRoundTripper", "[upstream][exec_plugin]") {
  Fake fake;
  fake.output = printed(R"("token":"token1")");
  CHECK(fake.token() == "Bearer token1");
  fake.output = printed(R"("token":"token2")");
  CHECK(fake.token() == "Bearer token1");  // kept
  const auto used = fake.ask();
  fake.authorizer->rejected(*used);
  CHECK(fake.token() == "Bearer token2");
  // A late refusal of the old one changes nothing.
  fake.authorizer->rejected(*used);
  fake.output = printed(R"("token":"token3","expirationTimestamp":"2026-01-01T01:00:00Z")");
  CHECK(fake.token() == "Bearer token2");
  fake.authorizer->rejected(*fake.ask());
  CHECK(fake.token() == "Bearer token3");
  CHECK(fake.runs == 3);

  fake.output = printed(R"("token":"token4","expirationTimestamp":"2026-01-01T02:00:00Z")");
  fake.now = *from_rfc3339("2026-01-01T00:59:49Z");
  CHECK(fake.token() == "Bearer token3");
  fake.now = *from_rfc3339("2026-01-01T00:59:50Z");  // 10 s before
  CHECK(fake.token() == "Bearer token4");
}

TEST_CASE("TestAuthorizationHeaderPresentCancelsExecAction", "[upstream][exec_plugin]") {
  ClientConfig config;
  config.exec.emplace();
  config.exec->api_version = beta;
  config.exec->command = "/does/not/exist";
  std::string expected;
  SECTION("bearer token") {
    config.token = "token1f";
    expected = "Bearer token1f";
  }
  SECTION("basic auth") {
    config.username = "marshmallow";
    config.password = "zelda";
    expected = "Basic bWFyc2htYWxsb3c6emVsZGE=";
  }
  SECTION("cert auth") { config.endpoint.client_cert_pem = cert_pem; }
  boost::asio::io_context loop;
  const auto found =
      run(loop, make_authorizer(config)->credentials(std::chrono::steady_clock::now() + 5s));
  REQUIRE(found);
  CHECK((found->headers.empty() ? "" : found->headers.front().value) == expected);
}

TEST_CASE("TestConcurrentUpdateTransportConfig: requests that wait share one run",
          "[upstream][exec_plugin]") {
  Fake fake;
  REQUIRE(fake.ask());
  fake.authorizer->rejected(*fake.ask());
  int right = 0;
  for (int i = 0; i < 50; ++i) {
    boost::asio::co_spawn(
        Executor(fake.loop.get_executor()),
        fake.authorizer->credentials(std::chrono::steady_clock::now() + 10s),
        [&](std::exception_ptr, Result<Credentials> found) { right += found.has_value() ? 1 : 0; });
  }
  fake.loop.restart();
  fake.loop.run();
  CHECK(right == 50);
  CHECK(fake.runs == 2);
}

TEST_CASE("a plug-in that fails is told, and tried again for the next request", "[kube][exec]") {
  Fake fake;
  fake.failure.emplace();
  fake.failure->kind = ErrorKind::io;
  fake.failure->message = "it broke";
  CHECK(fake.token() == "error: credential plug-in plugin (exec in /etc/kc): it broke");
  fake.failure.reset();
  CHECK(fake.token() == "Bearer foo-bar");
}

TEST_CASE("a request does not wait for a plug-in beyond its deadline", "[kube][exec]") {
  Fake fake;
  REQUIRE(fake.ask());
  fake.authorizer->rejected(*fake.ask());
  const auto late =
      run(fake.loop, fake.authorizer->credentials(std::chrono::steady_clock::now() - 1s));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().kind == ErrorKind::timeout);
  CHECK_FALSE(late.error().may_have_executed);
  // The run went on, and what it found is for the next.
  CHECK(fake.token() == "Bearer foo-bar");
  CHECK(fake.runs == 2);
}

TEST_CASE("a program's output, bounded in size and time", "[kube][exec]") {
  SECTION("all of it") {
    const auto output = run_shell(shell("head -c 1048576 /dev/zero | tr '\\0' x"));
    REQUIRE(output);
    CHECK(output->size() == 1U << 20U);
  }
  SECTION("too much") {
    const auto output = run_shell(shell("echo SECRET >&2; yes"));
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().message == "sh printed more than 1048576 bytes");
  }
  SECTION("too late, its children too") {
    auto command = shell("echo 'please wait' >&2; sleep 60 & sleep 60; wait");
    command.timeout = 200ms;
    const auto begin = std::chrono::steady_clock::now();
    const auto output = run_shell(std::move(command));
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().kind == ErrorKind::timeout);
    CHECK_THAT(output.error().message, Contains("did not end") && Contains("please wait"));
    CHECK(std::chrono::steady_clock::now() - begin < 30s);
  }
  SECTION("a helper that it leaves behind is not waited for") {
    const auto begin = std::chrono::steady_clock::now();
    const auto output = run_shell(shell("sleep 60 & echo done"));
    REQUIRE(output);
    CHECK(*output == "done\n");
    CHECK(std::chrono::steady_clock::now() - begin < 30s);
  }
  SECTION("killed") {
    const auto output = run_shell(shell("kill -9 $$"));
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().message == "sh was ended by signal 9");
  }
  SECTION("what it complains of is one printable, bounded line") {
    const auto output = run_shell(shell(
        "printf 'a\\033[1mb\\n\\ttoken: Bearer SECRET c' >&2; yes d | head -c 9999 >&2; exit 1"));
    REQUIRE_FALSE(output.has_value());
    CHECK_THAT(output.error().message,
               Contains("it wrote: a [1mb token: Bearer (left out) cd d d") &&
                   !Contains("SECRET") && !Contains("\n"));
    CHECK(output.error().message.size() < 700);
  }
  SECTION("no descriptor of ours, and no input") {
    const auto output = run_shell(shell("cat; ls /proc/self/fd | wc -l"));
    REQUIRE(output);
    CHECK(*output == "4\n");  // 0, 1, 2 and the directory that ls reads
  }
  SECTION("no such program, and what is none") {
    auto command = shell("");
    command.program = GENERATE("/does/not/exist", "/etc/passwd", "/etc");
    const auto output = run_shell(std::move(command));
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().kind == ErrorKind::invalid_input);
    CHECK_THAT(output.error().message, Catch::StartsWith("cannot start /"));
  }
}
