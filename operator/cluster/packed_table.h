// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/cells.h"
#include "cluster/chains.h"
#include "cluster/packed_records.h"
#include "cluster/table.h"

namespace bso::cluster {

/// All records of one kind, packed, by name and by the other keys of the kind. A record has a row,
/// a number that stays the same while it is held; rows are used again.
template <class Record, class Pack = Packing<Record>>
class PackedTable {
 public:
  using Row = std::uint32_t;
  static constexpr Row kNone = Chains::kEnd;

  PackedTable() = default;
  PackedTable(const PackedTable&) = delete;
  PackedTable& operator=(const PackedTable&) = delete;
  ~PackedTable() {
    each([this](Row row) { drop_symbols(row); });
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] Row find(ObjectName name) const {
    Row found = kNone;
    each_of({KeyKind::name, name.ns, name.name}, [&found](Row row) {
      found = row;
      return false;
    });
    return found;
  }

  /// Whether a row holds exactly this.
  [[nodiscard]] bool holds(Row row, const Record& record) const {
    PackWriter writer(scratch_, PackWriter::Symbols::borrowed);
    Pack::fields(writer, record);
    writer.finish();
    return cells_.holds(rows_[row].place, scratch_);
  }

  /// In the place of the one of that name, if there is one.
  Row put(const Record& record) { return put(find(Table<Record>::name_of(record)), record); }
  /// The same by one who has looked where that one is.
  Row put(Row old, const Record& record) {
    forget_unpacked();
    PackWriter writer(scratch_, PackWriter::Symbols::kept);
    Pack::fields(writer, record);
    writer.finish();
    const Row row = old == kNone ? new_row() : old;
    if (old == kNone) {
      rows_[row].place = cells_.put(scratch_, row);
      ++size_;
      link(row);
      return row;
    }
    // Most changes are to the state of an object, not to what it is looked for by.
    const bool same_keys = hashes_of(packed(row)) == hashes_of(scratch_);
    if (!same_keys) unlink(row);
    drop_cell(row);
    rows_[row].place = cells_.put(scratch_, row);
    if (!same_keys) link(row);
    return row;
  }

  void erase(Row row) {
    forget_unpacked();
    unlink(row);
    drop_cell(row);
    rows_[row].place = kNowhere;
    rows_[row].next[0] = free_row_;
    free_row_ = row;
    --size_;
  }

  /// Bytes of which the kind knows the meaning of the first.
  [[nodiscard]] std::string_view packed(Row row) const { return cells_.at(rows_[row].place); }

  /// Valid until the next change.
  [[nodiscard]] ObjectName name_of(Row row) const {
    ObjectName result;
    read_name(packed(row), result);
    return result;
  }

  [[nodiscard]] Record unpack(Row row) const {
    Record record;
    PackReader reader(packed(row));
    Pack::fields(reader, record);
    return record;
  }

  /// Unpacked, and kept so until the next change: the same each time.
  [[nodiscard]] const Record* get(Row row) const {
    if (row == kNone) return nullptr;
    const auto found = unpacked_.find(row);
    return found != unpacked_.end() ? &found->second
                                    : &unpacked_.emplace(row, unpack(row)).first->second;
  }
  void forget_unpacked() const {
    // Not clear(): that takes as long as the greatest number of records that were ever unpacked.
    if (!unpacked_.empty()) unpacked_ = {};
  }

  /// Calls `use` with each row that has this key, the latest first, until it returns false; more
  /// than once where a record has the key twice.
  template <class Use>
  void each_of(const Key& key, const Use& use) const {
    const Links links{*this};
    for (auto entry = chains_.first(hash_of(key)); entry != Chains::kEnd;) {
      const auto following = links.next(entry);
      const auto [row, key_number] = links.owner(entry);
      // Most that is looked for is a name, and the name is a record's first key.
      bool same = (key_number == 0) == (key.kind == KeyKind::name);
      if (same) {
        with_key(packed(row), key_number, [&](const Key& held) { same = held == key; });
      }
      if (same && !use(row)) return;
      entry = following;
    }
  }

  /// Calls `use` with each key of a row, its name first, until it returns false. Nothing is
  /// unpacked.
  template <class Use>
  void keys_of(Row row, const Use& use) const {
    each_key(packed(row), use);
  }

  /// The first row that is in use, from this one on.
  [[nodiscard]] Row next(Row row) const {
    while (row < rows_.size() && rows_[row].place == kNowhere) ++row;
    return row < rows_.size() ? row : kNone;
  }
  template <class Use>
  void each(const Use& use) const {
    for (Row row = next(0); row != kNone; row = next(row + 1)) use(row);
  }

 private:
  static constexpr Cells::Place kNowhere = UINT32_MAX;
  static constexpr std::uint32_t kLinked = Pack::kLinkedKeys;
  /// Memory matters more than time here, and most entries are passed over by a look at their link.
  static constexpr std::size_t kChainLength = 3;

  /// The links of a row's first keys stand in the row; what more keys there are have an entry of
  /// their own.
  struct RowData {
    Cells::Place place = kNowhere;
    std::array<std::uint32_t, kLinked> next{};
  };
  struct FurtherKey {
    Row row = 0;
    std::uint32_t key_number = 0;
    std::uint32_t next = 0;
  };
  static constexpr std::uint32_t kFurther = 1U << 31U;  ///< in the number of an entry

  struct KeyOfRow {
    Row row = 0;
    std::size_t key_number = 0;
  };

  /// What Chains asks for.
  template <class Self>
  struct LinksOf {
    Self& table;

    [[nodiscard]] auto& next(std::uint32_t entry) const {
      if ((entry & kFurther) != 0) return table.further_[entry & ~kFurther].next;
      return table.rows_[entry / kLinked].next[entry % kLinked];
    }
    [[nodiscard]] KeyOfRow owner(std::uint32_t entry) const {
      if ((entry & kFurther) != 0) {
        const auto& key = table.further_[entry & ~kFurther];
        return {key.row, key.key_number};
      }
      return {entry / kLinked, entry % kLinked};
    }
    [[nodiscard]] std::uint32_t hash(std::uint32_t entry) const {
      const auto [row, key_number] = owner(entry);
      std::uint32_t result = 0;
      table.with_key(table.packed(row), key_number,
                     [&result](const Key& key) { result = hash_of(key); });
      return result;
    }
  };
  using Links = LinksOf<const PackedTable>;
  using ChangingLinks = LinksOf<PackedTable>;

  static std::uint32_t hash_of(const Key& key) {
    const std::hash<std::string_view> hash;
    constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15U;
    const std::uint64_t both =
        (hash(key.first) * kSpread + static_cast<std::uint64_t>(key.kind)) * kSpread +
        hash(key.second);
    return static_cast<std::uint32_t>((both * kSpread) >> 32U);
  }

  /// Returns a reader that stands behind the name, and the first of the shared symbols.
  PackReader read_name(std::string_view packed, ObjectName& name,
                       std::string_view* first_shared = nullptr) const {
    PackReader reader(packed);
    reader.skip_bits();
    std::string_view first;
    reader.shared(first);
    for (std::size_t i = 1; i < Pack::kShared; ++i) reader.skip_shared();
    if constexpr (requires(Record record) { record.ns; }) name.ns = first;
    reader.name(name.name);
    if (first_shared != nullptr) *first_shared = first;
    return reader;
  }

  /// Calls `use` with each key, its name first, until it returns false.
  template <class Use>
  void each_key(std::string_view packed, const Use& use) const {
    ObjectName name;
    std::string_view first_shared;
    auto reader = read_name(packed, name, &first_shared);
    if (!use(Key{KeyKind::name, name.ns, name.name})) return;
    Pack::keys(reader, first_shared, use);
  }
  template <class Use>
  void with_key(std::string_view packed, std::size_t key_number, const Use& use) const {
    std::size_t left = key_number;
    each_key(packed, [&left, &use](const Key& key) {
      if (left-- > 0) return true;
      use(key);
      return false;
    });
  }
  [[nodiscard]] std::vector<std::uint32_t> hashes_of(std::string_view packed) const {
    std::vector<std::uint32_t> hashes;
    hashes.reserve(kLinked);
    each_key(packed, [&hashes](const Key& key) {
      hashes.push_back(hash_of(key));
      return true;
    });
    return hashes;
  }

  Row new_row() {
    if (free_row_ == kNone) {
      rows_.push_back({});
      return rows_.size() - 1;
    }
    const Row row = free_row_;
    free_row_ = rows_[row].next[0];
    return row;
  }

  void link(Row row) {
    ChangingLinks links{*this};
    const auto hashes = hashes_of(packed(row));
    for (std::size_t number = 0; number < hashes.size(); ++number) {
      std::uint32_t entry = row * kLinked + static_cast<std::uint32_t>(number);
      if (number >= kLinked) {
        entry = new_further({row, static_cast<std::uint32_t>(number), 0});
      }
      chains_.add(entry, hashes[number], links);
    }
  }

  void unlink(Row row) {
    ChangingLinks links{*this};
    const auto hashes = hashes_of(packed(row));
    for (std::size_t number = 0; number < hashes.size(); ++number) {
      std::uint32_t entry = row * kLinked + static_cast<std::uint32_t>(number);
      if (number >= kLinked) entry = find_further(row, number, hashes[number]);
      chains_.remove(entry, hashes[number], links);
      if (number >= kLinked) free_further(entry);
    }
  }

  std::uint32_t new_further(const FurtherKey& key) {
    if (free_further_ == Chains::kEnd) {
      further_.push_back(key);
      return (further_.size() - 1) | kFurther;
    }
    const std::uint32_t entry = free_further_;
    free_further_ = further_[entry & ~kFurther].next;
    further_[entry & ~kFurther] = key;
    return entry;
  }
  void free_further(std::uint32_t entry) {
    further_[entry & ~kFurther].next = free_further_;
    free_further_ = entry;
  }
  [[nodiscard]] std::uint32_t find_further(Row row, std::size_t number, std::uint32_t hash) const {
    const Links links{*this};
    auto entry = chains_.first(hash);
    while ((entry & kFurther) == 0 || further_[entry & ~kFurther].row != row ||
           further_[entry & ~kFurther].key_number != number) {
      entry = links.next(entry);
    }
    return entry;
  }

  void drop_symbols(Row row) {
    PackReader reader(packed(row));
    reader.skip_bits();
    for (std::size_t i = 0; i < Pack::kShared; ++i) reader.drop_shared();
  }

  /// Takes the bytes away; the row has no place then.
  void drop_cell(Row row) {
    drop_symbols(row);
    const auto place = rows_[row].place;
    if (const auto moved = cells_.erase(place)) rows_[*moved].place = place;
  }

  Cells cells_;
  Chains chains_{kChainLength};
  Segments<RowData> rows_;
  Segments<FurtherKey> further_;
  Row free_row_ = kNone;
  std::uint32_t free_further_ = Chains::kEnd;
  std::size_t size_ = 0;
  mutable std::unordered_map<Row, Record> unpacked_;
  mutable std::string scratch_;
};

}  // namespace bso::cluster
