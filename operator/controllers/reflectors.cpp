// SPDX-License-Identifier: Apache-2.0
#include "controllers/reflectors.h"

#include "base/log.h"

namespace bso::controllers {
namespace {

/// Marks the time in which a whole LIST is put into the store.
class MarkingSink final : public kube::ObjectSink {
 public:
  MarkingSink(std::unique_ptr<kube::ObjectSink> inner, bool& putting_list)
      : inner_(std::move(inner)), putting_list_(putting_list) {}

  void begin_list() override { inner_->begin_list(); }
  Result<void> list_item(std::string_view object) override { return inner_->list_item(object); }
  Result<void> list_changed(std::string_view object) override {
    return inner_->list_changed(object);
  }
  Result<void> list_gone(std::string_view object) override { return inner_->list_gone(object); }
  void list_unreadable(const std::string& ns, const std::string& name) override {
    inner_->list_unreadable(ns, name);
  }
  void abort_list() override { inner_->abort_list(); }
  bool end_list() override {
    putting_list_ = true;
    const bool done = inner_->end_list();
    putting_list_ = false;
    return done;
  }
  Result<void> upsert(std::string_view object) override { return inner_->upsert(object); }
  Result<void> erase(std::string_view object) override { return inner_->erase(object); }

 private:
  std::unique_ptr<kube::ObjectSink> inner_;
  bool& putting_list_;
};

}  // namespace

Reflectors::Reflectors(const Wire& wire) : wire_(wire), synced_(wire.executor) {}

void Reflectors::add(kube::Reflector::Options options, std::unique_ptr<kube::ObjectSink> sink) {
  sinks_.push_back(std::make_unique<MarkingSink>(std::move(sink), putting_list_));
  add(std::move(options), *sinks_.back());
}

void Reflectors::add(kube::Reflector::Options options, kube::ObjectSink& sink) {
  if (!options.floor) options.floor = wire_.resource_version_floor;
  reflectors_.push_back(std::make_unique<kube::Reflector>(wire_.transport, std::move(options), sink,
                                                          wire_.observer, wire_.on_watch_error));
  ++unsynced_;
  reflectors_.back()->on_synced([this] {
    if (--unsynced_ == 0) synced_.open();
  });
}

Task<void> Reflectors::run(Stop& stop) {
  // A reflector that throws has lost its place: the escape ends run(), and with it the process.
  std::exception_ptr first;
  TaskGroup group(wire_.executor, [&](const std::exception&) {
    if (!first) first = std::current_exception();
  });
  for (const auto& reflector : reflectors_) group.spawn(reflector->run(stop));
  co_await group.join();
  if (first) std::rethrow_exception(first);
}

Task<bool> Reflectors::wait_synced(Stop& stop) {
  const Stop::Registration registration(stop, [this] { synced_.open(); });
  co_await synced_.wait();
  co_return !stop.requested();
}

void Reflectors::for_each(const std::function<void(const kube::Reflector&)>& visit) const {
  for (const auto& reflector : reflectors_) visit(*reflector);
}

}  // namespace bso::controllers
