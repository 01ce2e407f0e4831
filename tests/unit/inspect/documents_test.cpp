// SPDX-License-Identifier: Apache-2.0
#include "inspect/documents.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "inspect/json_cuts.h"

using namespace bso;
using namespace bso::inspect;
using nlohmann::json;

namespace {

struct Read {
  std::vector<json> objects;
  std::vector<std::string> places;
  std::vector<std::string> bad;
  std::string error;
};

Read read(std::string_view text, const DocumentLimits& limits = {}) {
  Read found;
  DocumentHandlers to;
  to.on_object = [&](json object, const std::string& where) {
    found.objects.push_back(std::move(object));
    found.places.push_back(where);
  };
  to.on_bad = [&](std::string message) { found.bad.push_back(std::move(message)); };
  const auto done = read_documents(text, to, limits);
  if (!done) {
    CHECK(done.error().kind == ErrorKind::invalid_input);
    found.error = done.error().message;
  }
  return found;
}

std::vector<std::string> names(const Read& found) {
  std::vector<std::string> result;
  for (const auto& object : found.objects) {
    result.push_back(codec::string_at(object, {"kind"}) + "/" +
                     codec::string_at(object, {"metadata", "name"}));
  }
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Single objects, lists and several documents are read", "[documents]") {
  const auto one = read(R"({"kind": "Pod", "metadata": {"name": "a"}})");
  CHECK(names(one) == Names{"Pod/a"});
  CHECK(one.places == Names{"line 1"});
  const auto list = read(
      "{\n \"apiVersion\": \"v1\",\n \"items\": [\n  {\"kind\": \"Pod\", \"metadata\": {\"name\": "
      "\"}]\\\"{\"}},\n  {\"kind\": \"Node\"}\n ],\n \"kind\": \"List\"\n}\n");
  CHECK(names(list) == Names{"Pod/}]\"{", "Node/"});
  CHECK(list.places == Names{"item 1, line 4", "item 2, line 5"});
  CHECK(names(read("{\"kind\":\"A\"}{\"kind\":\"B\"}\n\n {\"kind\":\"C\"}\n")) ==
        Names{"A/", "B/", "C/"});
  CHECK(names(read("\xEF\xBB\xBF [{\"kind\":\"A\"}, {\"kind\":\"B\"}]")) == Names{"A/", "B/"});
  CHECK(read(R"({"kind": "List", "items": []})").objects.empty());
  CHECK(read("[]").objects.empty());
}

TEST_CASE("Items of a typed list get its kind", "[documents]") {
  // `kubectl get --raw` has the kind in front, and others behind the items.
  for (const char* text :
       {R"({"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]})",
        R"({"items":[{"metadata":{"name":"a"}}],"apiVersion":"v1","kind":"PodList"})",
        "kind: PodList\napiVersion: v1\nitems:\n- metadata: {name: a}\n"}) {
    const auto found = read(text);
    CHECK(names(found) == Names{"Pod/a"});
    CHECK(codec::string_at(found.objects.at(0), {"apiVersion"}) == "v1");
  }
  const auto nested = read(
      R"({"kind":"List","items":[{"kind":"PodList","items":[{"metadata":{"name":"a"}}]},{"kind":"X"}]})");
  CHECK(names(nested) == Names{"Pod/a", "X/"});
  CHECK(nested.places.at(0) == "item 1, line 1, item 1");
  // An object that only has a field of that name is none.
  CHECK(names(read(R"({"kind":"ConfigMap","items":[1]})")) == Names{"ConfigMap/"});
}

TEST_CASE("YAML is read, too", "[documents]") {
  const auto found = read(
      "# a dump\nkind: Pod\nmetadata:\n  name: a\n---\nkind: List\nitems:\n"
      "- kind: Node\n  metadata: {name: b}\n");
  CHECK(names(found) == Names{"Pod/a", "Node/b"});
  CHECK(found.places == Names{"document 1", "document 2, item 1"});
}

TEST_CASE("One bad item does not take the others with it", "[documents]") {
  const auto found = read(
      "{\"kind\":\"List\",\"items\":[{\"kind\":\"A\"},\n{\"kind\":tru},\n{\"kind\":\"B\"},7]}");
  CHECK(names(found) == Names{"A/", "B/", "/"});
  REQUIRE(found.bad.size() == 1);
  CHECK(found.bad.front().starts_with("item 2, line 2: invalid JSON: line 1"));
  CHECK(found.error.empty());
}

TEST_CASE("What cannot be read says where and why", "[documents]") {
  struct Row {
    const char* text;
    const char* error;
  };
  const auto row = GENERATE(values<Row>({
      {"", "it is empty"},
      {" \n\t", "it is empty"},
      {"{\"kind\": \"List\",\n\"items\": [\n{\"a\": 1},\n{\"a\":",
       "line 2: the text ends in the middle of what begins at line 1"},
      {"{\"kind\":\"List\",\"items\":[{}", "the text ends in the middle"},
      {"{\"kind\":\"List\",\"items\":[{} {}]}", "line 1: this is no JSON"},
      {"{\"kind\":\"A\"}\nError from server", "line 2: an object or a list was expected"},
      {"{\"a\": [}", "the text ends in the middle"},
      {"{a: b}", "line 1: in the object that begins here: invalid JSON"},
      {"{\"a\": tru}", "line 1: in the object that begins here: invalid JSON"},
      {"kind: [", "line 2: end of sequence"},
      {"\xFF\xFE{\0", "it is UTF-16"},
      {"kind: \xff", "line 1"},
  }));
  INFO(row.text);
  const auto found = read(row.text);
  CHECK_THAT(found.error, Catch::Matchers::Contains(row.error));
}

TEST_CASE("Depth and size are bounded", "[documents]") {
  const std::string deep(5000, '[');
  CHECK(read("{\"a\":" + deep + std::string(5000, ']') + "}").error.find("nested deeper") !=
        std::string::npos);
  std::string lists = "{\"kind\":\"A\"}";
  for (int i = 0; i < 10; ++i) lists = "{\"kind\":\"List\",\"items\":[" + lists + "]}";
  CHECK(read(lists).bad.size() == 1);
  DocumentLimits limits;
  limits.yaml_bytes = 10;
  CHECK_FALSE(read("kind: Pod\nmetadata: {}\n", limits).error.empty());
}

TEST_CASE("Values are cut where they end", "[documents]") {
  JsonCuts cuts(R"( {"a":"\\\"}"} [1,[2]] "x\"" -1.5e3 true)");
  CHECK(cuts.value() == R"({"a":"\\\"}"})");
  CHECK(cuts.value() == "[1,[2]]");
  CHECK(cuts.value() == R"("x\"")");
  CHECK(cuts.value() == "-1.5e3");
  CHECK(cuts.value() == "true");
  CHECK_FALSE(cuts.value());
  CHECK(cuts.at_end());
  for (const char* text : {"{", "[\"", "\"abc", "\"abc\\", "{\"a\":1", "", " ", "]", ","}) {
    INFO(text);
    CHECK_FALSE(JsonCuts(text).value());
  }
}
