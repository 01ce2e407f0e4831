// SPDX-License-Identifier: Apache-2.0
// How a reflector shares the event loop, and what it tells of its own freshness.
#include <chrono>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "kube/object_sink.h"
#include "unit/codec/protobuf_messages.h"
#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

namespace {

using Clock = std::chrono::steady_clock;

/// A LIST in protobuf of one item over and over, always ready to be read.
class EndlessList final : public transport::BodyStream {
 public:
  EndlessList(std::size_t items, std::string item) : left_(items), item_(std::move(item)) {
    const std::string meta = list_meta("4711", "");
    const auto field = [](char tag, std::size_t size) {
      std::string text(1, tag);
      for (; size >= 0x80; size >>= 7U) text += static_cast<char>((size & 0x7FU) | 0x80U);
      return text + static_cast<char>(size);
    };
    item_ = field(0x12, item_.size()) + item_;
    const auto head = field(0x0A, meta.size()) + meta;
    const auto type = type_meta("v1", "PodList");
    pending_ = std::string("k8s\0", 4) + field(0x0A, type.size()) + type +
               field(0x12, head.size() + items * item_.size()) + head;
  }
  [[nodiscard]] int status() const override { return 200; }
  [[nodiscard]] const std::string& content_type() const override { return type_; }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override { return {}; }
  Task<Result<std::size_t>> read(std::span<char> into, std::chrono::milliseconds) override {
    while (pending_.size() < into.size() && left_ > 0) {
      pending_ += item_;
      --left_;
    }
    const auto count = std::min(into.size(), pending_.size());
    std::copy_n(pending_.begin(), count, into.begin());
    pending_.erase(0, count);
    co_return count;
  }
  void close() override {}

 private:
  std::size_t left_;
  std::string item_;
  std::string pending_;
  std::string type_ = "application/vnd.kubernetes.protobuf";
};

class EndlessTransport final : public transport::Transport {
 public:
  std::size_t items = 0;
  std::string item;
  bool listed = false;

  Task<Result<transport::Response>> call(transport::Request) override {
    co_return fail(wire_error(ErrorKind::network, false));
  }
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(transport::Request) override {
    if (listed) co_return fail(wire_error(ErrorKind::network, false));
    listed = true;
    co_return std::make_unique<EndlessList>(items, item);
  }
};

std::string pod_message(std::size_t size) {
  std::string metadata;
  protozero::pbf_writer meta(metadata);
  meta.add_string(1, "a-pod");
  meta.add_string(3, "a-namespace");
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_message(1, metadata);
  writer.add_string(2, std::string(size, 'x'));
  return message;
}

/// Notes the longest time that the loop did not come round.
Task<void> watch_the_loop(Stop& stop, Clock::duration& longest) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  while (!stop.requested()) {
    const auto begun = Clock::now();
    timer.expires_after(std::chrono::milliseconds{1});
    co_await timer.async_wait(boost::asio::use_awaitable);
    longest = std::max(longest, Clock::now() - begun);
  }
}

}  // namespace

TEST_CASE("a long list leaves the loop to others again and again", "[reflector][pace]") {
  EndlessTransport wire;
  wire.item = pod_message(4600);
  wire.items = 20'000;  // 92 MB
  boost::asio::io_context loop;
  Stop stop;
  std::uint64_t decoded = 0;
  std::map<std::string, int> store;
  RecordSink<std::string> sink({.decode = [&](std::string_view) -> Result<std::string> {
                                  return fmt::format("pod-{:08}", decoded++);
                                },
                                .key =
                                    [](const std::string& record) {
                                      return std::pair{std::string("n"), record};
                                    },
                                .upsert = [&](std::string record) { ++store[record]; },
                                .erase = [&](const auto& key) { store.erase(key.second); },
                                .keys =
                                    [&] {
                                      std::vector<std::pair<std::string, std::string>> keys;
                                      for (const auto& [name, count] : store)
                                        keys.emplace_back("n", name);
                                      return keys;
                                    }});
  Reflector::Options options;
  options.resource = pods;
  Reflector reflector(
      wire, options, sink, [](std::string_view, std::string_view) {},
      [](const Reflector&, const Error&) {});
  Clock::duration longest{};
  Clock::duration took{};
  const auto begun = Clock::now();
  reflector.on_synced([&] {
    took = Clock::now() - begun;
    stop.request();
  });
  boost::asio::co_spawn(loop, reflector.run(stop), boost::asio::detached);
  boost::asio::co_spawn(loop, watch_the_loop(stop, longest), boost::asio::detached);
  loop.run_for(50s);
  REQUIRE(reflector.synced());
  CHECK(store.size() == wire.items);
  const auto in_ms = [](Clock::duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  WARN("listed in " << in_ms(took) << " ms, the loop came round at least every " << in_ms(longest)
                    << " ms");
  // Without yielding it would be as long as the list takes. The machine itself may be busy.
  CHECK(in_ms(longest) < std::max<std::int64_t>(60, in_ms(took) / 4));
}

TEST_CASE("a reconcile that waits for long does not stop the stream", "[reflector][pace]") {
  Bench bench;
  std::vector<std::string> chunks;
  for (int i = 0; i < 2000; ++i) {
    chunks.push_back(event("ADDED", thing(fmt::format("t{}", i), fmt::format("{}", 100 + i))));
  }
  bench.wire.script = {list("10", {thing("first", "9")}), watch(chunks)};
  // Whoever works on a change does so in a coroutine of its own.
  boost::asio::steady_timer working(bench.loop);
  int begun = 0;
  bench.on_change = [&](const Document&) {
    if (begun++ > 0) return;
    working.expires_after(1h);
    working.async_wait([](boost::system::error_code) {});
  };
  bench.start();
  bench.wire.on_end = [&] {
    working.cancel();
    bench.stop.request();
  };
  bench.loop.run_for(kLongest);
  CHECK(bench.store.all().size() == 2001);
  CHECK(bench.requests().back() == "watch rv=2099");
}

TEST_CASE("a reflector knows how fresh it is", "[reflector][pace]") {
  Bench bench;
  Answer open;
  open.hang = true;
  bench.wire.script = {list("10", {}), open};
  bench.start();
  bench.loop.run_for(20ms);
  const auto& reflector = *bench.reflector;
  CHECK(reflector.staleness() == 0s);
  CHECK_FALSE(reflector.is_stale());
  bench.now += 600s;  // a quiet watch may take that long
  CHECK(reflector.staleness() == 600s);
  CHECK_FALSE(reflector.is_stale());
  bench.now += 60s;
  CHECK(reflector.is_stale());
  bench.stop.request();
  bench.loop.run_for(kLongest);
}

TEST_CASE("trouble for more than a minute makes stale", "[reflector][pace]") {
  Bench bench;
  std::vector<bool> stale;
  bench.options.timing.sleep = [&](std::chrono::milliseconds time, Stop& stop) {
    bench.now += time;
    stale.push_back(bench.reflector->is_stale());
    return sleep_for(0ms, stop);
  };
  bench.wire.script = {list("10", {})};
  for (int i = 0; i < 7; ++i) bench.wire.script.push_back(refused(ErrorKind::network, false));
  bench.run();
  // 0.8, 2.4, 5.6, 12, 24.8, 50.4, 80.4 s
  CHECK(stale == std::vector<bool>{false, false, false, false, false, false, true});
  CHECK_FALSE(bench.reflector->trouble());  // the watch was opened in the end
  CHECK_FALSE(bench.reflector->is_stale());
}

TEST_CASE("a reflector counts what it does", "[reflector][pace]") {
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1"), thing("b", "2")}),
                       watch({event("ADDED", thing("c", "11")), bookmark("12"), "{}\n"}),
                       list("12", {thing("a", "1"), thing("b", "2"), thing("c", "11")}), watch({})};
  bench.run();
  const auto& stats = bench.reflector->stats();
  CHECK(stats.lists == 3);  // at first, after what could not be read, after the very short watch
  CHECK(stats.listed_items == 5);
  CHECK(stats.watches == 2);
  CHECK(stats.short_watches == 1);
  CHECK(stats.events == 3);
  CHECK(stats.skipped == 1);
  CHECK(bench.reflector->last_resource_version() == "12");
}
