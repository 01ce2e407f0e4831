// SPDX-License-Identifier: Apache-2.0
// The program on the dumps of examples/dumps, whose README.md is the expectation: each command
// there is run, and prints what stands below it.
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "base/file.h"

namespace {

const std::string kDumps = BSO_SOURCE_DIR "/examples/dumps";

struct Ran {
  std::string output;
  int status = -1;
};

/// `arguments` stand behind the program's name in a shell's command line, in the folder of the
/// dumps.
Ran run(const std::string& arguments) {
  const auto line = fmt::format("cd '{}' && KUBECONFIG=/nonexistent '{}' {}", kDumps,
                                BSO_KUBECTL_PLUGIN, arguments);
  Ran ran;
  std::FILE* pipe = popen(line.c_str(), "re");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  while (const auto got = std::fread(part.data(), 1, part.size(), pipe)) {
    ran.output.append(part.data(), got);
  }
  const int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

struct Example {
  std::string arguments;
  std::string output;
};

/// The indented blocks that begin with "$ kubectl blockstorage ".
std::vector<Example> examples() {
  const auto text = bso::read_file(kDumps + "/README.md");
  REQUIRE(text);
  const std::string indent = "    ";
  const std::string prompt = indent + "$ kubectl blockstorage ";
  std::vector<Example> found;
  bool inside = false;
  for (std::size_t at = 0; at < text->size();) {
    const auto end = std::min(text->find('\n', at), text->size());
    const auto line = text->substr(at, end - at);
    at = end + 1;
    if (line.starts_with(prompt)) {
      found.push_back({line.substr(prompt.size()), ""});
      inside = true;
    } else if (inside && (line.starts_with(indent) || line.empty())) {
      found.back().output += line.empty() ? "\n" : line.substr(indent.size()) + "\n";
    } else {
      inside = false;
    }
  }
  // The empty line before the next paragraph.
  for (auto& example : found) {
    while (example.output.ends_with("\n\n")) example.output.pop_back();
  }
  return found;
}

}  // namespace

TEST_CASE("The dumps' README tells what the program prints", "[cli][dumps]") {
  const auto all = examples();
  CHECK(all.size() >= 6);
  for (const auto& example : all) {
    INFO(example.arguments);
    const auto ran = run(example.arguments);
    CHECK(ran.output == example.output);
  }
}

TEST_CASE("The exit status tells whether somebody is blocked", "[cli][dumps]") {
  struct Row {
    const char* arguments;
    int status;
  };
  for (const auto& [arguments, status] :
       std::vector<Row>{{"why --from ibmc-block.json", 2},
                        {"why --from gke-pd.json", 0},
                        {"why --from rollout-deadlock.yaml", 2},
                        {"why default/dep3pod-blk-6d7f5b8c49-6d7bw --from ibmc-block.json", 0},
                        {"why -n default --from ibmc-block.json", 2},
                        {"why -n other --from ibmc-block.json", 0},
                        {"why --from - < ibmc-block.json", 2},
                        {"why --from ibmc-block.json --from gke-pd.json", 2},
                        {"why nobody --from ibmc-block.json 2>&1", 1},
                        {"why --from nothing.json 2>&1", 1},
                        {"why -A -n x --from ibmc-block.json 2>&1", 1},
                        {"why --now 2019-07-21T10:00:00Z 2>&1", 1},
                        {"why --from README.md 2>&1", 1},
                        {"graph --from ibmc-block.json", 0},
                        {"graph --from ibmc-block.json -o dot", 0}}) {
    INFO(arguments);
    CHECK(run(arguments).status == status);
  }
}

TEST_CASE("For programs the answer is JSON or YAML and always the same", "[cli][dumps]") {
  const auto first = run("why --from ibmc-block.json -o json");
  CHECK(first.output == run("why --from ibmc-block.json -o json").output);
  const auto document = nlohmann::json::parse(first.output);
  REQUIRE(document.at("pods").size() == 2);
  for (const auto& pod : document.at("pods")) {
    CHECK(pod.at("blocked") == true);
    CHECK(pod.at("detail").at("cause") == "ReplicasShareSinglePodVolume");
    CHECK(pod.at("detail").at("confidence") == "Proven");
    CHECK(pod.at("detail").at("holders").at(0).at("pod") == "dep3pod-blk-6d7f5b8c49-6d7bw");
  }
  CHECK(document.at("warnings").empty());
  CHECK(run("why --from ibmc-block.json -o yaml").output.starts_with("now: "));
}

TEST_CASE("Without Graphviz the error says what to install", "[cli][dumps]") {
  const auto ran = run("graph --from gke-pd.json -o svg 2>&1");
  if (ran.status == 0) {
    CHECK(ran.output.find("<svg") != std::string::npos);
  } else {
    CHECK(ran.status == 1);
    CHECK(ran.output.find("needs Graphviz") != std::string::npos);
  }
}
