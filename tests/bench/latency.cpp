// SPDX-License-Identifier: Apache-2.0
// How fast the operator's rooms answer an event by a request, and what many events cost them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "base/task_group.h"
#include "bench/rooms.h"
#include "bench/stamps.h"
#include "bench/store_check.h"
#include "bench/stuck_pods.h"
#include "controllers/mount_conflict/controller.h"
#include "runtime/event_recorder.h"
#include "runtime/metrics.h"
#include "support/eventually.h"
#include "support/process.h"

namespace bso::bench {
namespace {

using std::chrono::milliseconds;

constexpr const char* kUsage =
    "Usage: bench_latency BENCH_PODS DIR COUNT RATE SECONDS\n"
    "\n"
    "Measures on a control plane with COUNT pods, which `BENCH_PODS fill DIR` has made.\n"
    "Environment: KUBECONFIG, BSO_KUBECTL, BSO_ETCD_URL\n";

constexpr std::size_t kStuckPods = 20;
constexpr std::size_t kSamples = 1000;
/// Longer than so many reactions take.
constexpr std::size_t kBusySeconds = 15;

struct Plan {
  std::string bench_pods;
  std::string directory;
  std::string count;
  std::string rate;
  std::size_t seconds = 0;
};

/// The places that one reaction passes.
struct Reaction {
  Nanoseconds received = 0;  ///< bytes of the event came from the socket
  Nanoseconds told = 0;      ///< the view has it, the controllers are told
  Nanoseconds asked = 0;     ///< the reconcile's patch is handed to the transport
  Nanoseconds sent = 0;      ///< and its last bytes to the socket
};

/// One pod at a time is watched on its way.
class Tracer {
 public:
  void expect(const StuckPod& pod) {
    pod_ = &pod;
    reaction_ = {};
  }
  [[nodiscard]] bool done() const { return reaction_.sent != 0; }
  [[nodiscard]] const Reaction& reaction() const { return reaction_; }

  void on_bytes(Nanoseconds received) { bytes_at_ = received; }
  void on_pods(const cluster::PodKeys& pods) {
    // What comes after is the answer's own event.
    if (pod_ == nullptr || reaction_.told != 0) return;
    if (std::find(pods.begin(), pods.end(), pod_->key) == pods.end()) return;
    reaction_.received = bytes_at_;
    reaction_.told = now_ns();
  }
  void on_asked(const std::string& path) {
    if (pod_ != nullptr && path == pod_->path) reaction_.asked = now_ns();
  }
  void on_sent(const std::string& path, Nanoseconds sent) {
    if (pod_ != nullptr && path == pod_->path) reaction_.sent = sent;
  }

 private:
  const StuckPod* pod_ = nullptr;
  Nanoseconds bytes_at_ = 0;
  Reaction reaction_;
};

/// From which time on the view was as new as which resourceVersion.
class Progress {
 public:
  void note(const std::string& version) {
    if (version.empty() || version == last_) return;
    last_ = version;
    steps_.push_back({std::stoll(version), now_ns()});
  }
  /// 0 when it has not come so far.
  [[nodiscard]] Nanoseconds reached(std::int64_t version) const {
    const auto found =
        std::lower_bound(steps_.begin(), steps_.end(), version,
                         [](const Step& step, std::int64_t v) { return step.version < v; });
    return found == steps_.end() ? 0 : found->at;
  }

 private:
  struct Step {
    std::int64_t version;
    Nanoseconds at;
  };
  std::string last_;
  std::vector<Step> steps_;
};

class Bench {
 public:
  explicit Bench(Plan plan)
      : plan_(std::move(plan)),
        etcd_(variable("BSO_ETCD_URL")),
        rooms_([this](TransportPtr inner) { return wrap(std::move(inner)); }),
        recorder_(rooms_.loop.get_executor(), *rooms_.client, metrics_, "block-storage-operator",
                  "bench") {
    // First in the row, so that it is told before the controller is.
    rooms_.feed->on_pods(
        [this](const cluster::PodKeys& pods, bool /*listed*/) { tracer_.on_pods(pods); });
    conflicts_ = std::make_unique<controllers::MountConflictController>(
        rooms_.wire(), *rooms_.feed, *rooms_.view, recorder_, metrics_,
        controllers::DiagnosisOptions{.rules_namespace = "default"});
  }

  void run() {
    const test::Api api(variable("BSO_KUBECTL"), variable("KUBECONFIG"));
    stuck_ = make_stuck_pods(api, etcd_, "bench-stuck", kStuckPods);
    rooms_.run(main());
  }

 private:
  TransportPtr wrap(TransportPtr inner) {
    StampingTransport::Listener listener;
    listener.on_request = [this](const std::string&, const std::string&) {
      last_request_ = now_ns();
    };
    listener.on_applied = [this] {
      progress_.note(rooms_.pods_reflector().last_resource_version());
    };
    listener.on_bytes = [this](Nanoseconds received) { tracer_.on_bytes(received); };
    listener.on_asked = [this](const std::string& path) { tracer_.on_asked(path); };
    listener.on_sent = [this](const std::string& path, Nanoseconds sent) {
      tracer_.on_sent(path, sent);
    };
    return std::make_unique<StampingTransport>(std::move(inner), std::move(listener));
  }

  [[nodiscard]] bool annotated(const StuckPod& pod) const {
    return is_annotated(*rooms_.view, pod.key);
  }

  Task<void> main() {
    TaskGroup parts(rooms_.loop.get_executor(), give_up);
    parts.spawn(rooms_.feed->watch(stop_));
    parts.spawn(conflicts_->watch(stop_));
    parts.spawn(recorder_.run(stop_));
    parts.spawn(conflicts_->act(stop_));
    co_await until(
        "all waiting pods are annotated",
        [this] {
          return std::all_of(stuck_.begin(), stuck_.end(),
                             [this](const StuckPod& pod) { return annotated(pod); });
        },
        stop_);

    // A request counts as sent when the program last sent anything, so it has to be the only one.
    co_await until(
        "all Events are written", [this] { return now_ns() - last_request_ > 1'000'000'000; },
        stop_);
    co_await react("quiet");
    co_await take_updates();
    co_await react_while_busy();
    co_await report_store();
    stop_.request();
    co_await parts.join();
  }

  /// Undoes the annotation of one pod after the other, and watches how it is put back.
  Task<void> react(const char* when) {
    std::vector<Reaction> reactions;
    for (std::size_t i = 0; i < kSamples; ++i) {
      const auto& pod = stuck_[i % stuck_.size()];
      tracer_.expect(pod);
      boost::asio::post(writing_, [this, &pod] { (void)etcd_.put({pod.unannotated}); });
      co_await until(
          "the annotation is put back", [&] { return tracer_.done() && annotated(pod); }, stop_);
      reactions.push_back(tracer_.reaction());
    }
    print_part(when, "reaction", reactions, &Reaction::received, &Reaction::sent);
    print_part(when, "reaction_apply", reactions, &Reaction::received, &Reaction::told);
    print_part(when, "reaction_decide", reactions, &Reaction::told, &Reaction::asked);
    print_part(when, "reaction_send", reactions, &Reaction::asked, &Reaction::sent);
  }

  static void print_part(const char* when, const char* name, const std::vector<Reaction>& reactions,
                         Nanoseconds Reaction::*from, Nanoseconds Reaction::*to) {
    std::vector<Nanoseconds> times;
    times.reserve(reactions.size());
    for (const auto& reaction : reactions) times.push_back(reaction.*to - reaction.*from);
    print_spread(fmt::format("{}_{}_us", when, name), std::move(times), 1e3);
  }

  [[nodiscard]] std::unique_ptr<test::Process> start_updates(std::size_t seconds) const {
    test::Process::Options options;
    options.argv = {plan_.bench_pods, "update",   plan_.directory,
                    plan_.count,      plan_.rate, std::to_string(seconds),
                    updates_file()};
    return std::make_unique<test::Process>(std::move(options));
  }
  [[nodiscard]] std::string updates_file() const { return plan_.directory + "/updates"; }

  Task<void> until_ended(test::Process& writer) {
    co_await until(
        "the updates end", [&writer] { return !writer.running(); }, stop_);
    const auto status = writer.wait(milliseconds{0});
    if (status.code != 0) throw test::TestFailure("the updates failed: " + writer.errors());
  }

  Task<void> take_updates() {
    const auto before = cpu_seconds();
    const auto begun = now_ns();
    const auto writer = start_updates(plan_.seconds);
    co_await until_ended(*writer);
    const double took = static_cast<double>(now_ns() - begun) / 1e9;
    const double cpu = cpu_seconds() - before;
    fmt::print("updates_seconds={:.1f}\nupdates_cpu_percent={:.1f}\n", took, 100.0 * cpu / took);

    std::vector<Nanoseconds> lags;
    std::ifstream lines(updates_file());
    std::int64_t revision = 0;
    for (Nanoseconds sent = 0; lines >> revision >> sent;) {
      Nanoseconds reached = 0;
      co_await until(
          "the last update is seen", [&] { return (reached = progress_.reached(revision)) != 0; },
          stop_);
      lags.push_back(reached - sent);
    }
    if (lags.empty()) throw test::TestFailure("no updates were written");
    fmt::print("updates_last_lag_ms={:.1f}\n", static_cast<double>(lags.back()) / 1e6);
    print_spread("updates_lag_ms", std::move(lags), 1e6);
  }

  Task<void> react_while_busy() {
    const auto writer = start_updates(kBusySeconds);
    co_await react("busy");
    co_await until_ended(*writer);
  }

  Task<void> report_store() {
    // What was written last may be on its way.
    (void)co_await sleep_for(std::chrono::seconds{2}, stop_);
    const auto check = co_await check_store(rooms_);
    fmt::print("store_listed={}\nstore_kept={}\nstore_missing={}\n", check.listed, check.kept,
               check.missing);
    fmt::print("store_different={}\nstore_surplus={}\n", check.different, check.surplus);
  }

  Plan plan_;
  Etcd etcd_;
  Tracer tracer_;
  Progress progress_;
  Nanoseconds last_request_ = 0;  ///< when the last one that is no watch began
  Stop stop_;
  Rooms rooms_;
  runtime::Metrics metrics_;
  runtime::EventRecorder recorder_;
  std::unique_ptr<controllers::MountConflictController> conflicts_;
  std::vector<StuckPod> stuck_;
  boost::asio::thread_pool writing_{1};  ///< so that it does not hold the loop
};

}  // namespace
}  // namespace bso::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 5) {
    std::fputs(bso::bench::kUsage, stderr);
    return 2;
  }
  try {
    bso::bench::Bench({words[0], words[1], words[2], words[3], std::stoul(words[4])}).run();
  } catch (const std::exception& error) {
    bso::bench::give_up(error);
  }
  return 0;
}
