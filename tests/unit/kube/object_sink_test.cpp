// SPDX-License-Identifier: Apache-2.0
#include "kube/object_sink.h"

#include <algorithm>
#include <map>
#include <optional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace bso;
using namespace bso::kube;

namespace {

struct Item {
  std::string name;
  std::string value;
};

/// Objects are "name=value"; "?" cannot be read.
struct SinkRig {
  std::map<std::string, std::string> store;  ///< name to value
  std::vector<std::string> erased;
  RecordSink<Item> sink{{
      .decode = [](std::string_view object) -> Result<Item> {
        if (object == "?") return fail(invalid_input("unreadable"));
        const auto middle = std::min(object.find('='), object.size());
        return Item{std::string(object.substr(0, middle)), std::string(object.substr(middle))};
      },
      .key =
          [](const Item& item) {
            return std::pair{std::string("n"), item.name};
          },
      .upsert = [this](Item item) { store[item.name] = item.value; },
      .erase =
          [this](const auto& key) {
            store.erase(key.second);
            erased.push_back(key.second);
          },
      .keys =
          [this] {
            std::vector<std::pair<std::string, std::string>> keys;
            for (const auto& [name, value] : store) keys.emplace_back("n", name);
            return keys;
          },
      .wanted =
          [this](std::string_view object) { return !unwanted || !object.ends_with(*unwanted); },
  }};
  std::optional<std::string> unwanted;

  void list(const std::vector<std::string>& items) {
    sink.begin_list();
    for (const auto& item : items) REQUIRE(sink.list_item(item));
    while (!sink.end_list()) {
    }
  }
  [[nodiscard]] std::string held() const {
    std::string text;
    for (const auto& [name, value] : store) text += name + value + " ";
    return text;
  }
};

}  // namespace

TEST_CASE("a list replaces what is held", "[sink]") {
  SinkRig rig;
  rig.list({"a=1", "b=1"});
  rig.list({"b=2", "c=2"});
  CHECK(rig.held() == "b=2 c=2 ");
  CHECK(rig.erased == std::vector<std::string>{"a"});
}

TEST_CASE("what a list has and the store does not want is as good as gone", "[sink]") {
  SinkRig rig;
  rig.list({"a=1", "b=1"});
  rig.unwanted = "=0";
  rig.list({"a=0", "b=2", "c=0"});
  CHECK(rig.held() == "b=2 ");
  CHECK(rig.erased == std::vector<std::string>{"a"});
}

TEST_CASE("an item that changes into what is not wanted is the store's to judge", "[sink]") {
  SinkRig rig;
  rig.unwanted = "=0";
  rig.sink.begin_list();
  REQUIRE(rig.sink.list_item("a=1"));
  REQUIRE(rig.sink.list_changed("a=0"));
  while (!rig.sink.end_list()) {
  }
  CHECK(rig.held() == "a=0 ");
}

TEST_CASE("a list that came to nothing leaves no trace", "[sink]") {
  SinkRig rig;
  rig.list({"a=1"});
  rig.sink.begin_list();
  REQUIRE(rig.sink.list_item("b=2"));
  SECTION("thrown away") { rig.sink.abort_list(); }
  SECTION("begun anew") {}
  CHECK(rig.held() == "a=1 ");
  rig.list({"c=3"});
  CHECK(rig.held() == "c=3 ");
}

TEST_CASE("an item deleted again before the end of the list is not part of it", "[sink]") {
  SinkRig rig;
  rig.list({"a=1", "b=1"});
  rig.sink.begin_list();
  for (const char* item : {"a=1", "b=1", "b=2"}) REQUIRE(rig.sink.list_item(item));
  REQUIRE(rig.sink.list_gone("b=2"));
  REQUIRE(rig.sink.list_gone("never there"));
  while (!rig.sink.end_list()) {
  }
  CHECK(rig.held() == "a=1 ");
  CHECK(rig.erased == std::vector<std::string>{"b"});
}

TEST_CASE("what cannot be read keeps its place", "[sink]") {
  SinkRig rig;
  rig.list({"a=1", "b=1", "c=1"});
  rig.sink.begin_list();
  REQUIRE(rig.sink.list_item("a=2"));
  REQUIRE_FALSE(rig.sink.list_item("?"));
  SECTION("with a name: that one") {
    rig.sink.list_unreadable("n", "b");
    while (!rig.sink.end_list()) {
    }
    CHECK(rig.held() == "a=2 b=1 ");
  }
  SECTION("without a name: all") {
    rig.sink.list_unreadable("", "");
    while (!rig.sink.end_list()) {
    }
    CHECK(rig.held() == "a=2 b=1 c=1 ");
  }
  rig.list({"a=3"});  // forgotten by the next list
  CHECK(rig.held() == "a=3 ");
}

TEST_CASE("a list may be collected in another way", "[sink]") {
  /// Keeps the last value of each name, and nothing of "unneeded".
  struct ByName final : CollectedList<Item> {
    void add(Item item) override {
      items.erase(item.name);
      if (item.value != "=unneeded") items.emplace(item.name, item.value);
    }
    void remove(const ObjectKey& key) override { items.erase(key.second); }
    std::optional<Item> take() override {
      if (items.empty()) return std::nullopt;
      const auto first = items.extract(items.begin());
      return Item{first.key(), first.mapped()};
    }
    std::map<std::string, std::string> items;
  };
  std::map<std::string, std::string> store{{"a", "=1"}, {"b", "=1"}};
  int lists = 0;
  RecordSink<Item> sink{{
      .decode = [](std::string_view object) -> Result<Item> {
        const auto middle = std::min(object.find('='), object.size());
        return Item{std::string(object.substr(0, middle)), std::string(object.substr(middle))};
      },
      .key =
          [](const Item& item) {
            return ObjectKey{"", item.name};
          },
      .upsert = [&](Item item) { store[item.name] = item.value; },
      .erase = [&](const ObjectKey& key) { store.erase(key.second); },
      .keys =
          [&] {
            std::vector<ObjectKey> keys;
            for (const auto& [name, value] : store) keys.emplace_back("", name);
            return keys;
          },
      .collect =
          [&] {
            ++lists;
            return std::make_unique<ByName>();
          },
  }};
  const auto lists_before = lists;
  sink.begin_list();
  for (const char* item : {"b=2", "c=1", "d=1", "e=1", "e=unneeded", "c=2"}) {
    REQUIRE(sink.list_item(item));
  }
  REQUIRE(sink.list_gone("d=2"));
  CHECK(store == std::map<std::string, std::string>{{"a", "=1"}, {"b", "=1"}});
  while (!sink.end_list()) {
  }
  CHECK(store == std::map<std::string, std::string>{{"b", "=2"}, {"c", "=2"}});
  CHECK(lists > lists_before);
}

TEST_CASE("a large list is applied part by part", "[sink]") {
  SinkRig rig;
  std::vector<std::string> items;
  for (int i = 0; i < 1000; ++i) items.push_back(fmt::format("i{}", i));
  rig.list(items);
  rig.sink.begin_list();
  REQUIRE(rig.sink.list_item("one"));
  int parts = 1;
  while (!rig.sink.end_list()) ++parts;
  CHECK(parts >= 8);  // 1000 to compare, 1000 to take away
  CHECK(rig.held() == "one ");
}
