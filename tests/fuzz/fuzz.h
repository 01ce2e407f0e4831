// SPDX-License-Identifier: Apache-2.0
// What the fuzzers share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sanitizer/allocator_interface.h>

namespace bso::fuzz {

/// Ends the process, which libFuzzer takes for a crash and keeps the input of.
inline void demand(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "FUZZ: does not hold: %s\n", property);
  std::abort();
}

/// An input begins with a letter that says which parser it is for, and three bytes that say into
/// which pieces it is cut where a parser takes pieces. Seeds can so be written as text.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : bytes_(size == 0 ? "" : reinterpret_cast<const char*>(data), size) {
    constexpr std::size_t kHead = 4;
    if (bytes_.size() < kHead) {
      bytes_ = {};
      return;
    }
    parser_ = bytes_.front();
    std::copy_n(bytes_.begin() + 1, steps_.size(), steps_.begin());
    bytes_.remove_prefix(kHead);
  }

  [[nodiscard]] char parser() const { return parser_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// A flag that the input decides and that costs it no byte of its own.
  [[nodiscard]] bool flag(unsigned bit) const {
    return ((static_cast<unsigned char>(steps_.back()) >> bit) & 1U) != 0;
  }

  /// Hands out the bytes in pieces, of one byte to 256 each, until `take` says false.
  template <class Take>
  void in_pieces(Take take) const {
    std::string_view rest = bytes_;
    for (std::size_t step = 0; !rest.empty(); ++step) {
      const std::size_t size = 1U + static_cast<unsigned char>(steps_[step % steps_.size()]);
      const std::string_view piece = rest.substr(0, size);
      rest.remove_prefix(piece.size());
      if (!take(piece)) return;
    }
  }

 private:
  char parser_ = 0;
  std::array<char, 3> steps_{};
  std::string_view bytes_;
};

/// Takes what stands before the next `separator` off `text`; the last one is all that is left.
inline std::string_view take_part(std::string_view& text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + separator.size());
  return part;
}

inline bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
}

/// Watches the heap of the process, of which AddressSanitizer keeps count.
class HeapMeter {
 public:
  void look() { most_ = std::max(most_, __sanitizer_get_current_allocated_bytes()); }
  [[nodiscard]] std::size_t growth() const { return most_ - std::min(begin_, most_); }

 private:
  std::size_t begin_ = __sanitizer_get_current_allocated_bytes();
  std::size_t most_ = begin_;
};

}  // namespace bso::fuzz
