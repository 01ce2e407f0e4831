// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cluster/symbol.h"

/// How a record becomes a string of bytes and back. PackWriter and PackReader have the same
/// functions, so that one list of a record's fields (packed_records.h) serves both. The bytes are
/// canonical for the life of the process: equal records have equal bytes. Zeros at the end are left
/// out, so fields that are rarely set come last and cost nothing.
namespace bso::cluster {

class PackWriter {
 public:
  /// The bytes of a record that is stored keep its shared symbols alive, until drop_shared().
  enum class Symbols : std::uint8_t { borrowed, kept };

  /// Overwrites `out`.
  PackWriter(std::string& out, Symbols symbols) : out_(out), keeps_(symbols == Symbols::kept) {
    out_.clear();
  }

  /// Small values next to each other; end_bits() after the last.
  template <class Value>
  void bits(const Value& value, unsigned width) {
    bits_ |= static_cast<std::uint64_t>(value) << bits_width_;
    bits_width_ += width;
  }
  void bit(const bool& value) { bits(value, 1); }
  void end_bits();

  /// What few records would hold alone (namespace, node, kind).
  void shared(const Symbol& symbol) {
    if (keeps_) symbol.keep();
    varint(symbol.id());
  }
  /// The text that the later ones are likely to have a part of.
  void name(const std::string& text) {
    literal(text);
    name_ = text;
  }
  void text(const std::string& value) { relative(value); }
  void text(const Symbol& value) { relative(value.view()); }
  /// Most often 36 characters of a UUID.
  void uid(const std::string& value) { uid_of(value); }
  void uid(const Symbol& value) { uid_of(value.view()); }
  void uid_of(std::string_view value);
  /// Most often a decimal number.
  void version(const std::string& value);
  void time(const WallTime& value, const WallTime& since = {});
  template <std::integral Number>
  void number(const Number& value) {
    zigzag(static_cast<std::int64_t>(value));
  }
  template <class Item, class Visit>
  void list(const std::vector<Item>& items, const Visit& visit) {
    varint(items.size());
    for (const auto& item : items) visit(*this, item);
  }

  /// After the last field.
  void finish() { out_.resize(solid_); }

 private:
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);
  void bytes(std::string_view value);
  void literal(std::string_view value);
  void relative(std::string_view value);

  std::string& out_;
  bool keeps_;
  std::string_view name_;
  std::size_t solid_ = 0;  ///< up to here the bytes count, after it are zeros that say nothing
  std::uint64_t bits_ = 0;
  unsigned bits_width_ = 0;
};

class PackReader {
 public:
  explicit PackReader(std::string_view packed) : rest_(packed) {}

  template <class Value>
  void bits(Value& value, unsigned width) {
    if (!in_bits_) bits_ = varint();
    in_bits_ = true;
    value = static_cast<Value>(bits_ & ((std::uint64_t{1} << width) - 1));
    bits_ >>= width;
  }
  void bit(bool& value) { bits(value, 1); }
  void end_bits() { in_bits_ = false; }
  void skip_bits() { varint(); }

  void shared(Symbol& symbol) { symbol = Symbol::of(shared_id()); }
  void shared(std::string_view& text) { text = Symbol::text_of(shared_id()); }
  void drop_shared() { Symbol::drop(shared_id()); }
  void skip_shared() { varint(); }
  void name(std::string& text) { text = name_ = literal(); }
  void name(std::string_view& text) { text = name_ = literal(); }
  void text(std::string& value);
  void text(Symbol& value);
  /// Points into the packed bytes, or into the reader until start_views().
  void text(std::string_view& value);
  void start_views() { views_ = 0; }
  void uid(std::string& value);
  void uid(Symbol& value);
  /// As it is packed.
  void uid(std::string_view& packed);
  void version(std::string& value);
  void time(WallTime& value, const WallTime& since = {});
  template <std::integral Number>
  void number(Number& value) {
    value = static_cast<Number>(zigzag());
  }
  template <class Item, class Visit>
  void list(std::vector<Item>& items, const Visit& visit) {
    items.resize(varint());
    for (auto& item : items) visit(*this, item);
  }
  std::size_t count() { return varint(); }

 private:
  /// A text in three parts, of which the middle one is also part of the name.
  struct Parts {
    std::string_view before;
    std::string_view of_name;
    std::string_view after;
  };

  std::uint64_t varint();
  std::uint32_t shared_id() { return static_cast<std::uint32_t>(varint()); }
  std::int64_t zigzag();
  std::string_view bytes(std::size_t size);
  std::string_view literal();
  Parts relative();

  std::string_view rest_;
  std::string_view name_;
  std::uint64_t bits_ = 0;
  bool in_bits_ = false;
  std::size_t views_ = 0;
  std::array<char, 1024> view_bytes_;
};

/// A UID as uid() packs it.
[[nodiscard]] std::string packed_uid(std::string_view uid);

}  // namespace bso::cluster
