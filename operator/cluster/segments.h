// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bso::cluster {

/// An array that grows and shrinks at its end by parts: nothing is copied, elements keep their
/// address, and at most one part stands half empty.
template <class T>
class Segments {
 public:
  [[nodiscard]] T& operator[](std::uint32_t i) { return parts_[i / kPart][i % kPart]; }
  [[nodiscard]] const T& operator[](std::uint32_t i) const { return parts_[i / kPart][i % kPart]; }
  [[nodiscard]] std::uint32_t size() const { return size_; }

  void push_back(const T& value) {
    if (size_ == parts_.size() * kPart) parts_.push_back(std::make_unique<T[]>(kPart));
    (*this)[size_++] = value;
  }
  void pop_back() {
    --size_;
    if (size_ == (parts_.size() - 1) * kPart) parts_.pop_back();
  }

 private:
  static constexpr std::size_t kPart = 512;
  std::vector<std::unique_ptr<T[]>> parts_;
  std::uint32_t size_ = 0;
};

}  // namespace bso::cluster
