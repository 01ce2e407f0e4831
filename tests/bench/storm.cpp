// SPDX-License-Identifier: Apache-2.0
// Thousands of pods that get stuck at once: how fast each is told why, and by how many requests.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "base/task_group.h"
#include "bench/rooms.h"
#include "bench/stamps.h"
#include "bench/stuck_pods.h"
#include "controllers/mount_conflict/controller.h"
#include "runtime/event_recorder.h"
#include "runtime/metrics.h"
#include "support/eventually.h"

namespace bso::bench {
namespace {

using std::chrono::milliseconds;

constexpr const char* kUsage =
    "Usage: bench_storm CLAIMS PODS\n"
    "\n"
    "PODS pods wait for each of CLAIMS volumes, and all are told of at once.\n"
    "Environment: KUBECONFIG, BSO_KUBECTL, BSO_ETCD_URL\n";

/// How many reconciles may run at once: MountConflictController's concurrency.
constexpr int kWorkers = 4;

/// When the workers that wait for something to do became free.
class Workers {
 public:
  /// A worker takes a request's work up and has done it now; since when it was free.
  [[nodiscard]] Nanoseconds asked() {
    const auto since = free_.empty() ? 0 : free_.front();
    if (!free_.empty()) free_.pop_front();
    return since;
  }
  void answered() { free_.push_back(now_ns()); }

 private:
  std::deque<Nanoseconds> free_ = std::deque<Nanoseconds>(kWorkers, 0);
};

/// A PATCH that is handed to the transport.
struct Asked {
  Nanoseconds at = 0;
  Nanoseconds free_since = 0;  ///< the worker that made it
};

class Storm {
 public:
  Storm(std::size_t claims, std::size_t each)
      : etcd_(variable("BSO_ETCD_URL")),
        rooms_([this](TransportPtr inner) { return wrap(std::move(inner)); }),
        recorder_(rooms_.loop.get_executor(), *rooms_.client, metrics_, "block-storage-operator",
                  "bench"),
        claims_(claims),
        each_(each) {
    rooms_.feed->on_pods([this](const cluster::PodKeys& pods, bool /*listed*/) {
      if (!blowing_) return;
      for (const auto& key : pods) told_.try_emplace(key, bytes_at_);
    });
    conflicts_ = std::make_unique<controllers::MountConflictController>(
        rooms_.wire(), *rooms_.feed, *rooms_.view, recorder_, metrics_,
        controllers::DiagnosisOptions{.rules_namespace = "default"});
  }

  void run() {
    const test::Api api(variable("BSO_KUBECTL"), variable("KUBECONFIG"));
    stuck_ = make_stuck_pods(api, etcd_, "bench-storm", claims_, each_);
    for (const auto& pod : stuck_) keys_.emplace(pod.path, pod.key);
    rooms_.run(main());
  }

 private:
  TransportPtr wrap(TransportPtr inner) {
    StampingTransport::Listener listener;
    listener.on_applied = [] {};
    listener.on_bytes = [this](Nanoseconds received) { bytes_at_ = received; };
    listener.on_asked = [this](const std::string& path) {
      const auto free_since = workers_.asked();
      const auto key = keys_.find(path);
      if (!blowing_ || key == keys_.end()) return;
      asked_.try_emplace(key->second, Asked{now_ns(), free_since});
    };
    listener.on_sent = [this](const std::string& /*path*/, Nanoseconds /*sent*/) {
      workers_.answered();
      last_answer_ = now_ns();
    };
    listener.on_request = [this](const std::string& method, const std::string& target) {
      if (!blowing_) return;
      ++requests_;
      if (method == "PATCH" && target.starts_with("/api/v1/namespaces/")) ++patches_;
      if (target.find("/events") != std::string::npos) ++events_;
    };
    return std::make_unique<StampingTransport>(std::move(inner), std::move(listener));
  }

  [[nodiscard]] bool all_annotated() const {
    return std::all_of(stuck_.begin(), stuck_.end(),
                       [this](const StuckPod& pod) { return is_annotated(*rooms_.view, pod.key); });
  }

  Task<void> main() {
    TaskGroup parts(rooms_.loop.get_executor(), give_up);
    parts.spawn(rooms_.feed->watch(stop_));
    parts.spawn(conflicts_->watch(stop_));
    parts.spawn(recorder_.run(stop_));
    parts.spawn(conflicts_->act(stop_));
    co_await until(
        "all waiting pods are annotated", [this] { return all_annotated(); }, stop_);
    // Events of the first annotations.
    (void)co_await sleep_for(std::chrono::seconds{10}, stop_);

    blowing_ = true;
    const auto begun = now_ns();
    const auto cpu = cpu_seconds();
    boost::asio::post(writing_, [this] {
      std::vector<Put> puts;
      for (const auto& pod : stuck_) {
        puts.push_back(pod.unannotated);
        if (puts.size() == Etcd::most_puts) {
          (void)etcd_.put(puts);
          puts.clear();
        }
      }
      if (!puts.empty()) (void)etcd_.put(puts);
    });
    co_await until(
        "each pod is patched", [this] { return asked_.size() == stuck_.size(); }, stop_);
    co_await until(
        "all pods are annotated again", [this] { return all_annotated(); }, stop_);
    report(begun, cpu_seconds() - cpu);
    stop_.request();
    co_await parts.join();
  }

  void report(Nanoseconds begun, double cpu) const {
    std::vector<Nanoseconds> whole;
    std::vector<Nanoseconds> own;
    for (const auto& [key, asked] : asked_) {
      const auto told = told_.find(key);
      if (told == told_.end()) throw test::TestFailure(key + " was patched before it was told of");
      whole.push_back(asked.at - told->second);
      own.push_back(asked.at - std::max(told->second, asked.free_since));
    }
    const auto pods = static_cast<double>(stuck_.size());
    const auto seconds = static_cast<double>(last_answer_ - begun) / 1e9;
    fmt::print("storm_pods={}\nstorm_seconds={:.2f}\nstorm_pods_per_second={:.0f}\n", stuck_.size(),
               seconds, pods / seconds);
    fmt::print("storm_patches_per_pod={:.3f}\nstorm_requests_per_pod={:.3f}\n",
               static_cast<double>(patches_) / pods, static_cast<double>(requests_) / pods);
    fmt::print("storm_event_requests={}\nstorm_cpu_us_per_pod={:.0f}\n", events_, cpu / pods * 1e6);
    print_spread("storm_whole_ms", std::move(whole), 1e6);
    print_spread("storm_own_ms", std::move(own), 1e6);
  }

  Etcd etcd_;
  Workers workers_;
  Nanoseconds bytes_at_ = 0;
  Stop stop_;
  Rooms rooms_;
  runtime::Metrics metrics_;
  runtime::EventRecorder recorder_;
  std::unique_ptr<controllers::MountConflictController> conflicts_;
  std::size_t claims_;
  std::size_t each_;
  std::vector<StuckPod> stuck_;
  std::unordered_map<std::string, std::string> keys_;  ///< by path
  std::unordered_map<std::string, Nanoseconds> told_;  ///< by key
  std::unordered_map<std::string, Asked> asked_;       ///< by key
  Nanoseconds last_answer_ = 0;
  std::size_t requests_ = 0;
  std::size_t patches_ = 0;
  std::size_t events_ = 0;
  bool blowing_ = false;
  boost::asio::thread_pool writing_{1};  ///< so that it does not hold the loop
};

}  // namespace
}  // namespace bso::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 2) {
    std::fputs(bso::bench::kUsage, stderr);
    return 2;
  }
  try {
    bso::bench::Storm(std::stoul(words[0]), std::stoul(words[1])).run();
  } catch (const std::exception& error) {
    bso::bench::give_up(error);
  }
  return 0;
}
