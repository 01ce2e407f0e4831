// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace bso::cluster {

/// Short byte strings in little memory. Those of about one size stand side by side without gaps:
/// where one is taken away, the last of its size moves in. So nothing is lost to fragmentation,
/// however long the process lives, and there is no compaction to wait for.
class Cells {
 public:
  using Place = std::uint32_t;

  /// What was put there, with up to kPadding zeros after it (more after 256 bytes).
  [[nodiscard]] std::string_view at(Place place) const;
  /// Whether a place holds this, as put() would put it.
  [[nodiscard]] bool holds(Place place, std::string_view bytes) const;

  /// `holder` is whoever has to know the place.
  Place put(std::string_view bytes, std::uint32_t holder);
  /// Tells the holder of what stands at this place now, if anything does.
  std::optional<std::uint32_t> erase(Place place);

 private:
  static constexpr std::size_t kHolderBytes = sizeof(std::uint32_t);
  static constexpr std::size_t kStep = 4;     ///< from one small size to the next
  static constexpr std::size_t kSmall = 256;  ///< from here on two sizes per doubling
  static constexpr std::size_t kSmallSizes = kSmall / kStep;
  static constexpr std::size_t kSizes = kSmallSizes + 48;  ///< the last is 4 GiB
  static constexpr std::size_t kChunk = 4080;              ///< a page with malloc's own bytes
  static constexpr unsigned kIndexBits = 25;
  static_assert(kSizes <= 1U << (32 - kIndexBits));

 public:
  static constexpr std::size_t kPadding = kStep - 1;

 private:
  /// All cells of one size.
  struct Shelf {
    std::vector<std::unique_ptr<char[]>> chunks;
    std::uint32_t count = 0;
  };

  [[nodiscard]] static std::size_t size_of(std::size_t shelf);
  [[nodiscard]] static std::size_t shelf_for(std::size_t size);
  [[nodiscard]] static std::size_t per_chunk(std::size_t size);
  [[nodiscard]] char* cell(std::size_t shelf, std::uint32_t index) const;

  std::array<Shelf, kSizes> shelves_;
};

}  // namespace bso::cluster
