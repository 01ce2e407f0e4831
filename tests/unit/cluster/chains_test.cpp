// SPDX-License-Identifier: Apache-2.0
#include "cluster/chains.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "cluster/segments.h"

using namespace bso::cluster;

namespace {

struct ChainRig {
  std::vector<std::uint32_t> links;
  std::vector<std::uint32_t> hashes;
  Chains chains{2};

  std::uint32_t& next(std::uint32_t entry) { return links[entry]; }
  [[nodiscard]] std::uint32_t hash(std::uint32_t entry) const { return hashes[entry]; }

  [[nodiscard]] std::vector<std::uint32_t> of(std::uint32_t hash) const {
    std::vector<std::uint32_t> found;
    for (auto entry = chains.first(hash); entry != Chains::kEnd; entry = links[entry]) {
      if (hashes[entry] == hash) found.push_back(entry);
    }
    return found;
  }
};

}  // namespace

TEST_CASE("Segments grow and shrink without moving what they hold") {
  Segments<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 2000; ++i) numbers.push_back(i);
  const auto* tenth = &numbers[10];
  for (std::uint32_t i = 2000; i < 5000; ++i) numbers.push_back(i);
  CHECK(tenth == &numbers[10]);
  bool same = true;
  for (std::uint32_t i = 0; i < 5000; ++i) same = same && numbers[i] == i;
  CHECK(same);
  while (numbers.size() > 0) numbers.pop_back();
  numbers.push_back(7);
  CHECK(numbers[0] == 7);
}

TEST_CASE("Chains find what a map finds, the latest of one hash first") {
  std::mt19937 random{4711};
  ChainRig rig;
  std::map<std::uint32_t, std::vector<std::uint32_t>> model;  // latest last
  std::vector<std::uint32_t> held;
  for (int step = 0; step < 20'000; ++step) {
    // Phases of growth and of decline, so that chains are split and merged many times.
    const bool grows = step / 2'500 % 2 == 0;
    if (held.empty() || random() % 4 < (grows ? 3U : 1U)) {
      const auto entry = static_cast<std::uint32_t>(rig.links.size());
      // Few hashes that differ in high bits only, and many that differ everywhere.
      const auto hash = static_cast<std::uint32_t>(random() % 3 == 0 ? random() % 5 << 29U
                                                                     : random() % 1'000'000);
      rig.links.push_back(0);
      rig.hashes.push_back(hash);
      rig.chains.add(entry, hash, rig);
      model[hash].push_back(entry);
      held.push_back(entry);
    } else {
      std::swap(held[random() % held.size()], held.back());
      const auto entry = held.back();
      held.pop_back();
      rig.chains.remove(entry, rig.hashes[entry], rig);
      std::erase(model[rig.hashes[entry]], entry);
    }
    if (step % 500 != 0) continue;
    bool same = rig.chains.size() == held.size();
    for (auto [hash, entries] : model) {
      std::reverse(entries.begin(), entries.end());
      same = same && rig.of(hash) == entries;
    }
    REQUIRE(same);
  }
  for (const auto entry : held) rig.chains.remove(entry, rig.hashes[entry], rig);
  CHECK(rig.chains.size() == 0);
  CHECK(rig.chains.first(5) == Chains::kEnd);
}
