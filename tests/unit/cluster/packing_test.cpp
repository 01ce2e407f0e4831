// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <malloc.h>

#include "cluster/packed_table.h"

using namespace bso;
using namespace bso::cluster;

namespace {

using Chance = std::mt19937_64;

template <class T>
T one_of(Chance& chance, const std::vector<T>& values) {
  return values[chance() % values.size()];
}

/// Texts as they come, and as nobody should write them.
std::string any_text(Chance& chance) {
  const auto number = chance() % 1000;
  switch (chance() % 9) {
    case 0:
      return {};
    case 1:
      return fmt::format("web-{}", number);
    case 2:
      return fmt::format("web-6d7f5b8c49-{:05}", number);
    case 3:
      return fmt::format("data-web-{}", number);
    case 4:
      return fmt::format("0e39f8c6-ab9b-11e9-bc03-7eb7da{:06x}", number);
    case 5:
      return one_of<std::string>(
          chance, {"0E39F8C6-AB9B-11E9-BC03-7EB7DA184AF5", "0e39f8c6-ab9b-11e9-bc03-7eb7da184ag5",
                   "0e39f8c6+ab9b-11e9-bc03-7eb7da184af5", "0e39f8c6-ab9b-11e9-bc03-7eb7da184af",
                   "00000000-0000-0000-0000-000000000000", "0123456789abcdef0123456789abcdef"});
    case 6:
      return one_of<std::string>(
          chance, {"0", "00", "007", "1", "-1", "+1", "1 ", " 1", "4711", "9223372036854775807",
                   "9223372036854775808", "18446744073709551615", "18446744073709551616",
                   "99999999999999999999999999"});
    case 7: {
      std::string bytes(chance() % 40, '\0');
      for (char& byte : bytes) byte = static_cast<char>(chance() % 3 == 0 ? 0 : chance());
      return bytes;
    }
    default:
      return std::string(chance() % 20'000, one_of<char>(chance, {'x', '\0', '-'}));
  }
}

Symbol any_symbol(Chance& chance) { return Symbol{any_text(chance)}; }

WallTime any_time(Chance& chance) {
  using Seconds = std::chrono::seconds;
  return WallTime{Seconds{one_of<std::int64_t>(
      chance, {0, 1, -1, 1'700'000'000, 1'700'000'001, 253'402'300'799, -62'135'596'800,
               std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
               static_cast<std::int64_t>(chance())})}};
}

bool any_bool(Chance& chance) { return chance() % 2 == 0; }

void make_any(Chance& chance, Pod& pod) {
  pod.ns = any_symbol(chance);
  pod.name = any_text(chance);
  pod.uid = any_text(chance);
  pod.resource_version = any_text(chance);
  pod.created = any_time(chance);
  pod.scheduled = any_time(chance);
  pod.deletion = any_time(chance);
  pod.node = any_symbol(chance);
  pod.owner = {any_symbol(chance), any_symbol(chance), any_symbol(chance)};
  pod.revision = any_symbol(chance);
  pod.config_hash = any_symbol(chance);
  for (auto left = one_of<int>(chance, {0, 1, 1, 2, 3, 40}); left > 0; --left) {
    pod.volumes.push_back({any_symbol(chance), any_symbol(chance), any_symbol(chance),
                           any_symbol(chance), any_bool(chance)});
  }
  pod.conflict = any_text(chance);
  pod.conflict_detail = any_text(chance);
  pod.phase = static_cast<Phase>(chance() % 5);
  pod.deleting = any_bool(chance);
  pod.ready = any_bool(chance);
  pod.any_running = any_bool(chance);
  pod.any_started = any_bool(chance);
  pod.waits_elsewhere = any_bool(chance);
  pod.sandbox_ready = any_bool(chance);
  pod.claim_refused = any_bool(chance);
  pod.tied_to_node = any_bool(chance);
}

void make_any(Chance& chance, Claim& claim) {
  claim = {any_symbol(chance), any_text(chance),   any_text(chance),
           any_symbol(chance), any_symbol(chance), static_cast<AccessModes>(chance()),
           any_bool(chance),   any_bool(chance),   any_bool(chance)};
}

void make_any(Chance& chance, Volume& volume) {
  volume = {any_text(chance),   any_text(chance),   static_cast<VolumeKind>(chance() % 4),
            any_symbol(chance), any_symbol(chance), any_symbol(chance),
            any_symbol(chance), any_text(chance),   any_symbol(chance),
            any_symbol(chance), any_symbol(chance), static_cast<AccessModes>(chance()),
            any_bool(chance),   any_bool(chance)};
}

void make_any(Chance& chance, Attachment& attachment) {
  attachment = {any_text(chance),   any_text(chance),   any_symbol(chance),
                any_symbol(chance), any_symbol(chance), any_text(chance),
                any_text(chance),   any_bool(chance),   any_bool(chance)};
}

}  // namespace

TEMPLATE_TEST_CASE("Any record comes back from a packed table as it was put", "", Pod, Claim,
                   Volume, Attachment) {
  Chance chance{20'260'504};
  const auto pool_before = Symbol::pool_size();
  {
    PackedTable<TestType> table;
    std::vector<TestType> records;
    for (int i = 0; i < 400; ++i) {
      TestType record;
      make_any(chance, record);
      const bool anew = table.find(Table<TestType>::name_of(record)) == table.kNone;
      if (!anew) continue;
      table.put(record);
      records.push_back(std::move(record));
    }
    REQUIRE(table.size() == records.size());
    for (int round = 0; round < 3; ++round) {
      for (auto& record : records) {
        const auto row = table.find(Table<TestType>::name_of(record));
        REQUIRE(row != table.kNone);
        REQUIRE(table.unpack(row) == record);
        REQUIRE(table.holds(row, record));
        REQUIRE(table.name_of(row) == Table<TestType>::name_of(record));
        // Another state of the same object.
        TestType changed;
        make_any(chance, changed);
        changed.name = record.name;
        if constexpr (requires { changed.ns; }) changed.ns = record.ns;
        REQUIRE(table.holds(row, changed) == (changed == record));
        REQUIRE(table.put(changed) == row);
        record = std::move(changed);
      }
    }
    for (std::size_t i = 0; i < records.size(); i += 2) {
      table.erase(table.find(Table<TestType>::name_of(records[i])));
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto row = table.find(Table<TestType>::name_of(records[i]));
      REQUIRE((row == table.kNone) == (i % 2 == 0));
      if (row != table.kNone) REQUIRE(table.unpack(row) == records[i]);
    }
  }
  CHECK(Symbol::pool_size() == pool_before);
}

TEST_CASE("A row is unpacked once until the next change") {
  PackedTable<Pod> table;
  Pod pod;
  pod.name = "a";
  const auto row = table.put(pod);
  const Pod* first = table.get(row);
  CHECK(table.get(row) == first);
  CHECK(table.get(table.kNone) == nullptr);
  pod.uid = "u";
  table.put(pod);
  CHECK(*table.get(row) == pod);
}

TEST_CASE("A record is found by each of its keys, however many") {
  PackedTable<Pod> table;
  const auto pods_with = [&table](const Key& key) {
    std::vector<std::string> names;
    table.each_of(key, [&](auto row) {
      names.emplace_back(table.name_of(row).name);
      return true;
    });
    return names;
  };
  using Names = std::vector<std::string>;
  const std::string owner_uid = "1e39f8c6-ab9b-11e9-bc03-7eb7da184af5";
  for (const char* name : {"a", "b"}) {
    Pod pod;
    pod.ns = Symbol{"shop"};
    pod.name = name;
    pod.uid = std::string("uid of ") + name;
    pod.owner.uid = Symbol{owner_uid};
    for (int i = 0; i < 20; ++i) {
      PodVolume volume;
      volume.claim = Symbol{fmt::format("claim-{}", i)};
      pod.volumes.push_back(volume);
    }
    PodVolume volume;
    volume.driver = Symbol{"d"};
    volume.disk = Symbol{"disk"};
    pod.volumes.push_back(volume);
    table.put(pod);
  }
  CHECK(pods_with({KeyKind::owner, packed_uid(owner_uid), {}}) == Names{"b", "a"});
  CHECK(pods_with({KeyKind::uid, packed_uid("uid of a"), {}}) == Names{"a"});
  CHECK(pods_with({KeyKind::claim, "shop", "claim-0"}) == Names{"b", "a"});
  CHECK(pods_with({KeyKind::claim, "shop", "claim-19"}) == Names{"b", "a"});
  CHECK(pods_with({KeyKind::disk, "d", "disk"}) == Names{"b", "a"});
  CHECK(pods_with({KeyKind::claim, "other", "claim-0"}).empty());

  auto fewer = table.unpack(table.find({"shop", "a"}));
  fewer.volumes.resize(10);
  table.put(fewer);
  CHECK(pods_with({KeyKind::claim, "shop", "claim-9"}) == Names{"a", "b"});
  CHECK(pods_with({KeyKind::claim, "shop", "claim-10"}) == Names{"b"});
  CHECK(pods_with({KeyKind::disk, "d", "disk"}) == Names{"b"});
  table.erase(table.find({"shop", "b"}));
  CHECK(pods_with({KeyKind::claim, "shop", "claim-9"}) == Names{"a"});
  CHECK(pods_with({KeyKind::claim, "shop", "claim-10"}).empty());
}
