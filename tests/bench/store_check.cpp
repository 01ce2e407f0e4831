// SPDX-License-Identifier: Apache-2.0
#include "bench/store_check.h"

#include "base/task_group.h"
#include "cluster/decode.h"
#include "kube/object_sink.h"

namespace bso::bench {
namespace {

/// Takes a LIST, and keeps nothing of it.
class Comparison final : public kube::ObjectSink {
 public:
  explicit Comparison(const cluster::View& view) : view_(view) { check.kept = view.pod_count(); }

  void begin_list() override {}
  Result<void> list_item(std::string_view object) override {
    const auto listed = cluster::decode_pod(object);
    if (!listed) return fail(listed.error());
    ++check.listed;
    if (listed->volumes.empty() && !listed->annotated()) return {};
    ++due_;
    const auto* held = view_.pod(listed->ns.view(), listed->name);
    if (held == nullptr) {
      ++check.missing;
    } else if (held->resource_version != listed->resource_version) {
      ++check.different;
    }
    return {};
  }
  Result<void> list_changed(std::string_view object) override { return list_item(object); }
  Result<void> list_gone(std::string_view) override { return {}; }
  void list_unreadable(const std::string&, const std::string&) override {}
  void abort_list() override {}
  bool end_list() override {
    check.surplus = check.kept - (due_ - check.missing);
    return true;
  }
  Result<void> upsert(std::string_view) override { return {}; }
  Result<void> erase(std::string_view) override { return {}; }

  StoreCheck check;

 private:
  const cluster::View& view_;
  std::size_t due_ = 0;
};

}  // namespace

Task<StoreCheck> check_store(Rooms& rooms) {
  Comparison comparison(*rooms.view);
  kube::Reflector::Options options;
  options.resource = kube::pods;
  options.paged = true;
  options.floor = [] { return std::string(); };
  const auto wire = rooms.wire();
  kube::Reflector reflector(wire.transport, std::move(options), comparison, wire.observer,
                            wire.on_watch_error);
  Stop stop;
  reflector.on_synced([&stop] { stop.request(); });
  co_await reflector.run(stop);
  co_return comparison.check;
}

}  // namespace bso::bench
