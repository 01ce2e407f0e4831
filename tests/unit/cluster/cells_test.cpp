// SPDX-License-Identifier: Apache-2.0
#include "cluster/cells.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <malloc.h>

using bso::cluster::Cells;

namespace {

std::string filled(std::size_t size, std::uint32_t holder) {
  std::string bytes(size, static_cast<char>('a' + holder % 26));
  if (!bytes.empty()) bytes.back() = '.';
  return bytes;
}

}  // namespace

TEST_CASE("Cells give back what was put, with zeros after it") {
  Cells cells;
  for (const std::size_t size :
       std::vector<std::size_t>{0, 1, 3, 4, 5, 63, 252, 253, 256, 380, 381, 4096, 100'000}) {
    const auto bytes = filled(size, 1);
    const auto place = cells.put(bytes, 1);
    const auto held = cells.at(place);
    CAPTURE(size);
    CHECK(held.substr(0, size) == bytes);
    CHECK(held.find_first_not_of('\0', size) == std::string_view::npos);
    CHECK(cells.holds(place, bytes));
    CHECK_FALSE(cells.holds(place, bytes + "x"));
    CHECK_FALSE(cells.holds(place, filled(size + 1, 2)));
    if (size > 1) CHECK_FALSE(cells.holds(place, std::string_view(bytes).substr(1)));
    CHECK_FALSE(cells.erase(place).has_value());
  }
}

TEST_CASE("What moves into a gap is told to its holder") {
  std::mt19937 random{1};
  Cells cells;
  std::vector<std::string> bytes;
  std::vector<Cells::Place> places;
  std::vector<std::uint32_t> held;
  for (int step = 0; step < 20'000; ++step) {
    if (held.empty() || random() % 8 < (step < 10'000 ? 5U : 3U)) {
      const auto holder = static_cast<std::uint32_t>(bytes.size());
      bytes.push_back(filled(random() % (random() % 50 == 0 ? 5'000 : 300), holder));
      places.push_back(cells.put(bytes.back(), holder));
      held.push_back(holder);
    } else {
      std::swap(held[random() % held.size()], held.back());
      const auto place = places[held.back()];
      held.pop_back();
      if (const auto moved = cells.erase(place)) places[*moved] = place;
    }
    if (step % 500 != 0) continue;
    REQUIRE(std::all_of(held.begin(), held.end(), [&](std::uint32_t holder) {
      return cells.holds(places[holder], bytes[holder]);
    }));
  }
}

TEST_CASE("Cells give memory back") {
  const auto before = mallinfo2().uordblks;
  Cells cells;
  std::vector<Cells::Place> places;
  for (std::uint32_t i = 0; i < 10'000; ++i) places.push_back(cells.put(filled(100, i), i));
  const auto full = mallinfo2().uordblks - before;
  for (std::uint32_t i = 0; i < 9'900; ++i) {
    if (const auto moved = cells.erase(places[i])) places[*moved] = places[i];
  }
  const auto left = mallinfo2().uordblks - before;
  CHECK(left <= full / 4);  // sanitizers count nothing here
}
