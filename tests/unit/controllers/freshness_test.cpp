// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/freshness.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace bso;
using nlohmann::json;

namespace {

json object(const std::string& name, const std::string& version) {
  return {{"metadata", {{"name", name}, {"resourceVersion", version}}}};
}

}  // namespace

TEST_CASE("a store is as new as a list when it shows all of it, as new, and no more") {
  struct Row {
    const char* what;
    std::vector<json> seen;
    std::vector<json> live;
    bool as_new;
  };
  const auto row = GENERATE(values<Row>({
      {"both empty", {}, {}, true},
      {"the same",
       {object("a", "9"), object("b", "10")},
       {object("a", "9"), object("b", "10")},
       true},
      {"newer", {object("a", "10")}, {object("a", "9")}, true},
      {"older, though its text is greater", {object("a", "9")}, {object("a", "10")}, false},
      {"one not seen yet", {object("a", "9")}, {object("a", "9"), object("b", "10")}, false},
      {"one not seen to go", {object("a", "9"), object("b", "8")}, {object("a", "9")}, false},
      {"versions that are no numbers", {object("a", "x2")}, {object("a", "x1")}, false},
      {"the very same that is no number", {object("a", "x1")}, {object("a", "x1")}, true},
  }));
  CAPTURE(row.what);
  kube::DocumentStore store([](const kube::Document&) {});
  for (const auto& one : row.seen) CHECK(store.sink().upsert(one.dump()).has_value());
  CHECK(controllers::is_as_new_as(store, {{"items", row.live}}) == row.as_new);
}

TEST_CASE("a list without items is an empty one") {
  kube::DocumentStore store([](const kube::Document&) {});
  CHECK(controllers::is_as_new_as(store, {{"items", nullptr}}));
  CHECK(store.sink().upsert(object("a", "9").dump()).has_value());
  CHECK_FALSE(controllers::is_as_new_as(store, {{"items", nullptr}}));
}
