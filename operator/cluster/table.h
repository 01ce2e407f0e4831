// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "cluster/symbol.h"

namespace bso::cluster {

/// What an object is called; `ns` is "" for kinds without namespace.
struct ObjectName {
  std::string_view ns;
  std::string_view name;
  bool operator==(const ObjectName&) const = default;
};

struct ObjectNameHash {
  std::size_t operator()(const ObjectName& key) const {
    const std::hash<std::string_view> hash;
    return hash(key.ns) * 31U + hash(key.name);
  }
};

/// All records of one kind by name. Records keep their address until they are replaced or removed,
/// so that indexes can point at them; the keys point into the records.
template <class Record>
class Table {
 public:
  [[nodiscard]] const Record* find(ObjectName name) const {
    const auto found = rows_.find(name);
    return found == rows_.end() ? nullptr : found->second.get();
  }
  const Record& put(Record record) {
    auto row = std::make_unique<const Record>(std::move(record));
    const Record& stored = *row;
    rows_.erase(name_of(stored));
    rows_.emplace(name_of(stored), std::move(row));
    return stored;
  }
  void erase(const Record& record) {
    const auto found = rows_.find(name_of(record));
    if (found != rows_.end()) rows_.erase(found);
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] auto begin() const { return rows_.begin(); }
  [[nodiscard]] auto end() const { return rows_.end(); }

  [[nodiscard]] static ObjectName name_of(const Record& record) {
    if constexpr (requires { record.ns; }) {
      return {record.ns.view(), record.name};
    } else {
      return {{}, record.name};
    }
  }

 private:
  std::unordered_map<ObjectName, std::unique_ptr<const Record>, ObjectNameHash> rows_;
};

}  // namespace bso::cluster
