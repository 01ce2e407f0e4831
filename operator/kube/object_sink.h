// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bso::kube {

/// Where a reflector puts what it reads. `object` is the bytes of one object in the reflector's
/// encoding: a raw protobuf message or a JSON text. An error means "this object cannot be read": it
/// is logged, counted and skipped, and never ends the watch.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;

  /// A LIST begins: items are collected apart until it is whole, and what is held stands.
  virtual void begin_list() = 0;
  virtual Result<void> list_item(std::string_view object) = 0;
  /// An item that was deleted again while the list was still arriving.
  virtual Result<void> list_gone(std::string_view object) = 0;
  /// An item cannot be read, but it exists: what is held under that name stands. Without a name
  /// nothing can be concluded from what the list lacks.
  virtual void list_unreadable(const std::string& ns, const std::string& name) = 0;
  /// The LIST came to nothing: what was collected is thrown away.
  virtual void abort_list() = 0;
  /// The LIST is whole: it replaces everything; what it lacks has been deleted in the gap. Does a
  /// bounded part of that and says whether all is done; called until it is, with nothing else in
  /// between. So a large list does not hold the event loop.
  virtual bool end_list() = 0;

  virtual Result<void> upsert(std::string_view object) = 0;
  virtual Result<void> erase(std::string_view object) = 0;
};

/// A sink that decodes each object into a Record and keeps somebody's store in step.
template <class Record>
class RecordSink final : public ObjectSink {
 public:
  using Key = std::pair<std::string, std::string>;  ///< namespace, name

  struct Store {
    std::function<Result<Record>(std::string_view object)> decode;
    std::function<Key(const Record& record)> key;
    std::function<void(Record record)> upsert;
    std::function<void(const Key& key)> erase;
    std::function<std::vector<Key>()> keys;  ///< of all records held
  };

  explicit RecordSink(Store store) : store_(std::move(store)) {}

  void begin_list() override { list_ = {}; }

  Result<void> list_item(std::string_view object) override {
    auto record = store_.decode(object);
    if (!record) return fail(std::move(record.error()));
    list_.records.push_back(std::move(*record));
    return {};
  }

  Result<void> list_gone(std::string_view object) override {
    auto record = store_.decode(object);
    if (!record) return fail(std::move(record.error()));
    const auto key = store_.key(*record);
    std::erase_if(list_.records, [&](const Record& held) { return store_.key(held) == key; });
    return {};
  }

  void list_unreadable(const std::string& ns, const std::string& name) override {
    if (name.empty()) list_.nameless = true;
    list_.unreadable.insert({ns, name});
  }

  void abort_list() override { list_ = {}; }

  bool end_list() override {
    constexpr std::size_t kPart = 256;
    if (!list_.ending) {
      list_.ending = true;
      list_.held = store_.keys();
    }
    for (std::size_t steps = 0; steps < kPart; ++steps) {
      if (!end_list_step()) {
        list_ = {};
        return true;
      }
    }
    return false;
  }

  Result<void> upsert(std::string_view object) override {
    auto record = store_.decode(object);
    if (!record) return fail(std::move(record.error()));
    store_.upsert(std::move(*record));
    return {};
  }

  Result<void> erase(std::string_view object) override {
    auto record = store_.decode(object);
    if (!record) return fail(std::move(record.error()));
    store_.erase(store_.key(*record));
    return {};
  }

 private:
  struct List {
    std::vector<Record> records;
    std::set<Key> unreadable;
    bool nameless = false;  ///< something unreadable had no name

    // While it is being applied.
    bool ending = false;
    std::vector<Key> held;    ///< in the store before
    std::size_t indexed = 0;  ///< of `held`
    std::size_t applied = 0;  ///< of `records`
    std::set<Key> gone;       ///< held, and not met in the list so far
  };

  /// False when nothing is left to do.
  bool end_list_step() {
    if (list_.indexed < list_.held.size()) {
      auto& key = list_.held[list_.indexed++];
      const bool stands = list_.nameless || list_.unreadable.count(key) > 0;
      if (!stands) list_.gone.insert(std::move(key));
      return true;
    }
    if (list_.applied < list_.records.size()) {
      auto& record = list_.records[list_.applied++];
      list_.gone.erase(store_.key(record));
      store_.upsert(std::move(record));
      return true;
    }
    if (list_.gone.empty()) return false;
    const auto first = list_.gone.extract(list_.gone.begin());
    store_.erase(first.value());
    return true;
  }

  Store store_;
  List list_;
};

}  // namespace bso::kube
