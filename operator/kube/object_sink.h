// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kube/status_error.h"

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
  /// An item has changed while the list was still arriving; it may have been told of before.
  virtual Result<void> list_changed(std::string_view object) = 0;
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

using ObjectKey = std::pair<std::string, std::string>;  ///< namespace, name

/// The records of a LIST while it arrives.
template <class Record>
class CollectedList {
 public:
  virtual ~CollectedList() = default;

  virtual void add(Record record) = 0;
  virtual void remove(const ObjectKey& key) = 0;
  /// The next one, or nullopt when none is left. Of several with one name at least the last one
  /// added, and that one last. Nothing is added or removed after the first.
  virtual std::optional<Record> take() = 0;
};

/// A sink that decodes each object into a Record and keeps somebody's store in step.
template <class Record>
class RecordSink final : public ObjectSink {
 public:
  using Key = ObjectKey;

  struct Store {
    std::function<Result<Record>(std::string_view object)> decode;
    std::function<Key(const Record& record)> key;
    std::function<void(Record record)> upsert;
    std::function<void(const Key& key)> erase;
    std::function<std::vector<Key>()> keys;  ///< of all records held
    /// False for what the store would not keep: while a LIST arrives that is neither decoded nor
    /// collected, so that a large one takes no more than what is kept of it. Optional: all is kept.
    std::function<bool(std::string_view object)> wanted = {};
    /// A list that takes less memory than the records as they are; may be empty. It may leave out
    /// a record whose upsert would change nothing.
    std::function<std::unique_ptr<CollectedList<Record>>()> collect = {};
  };

  explicit RecordSink(Store store) : store_(std::move(store)) { start_anew(); }
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;

  void begin_list() override { start_anew(); }

  Result<void> list_item(std::string_view object) override {
    // One that is held is then missed at the end of the list, and goes.
    if (store_.wanted && !store_.wanted(object)) return {};
    return list_changed(object);
  }

  /// Wanted or not: it has to take the place of what was collected of it before.
  Result<void> list_changed(std::string_view object) override {
    auto record = decode(object);
    if (!record) return fail(std::move(record.error()));
    list_.records->add(std::move(*record));
    return {};
  }

  Result<void> list_gone(std::string_view object) override {
    auto record = decode(object);
    if (!record) return fail(std::move(record.error()));
    list_.records->remove(store_.key(*record));
    return {};
  }

  void list_unreadable(const std::string& ns, const std::string& name) override {
    if (name.empty()) list_.nameless = true;
    list_.unreadable.insert({ns, name});
  }

  void abort_list() override { start_anew(); }

  bool end_list() override {
    constexpr std::size_t kPart = 256;
    if (!list_.ending) {
      list_.ending = true;
      list_.held = store_.keys();
    }
    for (std::size_t steps = 0; steps < kPart; ++steps) {
      if (!end_list_step()) {
        start_anew();
        return true;
      }
    }
    return false;
  }

  Result<void> upsert(std::string_view object) override {
    auto record = decode(object);
    if (!record) return fail(std::move(record.error()));
    store_.upsert(std::move(*record));
    return {};
  }

  Result<void> erase(std::string_view object) override {
    auto record = decode(object);
    if (!record) return fail(std::move(record.error()));
    store_.erase(store_.key(*record));
    return {};
  }

 private:
  /// The records as they are, in the order in which they came.
  class PlainList final : public CollectedList<Record> {
   public:
    explicit PlainList(const Store& store) : store_(store) {}

    void add(Record record) override { records_.push_back(std::move(record)); }
    void remove(const Key& key) override {
      std::erase_if(records_, [&](const Record& held) { return store_.key(held) == key; });
    }
    std::optional<Record> take() override {
      if (records_.empty()) return std::nullopt;
      auto record = std::move(records_.front());
      records_.pop_front();
      return record;
    }

   private:
    const Store& store_;
    std::deque<Record> records_;
  };

  struct List {
    std::unique_ptr<CollectedList<Record>> records;
    std::set<Key> unreadable;
    bool nameless = false;  ///< something unreadable had no name

    // While it is being applied.
    bool ending = false;
    std::vector<Key> held;    ///< in the store before
    std::size_t indexed = 0;  ///< of `held`
    std::set<Key> gone;       ///< held, and not met in the list so far
  };

  /// The API server stores nothing without a name: such an object has been damaged on its way.
  [[nodiscard]] Result<Record> decode(std::string_view object) const {
    auto record = store_.decode(object);
    if (record && store_.key(*record).second.empty()) {
      return fail(protocol_error("an object without a name"));
    }
    return record;
  }

  void start_anew() {
    list_ = {};
    list_.records = store_.collect ? store_.collect() : std::make_unique<PlainList>(store_);
  }

  /// False when nothing is left to do.
  bool end_list_step() {
    if (list_.indexed < list_.held.size()) {
      auto& key = list_.held[list_.indexed++];
      const bool stands = list_.nameless || list_.unreadable.count(key) > 0;
      if (!stands) list_.gone.insert(std::move(key));
      return true;
    }
    if (auto record = list_.records->take()) {
      list_.gone.erase(store_.key(*record));
      store_.upsert(std::move(*record));
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
