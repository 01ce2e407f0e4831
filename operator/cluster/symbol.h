// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace bso::cluster {

/// A text that many records share (namespace, node, owner, class, claim): eight bytes each, one
/// copy of the characters for the process, freed with the last holder.
///
/// All records live on the thread of the event loop, so the pool and its counts have no lock. Do
/// not hand a Symbol, or a record that holds one, to another thread.
class Symbol {
 public:
  Symbol() = default;
  explicit Symbol(std::string_view text);
  Symbol(const Symbol& other) noexcept : entry_(other.entry_) { acquire(); }
  Symbol(Symbol&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  Symbol& operator=(Symbol other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~Symbol() { release(); }

  /// Valid while any Symbol of this text lives.
  [[nodiscard]] std::string_view view() const {
    return entry_ == nullptr ? std::string_view{} : entry_->text();
  }
  [[nodiscard]] std::string str() const { return std::string{view()}; }
  [[nodiscard]] bool empty() const { return entry_ == nullptr; }

  friend bool operator==(const Symbol& a, const Symbol& b) { return a.entry_ == b.entry_; }
  friend bool operator==(const Symbol& a, std::string_view b) { return a.view() == b; }

  [[nodiscard]] std::size_t hash() const { return std::hash<const void*>{}(entry_); }
  /// How many different texts are alive in the process.
  [[nodiscard]] static std::size_t pool_size();

  // For who keeps symbols as bytes.

  /// A small number for the text, valid while any Symbol of it lives; 0 for "".
  [[nodiscard]] std::uint32_t id() const { return entry_ == nullptr ? 0 : entry_->id; }
  /// The text lives on as if there were one more Symbol of it, until drop().
  void keep() const noexcept { acquire(); }
  static void drop(std::uint32_t id) noexcept;
  /// Of an id that is valid.
  [[nodiscard]] static Symbol of(std::uint32_t id);
  [[nodiscard]] static std::string_view text_of(std::uint32_t id);

 private:
  struct Pool;
  /// The characters follow it.
  struct Entry {
    std::uint32_t next;  ///< in its chain of the pool
    std::uint32_t count;
    std::uint32_t id;
    std::uint32_t size;

    [[nodiscard]] std::string_view text() const {
      return {reinterpret_cast<const char*>(this + 1), size};
    }
  };

  static Pool& pool();
  void acquire() const noexcept {
    if (entry_ != nullptr) ++entry_->count;
  }
  void release() noexcept;

  Entry* entry_ = nullptr;  ///< nullptr is ""
};

}  // namespace bso::cluster

template <>
struct std::hash<bso::cluster::Symbol> {
  std::size_t operator()(const bso::cluster::Symbol& symbol) const { return symbol.hash(); }
};
