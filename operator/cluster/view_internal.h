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
  void add(ObjectName pod) { keys_.insert(std::string(pod.ns).append(1, '/').append(pod.name)); }
  [[nodiscard]] PodKeys take() && { return {keys_.begin(), keys_.end()}; }

 private:
  std::set<std::string> keys_;
};

/// Of two names, the one to be shown first.
[[nodiscard]] inline bool before(ObjectName a, ObjectName b) {
  return std::pair{a.ns, a.name} < std::pair{b.ns, b.name};
}

template <class Record>
void sort_by_name(std::vector<const Record*>& records) {
  std::sort(records.begin(), records.end(), [](const Record* a, const Record* b) {
    return before(Table<Record>::name_of(*a), Table<Record>::name_of(*b));
  });
}

}  // namespace bso::cluster
