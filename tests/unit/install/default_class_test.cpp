// SPDX-License-Identifier: Apache-2.0
#include "install/default_class.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

constexpr const char* kMarkKey = "storageclass.kubernetes.io/is-default-class";

ClassView view(std::string name, bool marked) {
  return {.name = std::move(name),
          .uid = "u",
          .resource_version = "5",
          .terminating = false,
          .marks = marked ? std::vector<std::string>{kMarkKey} : std::vector<std::string>{}};
}

std::string brief_of(const std::optional<MarkStep>& step) {
  return step ? fmt::format("{}{}", step->mark ? "+" : "-", step->target.name) : "";
}

}  // namespace

TEST_CASE("which mark is written next", "[row-9][row-E]") {
  struct Row {
    DefaultMode mode;
    std::string name;
    std::string marked;  // of gold, silver, file
    bool ours;
    std::string step;
  };
  const auto preserve = DefaultMode::preserve;
  const auto enforce = DefaultMode::enforce;
  for (const Row& row : std::vector<Row>{
           {preserve, "gold", "", true, "+gold"},
           {preserve, "gold", "file", true, ""},
           {preserve, "gold", "gold", true, ""},
           {preserve, "gold", "gold file", true, ""},
           {preserve, "gold", "", false, ""},
           {preserve, "", "", true, ""},
           {preserve, "absent", "", true, ""},
           {enforce, "gold", "", true, "+gold"},
           // First ours, then theirs: a claim in between is refused, not forgotten.
           {enforce, "gold", "file", true, "+gold"},
           {enforce, "gold", "gold file", true, "-file"},
           {enforce, "gold", "gold", true, ""},
           {enforce, "gold", "file", false, ""},
           {enforce, "absent", "file", true, ""},
           {DefaultMode::never, "gold", "", true, ""},
           {DefaultMode::never, "gold", "silver file", true, ""},
       }) {
    INFO(static_cast<int>(row.mode) << " " << row.name << " marked: " << row.marked);
    std::vector<ClassView> classes;
    for (const char* name : {"gold", "silver", "file"}) {
      classes.push_back(view(name, row.marked.find(name) != std::string::npos));
    }
    const DefaultClass wanted{.mode = row.mode, .name = row.name};
    CHECK(brief_of(next_mark(
              {.wanted = wanted, .classes = classes, .ours = row.ours, .counts = {}})) == row.step);
  }
}

TEST_CASE("nobody is fought over the default class", "[row-9][row-E]") {
  const std::vector<ClassView> classes{view("gold", true), view("file", true), view("x", true)};
  const DefaultClass wanted{.mode = DefaultMode::enforce, .name = "gold"};
  std::vector<MarkCount> counts;
  for (int i = 0; i < 3; ++i) {
    CHECK(brief_of(next_mark({wanted, classes, true, counts})) == "-file");
    CHECK(default_obstacle({wanted, classes, true, counts}).empty());
    count_mark(counts, "file");
  }
  // The others go on being cared for.
  CHECK(brief_of(next_mark({wanted, classes, true, counts})) == "-x");
  const std::string said = default_obstacle({wanted, classes, true, counts});
  CHECK(said.find("file was taken away 3 times") != std::string::npos);
  // Counts are of one generation of the spec.
  json document = plugin();
  document["status"]["defaultClass"] = mark_counts_json(counts, document);
  CHECK(read_mark_counts(document).front().times == 3);
  document["metadata"]["generation"] = 4;
  CHECK(read_mark_counts(document).empty());
}

TEST_CASE("a mark is written without touching anything else", "[row-9]") {
  const json live = {
      {"metadata",
       {{"name", "gold"},
        {"uid", "u"},
        {"resourceVersion", "5"},
        {"annotations",
         {{kMarkKey, "true"}, {"storageclass.beta.kubernetes.io/is-default-class", "true"}}}}}};
  const ClassView seen = view_class(live);
  CHECK(seen.marks.size() == 2);
  const json taken = *mark_patch({.target = seen, .mark = false});
  CHECK(taken["metadata"].size() == 3);
  CHECK(taken["metadata"]["resourceVersion"] == "5");
  json after = live;
  after.merge_patch(taken);
  CHECK_FALSE(view_class(after).is_default());
  after.merge_patch(*mark_patch({.target = view_class(after), .mark = true}));
  CHECK(view_class(after).is_default());
  CHECK_FALSE(view_class(json::parse("[]")).is_default());
}

TEST_CASE("the condition tells about the default class", "[row-9][row-E]") {
  struct Row {
    std::string settings;
    std::vector<ClassView> classes;
    std::string verdict;
    std::string words;
  };
  for (const Row& row : std::vector<Row>{
           {R"({})", {view("a", false)}, "True AsExpected", "8 of 8"},
           {R"({})", {view("a", true), view("b", true)}, "False MultipleDefaults", "a, b are"},
           {R"({"mode": "Never"})",
            {view("a", true), view("b", true)},
            "False MultipleDefaults",
            "Take the mark from all but one"},
           {R"({"className": "ibmc-block-gold"})",
            {view("ibmc-block-gold", false), view("b", true)},
            "True DefaultPreserved",
            "b is the cluster's default class"},
           {R"({"className": "ibmc-block-gold"})",
            {view("ibmc-block-gold", true)},
            "True AsExpected",
            "as asked for"},
           {R"({"className": "ibmc-block-gold"})",
            {view("ibmc-block-gold", false)},
            "False Deploying",
            "ibmc-block-gold is to become"},
       }) {
    Scene scene;
    scene.document = plugin({{"storageClasses", {{"default", json::parse(row.settings)}}}});
    scene.classes.cluster = row.classes;
    const json status = scene.status();
    INFO(row.settings);
    CHECK(brief(status, "StorageClassesReady") == row.verdict);
    const auto message = condition(status, "StorageClassesReady")["message"].get<std::string>();
    INFO(message);
    CHECK(message.find(row.words) != std::string::npos);
  }
}
