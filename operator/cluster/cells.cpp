// SPDX-License-Identifier: Apache-2.0
#include "cluster/cells.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace bso::cluster {

std::size_t Cells::size_of(std::size_t shelf) {
  if (shelf < kSmallSizes) return kStep * (shelf + 1);
  const std::size_t larger = shelf - kSmallSizes;
  const std::size_t doubled = kSmall << (larger / 2);
  return larger % 2 == 0 ? doubled + doubled / 2 : doubled * 2;
}

std::size_t Cells::shelf_for(std::size_t size) {
  if (size <= kSmall) return (size + kStep - 1) / kStep - 1;
  std::size_t shelf = kSmallSizes;
  while (shelf < kSizes && size_of(shelf) < size) ++shelf;
  if (shelf == kSizes) throw std::length_error("a record of more than 4 GiB");
  return shelf;
}

std::size_t Cells::per_chunk(std::size_t size) { return std::max<std::size_t>(1, kChunk / size); }

char* Cells::cell(std::size_t shelf, std::uint32_t index) const {
  const std::size_t size = size_of(shelf);
  const std::size_t each = per_chunk(size);
  return shelves_[shelf].chunks[index / each].get() + index % each * size;
}

std::string_view Cells::at(Place place) const {
  const std::size_t shelf = place >> kIndexBits;
  const char* start = cell(shelf, place & ((1U << kIndexBits) - 1));
  return {start + kHolderBytes, size_of(shelf) - kHolderBytes};
}

bool Cells::holds(Place place, std::string_view bytes) const {
  if (shelf_for(kHolderBytes + bytes.size()) != place >> kIndexBits) return false;
  const auto held = at(place);
  return held.starts_with(bytes) && held.find_first_not_of('\0', bytes.size()) == held.npos;
}

Cells::Place Cells::put(std::string_view bytes, std::uint32_t holder) {
  const std::size_t shelf = shelf_for(kHolderBytes + bytes.size());
  const std::size_t size = size_of(shelf);
  auto& [chunks, count] = shelves_[shelf];
  if (count == 1U << kIndexBits) throw std::length_error("too many records of one size");
  if (count == chunks.size() * per_chunk(size)) {
    chunks.push_back(std::make_unique<char[]>(per_chunk(size) * size));
  }
  const std::uint32_t index = count++;
  char* start = cell(shelf, index);
  std::memcpy(start, &holder, kHolderBytes);
  std::memcpy(start + kHolderBytes, bytes.data(), bytes.size());
  std::memset(start + kHolderBytes + bytes.size(), 0, size - kHolderBytes - bytes.size());
  return static_cast<Place>(shelf << kIndexBits) | index;
}

std::optional<std::uint32_t> Cells::erase(Place place) {
  const std::size_t shelf = place >> kIndexBits;
  const std::size_t size = size_of(shelf);
  const std::uint32_t index = place & ((1U << kIndexBits) - 1);
  auto& [chunks, count] = shelves_[shelf];
  const std::uint32_t last = --count;
  std::optional<std::uint32_t> moved;
  if (index != last) {
    std::memcpy(cell(shelf, index), cell(shelf, last), size);
    moved.emplace();
    std::memcpy(&*moved, cell(shelf, index), kHolderBytes);
  }
  if (count == (chunks.size() - 1) * per_chunk(size)) chunks.pop_back();
  return moved;
}

}  // namespace bso::cluster
