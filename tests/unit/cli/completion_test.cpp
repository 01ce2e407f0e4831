// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <catch2/catch.hpp>

#include "cli/options.h"

using namespace bso::cli;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

TEST_CASE("what may follow is told", "[cli][completion]") {
  CHECK(complete({}).words ==
        Words{"completion", "explain", "graph", "plan", "status", "version", "why"});
  CHECK(complete({"e"}).words == Words{"explain"});
  CHECK(complete({"explain", ""}).files);
  CHECK(complete({"explain", "file", ""}).files);
  CHECK(complete({"explain", "-"}).words == Words{"--output", "-o", "--help"});
  CHECK(complete({"explain", "-o", ""}).words == Words{"json", "table"});
  CHECK(complete({"p"}).words == Words{"plan"});
  CHECK(complete({"plan", ""}).files);
  CHECK(complete({"plan", ""}).words.empty());
  CHECK_FALSE(complete({"plan", "file", ""}).files);
  CHECK(complete({"plan", "--context", "a", ""}).files);
  CHECK(complete({"plan", "-o", ""}).words == Words{"json", "table", "yaml"});
  CHECK(complete({"plan", "-o", "y"}).words == Words{"yaml"});
  CHECK(complete({"plan", "--kubeconfig", ""}).files);
  CHECK_FALSE(complete({"plan", "--context", ""}).files);
  CHECK(complete({"plan", "--o"}).words == Words{"--output"});
  CHECK(complete({"plan", "--b"}).words == Words{"--bundle-namespace"});
  CHECK(complete({"status", "--b"}).words.empty());
  CHECK(complete({"status", ""}).plugin_names);
  CHECK_FALSE(complete({"status", "a", ""}).plugin_names);
  CHECK(complete({"why", ""}).pods_of == "");
  CHECK(complete({"graph", "-n", "shop", "w"}).pods_of == "shop");
  CHECK_FALSE(complete({"why", "--from", "dump.json", "w"}).pods_of);
  CHECK_FALSE(complete({"status", ""}).pods_of);
  CHECK(complete({"why", "--from", ""}).files);
  CHECK(complete({"why", "--n"}).words == Words{"--namespace", "--now"});
  CHECK(complete({"status", "--n"}).words.empty());
  CHECK(complete({"why", "-o", ""}).words == Words{"json", "text", "yaml"});
  CHECK(complete({"graph", "-o", ""}).words == Words{"dot", "svg", "text"});
  CHECK(complete({"completion", "z"}).words == Words{"zsh"});
  CHECK(complete({"version", ""}).words.empty());
  CHECK(complete({"unknown", "x", "y"}).words.empty());
}

TEST_CASE("the answer is in the form that kubectl reads", "[cli][completion]") {
  CHECK(completion_answer(complete({"p"})) == "plan\n:4\n");
  CHECK(completion_answer(complete({"plan", ""})) == ":0\n");
}

TEST_CASE("every shell gets a script that asks this program", "[cli][completion]") {
  for (const char* shell : {"bash", "zsh", "fish", "kubectl"}) {
    CHECK(completion_script(shell).find("kubectl-blockstorage __complete") != std::string::npos);
  }
}

TEST_CASE("time-outs are read as kubectl reads them", "[cli]") {
  CHECK(parse_timeout("30") == std::optional<std::chrono::milliseconds>(30s));
  CHECK(parse_timeout("2m") == std::optional<std::chrono::milliseconds>(2min));
  CHECK(parse_timeout("1h") == std::optional<std::chrono::milliseconds>(1h));
  CHECK(parse_timeout("500ms") == std::optional<std::chrono::milliseconds>(500ms));
  REQUIRE(parse_timeout("0"));
  CHECK_FALSE(*parse_timeout("0"));
  for (const char* text : {"", "s", "-1", "1d", "1s5", "25h", "999999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(parse_timeout(text));
  }
}

TEST_CASE("the command line", "[cli]") {
  const auto parse = [](const std::vector<const char*>& words) {
    std::vector<const char*> line{"kubectl-blockstorage"};
    for (const char* word : words) line.push_back(word);
    return parse_options(static_cast<int>(line.size()), line.data());
  };
  auto parsed = parse({"plan", "-", "-o", "yaml", "--request-timeout", "5s", "-v=6", "--as", "x"});
  REQUIRE_FALSE(parsed.exit_code);
  CHECK(parsed.options.command == Command::plan);
  CHECK(parsed.options.file == "-");
  CHECK(parsed.options.output == Output::yaml);
  CHECK(parsed.options.request_timeout == 5s);
  CHECK(parsed.options.verbosity == 6);
  CHECK(parsed.options.as == "x");
  CHECK(parse({"plan", "-f", "file"}).options.file == "file");
  CHECK(parse({"status"}).options.command == Command::status);
  CHECK(parse({"status", "a"}).options.name == "a");
  CHECK(parse({"version"}).options.command == Command::version);
  parsed = parse({"why", "--from", "a.json", "shop/web-0", "--from", "-", "-o", "yaml", "--now",
                  "2026-05-04T03:12:09Z"});
  CHECK(parsed.options.command == Command::why);
  CHECK(parsed.options.look.pod == "shop/web-0");
  CHECK(parsed.options.look.from == Words{"a.json", "-"});
  CHECK(parsed.options.look.form == LookOptions::Form::yaml);
  CHECK(parsed.options.look.now.has_value());
  parsed = parse({"graph", "-A", "-o", "dot", "--context", "x"});
  CHECK(parsed.options.command == Command::graph);
  CHECK(parsed.options.look.all_namespaces);
  CHECK(parse({"explain"}).options.command == Command::explain);
  CHECK(parse({"explain", "a", "-", "-o", "json"}).options.files ==
        std::vector<std::string>{"a", "-"});
  CHECK(parse({"completion", "bash"}).options.shell == "bash");
  for (const auto& wrong :
       std::vector<std::vector<const char*>>{{},
                                             {"plan"},
                                             {"unknown"},
                                             {"plan", "a", "-o", "xml"},
                                             {"why", "-o", "svg"},
                                             {"graph", "-o", "json"},
                                             {"why", "a", "b"},
                                             {"why", "--now", "soon"},
                                             {"explain", "a", "-o", "yaml"},
                                             {"explain", "--kubeconfig", "x"},
                                             {"completion", "tcsh"},
                                             {"plan", "a", "--request-timeout", "soon"}}) {
    CHECK(parse(wrong).exit_code == exit_error);
  }
  CHECK(parse({"--help"}).exit_code == exit_ok);
}

TEST_CASE("Where to look follows from all options", "[cli]") {
  std::string problem;
  LookOptions options;
  const auto scope = [&](const std::string& default_ns) {
    problem.clear();
    const auto found = scope_of(options, default_ns, problem);
    CHECK(found.has_value() == problem.empty());
    return found ? found->ns + "|" + found->pod : "wrong";
  };
  CHECK(scope("mine") == "mine|");
  options.pod = "web-0";
  CHECK(scope("mine") == "mine|web-0");
  options.pod = "shop/web-0";
  CHECK(scope("mine") == "shop|web-0");
  options.ns = "shop";
  CHECK(scope("mine") == "shop|web-0");
  options.ns = "other";
  CHECK(scope("mine") == "wrong");
  for (const char* pod : {"/", "shop/", "/web-0", "a/b/c"}) {
    options = {};
    options.pod = pod;
    CHECK(scope("mine") == "wrong");
  }
  options = {};
  options.all_namespaces = true;
  CHECK(scope("mine") == "|");
  options.pod = "web-0";
  CHECK(scope("mine") == "wrong");
  options.from = {"-"};
  CHECK(scope("") == "|web-0");
  options.ns = "shop";
  CHECK(scope("") == "wrong");
  options = {};
  options.now = bso::WallTime{};
  CHECK(scope("mine") == "wrong");
}
