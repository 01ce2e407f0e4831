// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "cluster/segments.h"

namespace bso::cluster {

/// A hash table of numbered entries, many of which may have one key. The caller keeps the links:
/// `Links` has `next(entry)`, a reference to four bytes of the entry's own, and `hash(entry)`.
///
/// Linear hashing: the table grows and shrinks by one chain at a time. So it never stops to move
/// everything, and takes no more than its load asks for at any size: four bytes per chain.
class Chains {
 public:
  static constexpr std::uint32_t kEnd = UINT32_MAX;

  /// `load`: how long a chain is on average.
  explicit Chains(std::size_t load) : load_(load) {}

  /// Where to look for a key: the entries from here on, by their links, have this hash or another
  /// one that falls into the same chain. Of one hash, the last added comes first.
  [[nodiscard]] std::uint32_t first(std::uint32_t hash) const {
    return heads_.size() == 0 ? kEnd : heads_[chain_of(hash)];
  }

  template <class Links>
  void add(std::uint32_t entry, std::uint32_t hash, Links& links) {
    if (count_ >= load_ * heads_.size()) split(links);
    std::uint32_t& head = heads_[chain_of(hash)];
    links.next(entry) = head;
    head = entry;
    ++count_;
  }

  /// An entry that is there.
  template <class Links>
  void remove(std::uint32_t entry, std::uint32_t hash, Links& links) {
    std::uint32_t* at = &heads_[chain_of(hash)];
    while (*at != entry) at = &links.next(*at);
    *at = links.next(entry);
    --count_;
    // Not as soon as it could, lest one entry that comes and goes move a chain each time.
    if (heads_.size() > 1 && count_ + 2 * load_ < load_ * heads_.size()) merge(links);
  }

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  [[nodiscard]] std::uint32_t chain_of(std::uint32_t hash) const {
    const std::uint32_t mask = std::bit_ceil(heads_.size()) - 1;
    const std::uint32_t chain = hash & mask;
    return chain < heads_.size() ? chain : chain & (mask >> 1U);
  }
  /// The chain whose entries a chain had before it was made.
  [[nodiscard]] static std::uint32_t origin_of(std::uint32_t chain) {
    return chain - std::bit_floor(chain);
  }

  template <class Links>
  void split(Links& links) {
    const std::uint32_t made = heads_.size();
    heads_.push_back(kEnd);
    if (made == 0) return;
    std::uint32_t* stays = &heads_[origin_of(made)];
    std::uint32_t* goes = &heads_[made];
    for (std::uint32_t entry = *stays; entry != kEnd;) {
      std::uint32_t*& tail = chain_of(links.hash(entry)) == made ? goes : stays;
      *tail = entry;
      tail = &links.next(entry);
      entry = *tail;
    }
    *stays = kEnd;
    *goes = kEnd;
  }

  template <class Links>
  void merge(Links& links) {
    const std::uint32_t last = heads_.size() - 1;
    std::uint32_t* tail = &heads_[last];
    while (*tail != kEnd) tail = &links.next(*tail);
    std::uint32_t& head = heads_[origin_of(last)];
    *tail = head;
    head = heads_[last];
    heads_.pop_back();
  }

  std::size_t load_;
  Segments<std::uint32_t> heads_;
  std::size_t count_ = 0;
};

}  // namespace bso::cluster
