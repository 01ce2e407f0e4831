// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "cluster/view.h"

/// Only for the files that implement View.
namespace bso::cluster {

/// Collects the pods whose verdict may change, while the change is made.
class View::Affected {
 public:
  void add(const Pod& pod) { keys_.insert(pod.ns.str() + "/" + pod.name); }
  [[nodiscard]] PodKeys take() && { return {keys_.begin(), keys_.end()}; }

 private:
  std::set<std::string> keys_;
};

/// Removes one entry from a list in an index, and the list when it was the last.
template <class Index, class Key, class Record>
void drop_from(Index& index, const Key& key, const Record* record) {
  const auto found = index.find(key);
  if (found == index.end()) return;
  std::erase(found->second, record);
  if (found->second.empty()) index.erase(found);
}

/// The list at a key, or an empty one.
template <class Index, class Key>
[[nodiscard]] typename Index::mapped_type list_at(const Index& index, const Key& key) {
  const auto found = index.find(key);
  return found == index.end() ? typename Index::mapped_type{} : found->second;
}

template <class Record>
void sort_by_name(std::vector<const Record*>& records) {
  const auto before = [](const Record* a, const Record* b) {
    const auto x = Table<Record>::name_of(*a);
    const auto y = Table<Record>::name_of(*b);
    return std::pair{x.ns, x.name} < std::pair{y.ns, y.name};
  };
  std::sort(records.begin(), records.end(), before);
  records.erase(std::unique(records.begin(), records.end()), records.end());
}

}  // namespace bso::cluster
