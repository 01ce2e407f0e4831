// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "cluster/packed_table.h"
#include "kube/object_sink.h"

namespace bso::controllers {

/// The records of a LIST, packed while they wait for its end. Those without use are not kept.
template <class Record>
class PackedList final : public kube::CollectedList<Record> {
 public:
  /// Whether the store would change anything if it were given the record; may be empty.
  using HasUse = std::function<bool(const Record& record)>;

  explicit PackedList(HasUse has_use = {}) : has_use_(std::move(has_use)) {}

  void add(Record record) override {
    if (!has_use_ || has_use_(record)) {
      records_.put(record);
    } else {
      drop(cluster::Table<Record>::name_of(record));
    }
  }
  void remove(const kube::ObjectKey& key) override { drop({key.first, key.second}); }

  std::optional<Record> take() override {
    next_ = records_.next(next_);
    if (next_ == records_.kNone) return std::nullopt;
    auto record = records_.unpack(next_);
    records_.erase(next_);
    return record;
  }

 private:
  void drop(cluster::ObjectName name) {
    const auto row = records_.find(name);
    if (row != records_.kNone) records_.erase(row);
  }

  HasUse has_use_;
  cluster::PackedTable<Record, cluster::PackingByName<Record>> records_;
  typename decltype(records_)::Row next_ = 0;
};

}  // namespace bso::controllers
