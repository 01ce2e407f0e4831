// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "integration/world.h"
#include "support/kubeconfig.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

Finished run_operator(Arguments arguments) {
  Process::Options options;
  options.argv = {operator_program()};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent"}};
  return run(std::move(options), kPatience);
}

std::string good_kubeconfig() {
  return make_kubeconfig({.server = "https://127.0.0.1:1", .ca_pem = "", .token = "t"});
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct BadKubeconfig {
  const char* what;
  std::string text;
  std::vector<std::string> said;  ///< beside the file's name
};

std::vector<BadKubeconfig> bad_kubeconfigs() {
  return {
      {"not YAML", "clusters: [unclosed\n  - : : :", {"line 2"}},
      {"not a kubeconfig", "just a text\n", {}},
      {"no current context",
       replaced(good_kubeconfig(), "current-context: test\n", ""),
       {"current-context"}},
      {"a context that is not there",
       replaced(good_kubeconfig(), "current-context: test", "current-context: prod"),
       {"prod", "context"}},
      {"a cluster that is not there",
       replaced(good_kubeconfig(), "cluster: test\n    user", "cluster: other\n    user"),
       {"other", "cluster"}},
      {"bad base64",
       replaced(good_kubeconfig(),
                "certificate-authority-data: ", "certificate-authority-data: \"%%%%\" # "),
       {"certificate-authority-data", "base64"}},
      {"base64 of something that is no certificate",
       replaced(good_kubeconfig(),
                "certificate-authority-data: ", "certificate-authority-data: aGVsbG8= # "),
       {"certificate"}},
      {"a server that is no URL",
       replaced(good_kubeconfig(), "server: https://127.0.0.1:1", "server: 127.0.0.1:1"),
       {"server"}},
  };
}

}  // namespace

TEST_CASE("help and version end well", "[startup]") {
  const auto help = run_operator({"--help"});
  CHECK(help.status.code == 0);
  CHECK_THAT(help.output,
             Contains("--kubeconfig") && Contains("--listen-port") && Contains("Exit status"));
  const auto version = run_operator({"--version"});
  CHECK(version.status.code == 0);
  CHECK_THAT(version.output, Catch::Matchers::Matches("[0-9]+\\.[0-9]+\\.[0-9]+\\s*"));
}

TEST_CASE("wrong usage ends with 2 and names the option", "[startup]") {
  const auto unknown = run_operator({"--no-such-option"});
  CHECK(unknown.status.code == 2);
  CHECK_THAT(unknown.errors, Contains("--no-such-option"));
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
           {"--listen-port", "many"}, {"--listen-port", "70000"}, {"--log-level", "loud"}}) {
    const auto done = run_operator({option, value});
    INFO(option << " " << value << ": " << done.errors);
    CHECK(done.status.code == 2);
    CHECK_THAT(done.errors, Contains(option));
  }
}

TEST_CASE("an unusable kubeconfig ends with 3 and one line that names file and field",
          "[startup]") {
  const TemporaryDirectory directory;
  const auto path = directory.file("the-kubeconfig");
  for (const auto& bad : bad_kubeconfigs()) {
    write_file(path, bad.text);
    const auto done = run_operator({"--listen-port", "0", "--kubeconfig", path});
    INFO(bad.what << ": " << done.errors);
    CHECK(done.status.code == 3);
    CHECK_THAT(done.errors, Contains("the-kubeconfig"));
    for (const auto& text : bad.said) CHECK_THAT(done.errors, Contains(text));
    CHECK(std::count(done.errors.begin(), done.errors.end(), '\n') == 1);
  }
  const auto missing = run_operator({"--kubeconfig", directory.file("nowhere")});
  INFO(missing.errors);
  CHECK(missing.status.code == 3);
  CHECK_THAT(missing.errors, Contains("nowhere"));
  const auto none = run_operator({});
  INFO(none.errors);
  CHECK(none.status.code == 3);
  CHECK_THAT(none.errors, Contains("kubeconfig"));
}

TEST_CASE("a port that is taken ends with 5", "[startup][own]") {
  OperatorProcess first(operator_options());
  auto options = operator_options();
  options.port = first.port();
  OperatorProcess second(options);
  CHECK(second.process().wait(kPatience).code == 5);
  CHECK_THAT(second.log(), Contains("--listen-port " + options.port));
}

TEST_CASE("a server that must not be trusted ends with 4", "[startup][own]") {
  const TemporaryDirectory directory;
  write_file(directory.file("kubeconfig"),
             make_kubeconfig({.server = world().plane.setting("BSO_URL"),
                              .ca_pem = make_strange_ca(directory.path()),
                              .token = world().plane.setting("BSO_TOKEN_ADMIN")}));
  OperatorProcess op(operator_options(directory.file("kubeconfig")));
  CHECK(op.process().wait(kPatience).code == 4);
  CHECK_THAT(op.log(), Contains("not trusted") && Contains(directory.file("kubeconfig")));
}

TEST_CASE("SIGTERM ends it with 0 while watches are open", "[startup][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  CHECK(op.stop(5s).code == 0);
  OperatorProcess early(operator_options());
  (void)early.port();
  CHECK(early.stop(5s).code == 0);
}

TEST_CASE("SIGTERM ends it with 0 while it waits for a server", "[startup]") {
  const TemporaryDirectory directory;
  write_file(directory.file("kubeconfig"),
             make_kubeconfig({.server = "https://127.0.0.1:1",
                              .ca_pem = make_strange_ca(directory.path()),
                              .token = "t"}));
  OperatorProcess op(operator_options(directory.file("kubeconfig")));
  op.wait_log({"cannot be reached, trying again", "kubeconfig"});
  CHECK(op.ask("/healthz").status == 200);
  CHECK(op.ask("/readyz").status == 503);
  CHECK(op.stop(5s).code == 0);
}
