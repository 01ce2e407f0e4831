// SPDX-License-Identifier: Apache-2.0
// Replicas with bad clocks, a bad network and long pauses: never may two of them write.
#include <algorithm>
#include <memory>
#include <random>

#include <catch2/catch.hpp>

#include "runtime/lease_fence.h"
#include "runtime/lease_machine.h"

using namespace bso;
using namespace bso::runtime;
using namespace bso::runtime::lease_step;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/// One Lease in etcd.
struct Server {
  std::optional<StoredLease> lease;
  int revision = 0;

  Result<StoredLease> get() const {
    if (lease) return *lease;
    return refuse("NotFound");
  }
  Result<StoredLease> create(const LeaseRecord& record) {
    if (lease) return refuse("AlreadyExists");
    lease = StoredLease{record, std::to_string(++revision)};
    return *lease;
  }
  Result<StoredLease> update(const Update& update) {
    if (!lease || lease->resource_version != update.resource_version) return refuse("Conflict");
    // As the API server does: what would change nothing is not written.
    if (lease->record != update.record) {
      lease = StoredLease{update.record, std::to_string(++revision)};
    }
    return *lease;
  }
  static Result<StoredLease> refuse(const char* reason) {
    Error error;
    error.kind = ErrorKind::status;
    error.reason = reason;
    return fail(std::move(error));
  }
};

struct Replica {
  explicit Replica(std::string identity) : machine(std::move(identity), 15s) {}

  LeaseMachine machine;
  double rate = 1;                ///< of its clock
  LeaseTime offset{};             ///< of its clock
  milliseconds busy_until{0};     ///< of the true time: paused, or a message is under way
  std::optional<LeaseStep> step;  ///< to be sent
  std::optional<Result<StoredLease>> answer;
  bool reading = false;
  bool ended = false;

  LeaseTime clock(milliseconds truth) const {
    const auto shown = static_cast<double>(truth.count()) * rate;
    return offset + milliseconds{static_cast<milliseconds::rep>(shown)};
  }
  /// Whether its fence lets a write begin.
  bool may_write(milliseconds truth) const {
    return machine.leads() && clock(truth) < machine.renewed_at() + 10s;
  }
};

}  // namespace

TEST_CASE("never two replicas may write at once, whatever happens to them") {
  const auto seed = GENERATE(range(1U, 41U));
  CAPTURE(seed);
  std::mt19937 chance(seed);
  const auto below = [&](int limit) {
    return static_cast<int>(chance() % static_cast<unsigned>(limit));
  };
  Server server;
  std::vector<std::unique_ptr<Replica>> replicas;
  for (const char* name : {"a", "b", "c"}) {
    replicas.push_back(std::make_unique<Replica>(name));
    auto& made = *replicas.back();
    // client-go's documentation: rates may differ by lease duration to renew deadline, 1.5 here.
    made.rate = 0.82 + 0.36 * (below(1000) / 1000.0);
    made.offset = LeaseTime{std::chrono::hours{1 + below(1000)}};
  }
  int took_over = 0;
  std::string last_leader;
  for (milliseconds truth{0}; truth < 20min; truth += 20ms) {
    int writers = 0;
    for (const auto& replica : replicas) {
      auto& one = *replica;
      if (one.may_write(truth)) {
        ++writers;
        if (one.machine.holder() != last_leader) ++took_over;
        last_leader = one.machine.holder();
      }
      if (truth < one.busy_until) continue;
      // Now and then the whole process stands still, at any point of what it does.
      if (below(60) == 0) {
        one.busy_until = truth + milliseconds{below(40'000)};
        continue;
      }
      if (one.answer) {
        const auto answer = std::move(*one.answer);
        one.answer.reset();
        one.step = one.reading
                       ? one.machine.got(answer, one.clock(truth), std::to_string(truth.count()))
                       : one.machine.wrote(answer);
      } else if (!one.step) {
        one.step = one.machine.begin(one.clock(truth), std::to_string(truth.count()));
      } else if (std::holds_alternative<End>(*one.step)) {
        one.step.reset();
        one.busy_until = truth + milliseconds{2000 + below(2400)};
        // Who waits looks again when the lease runs out, if that is sooner.
        const auto left = one.machine.runs_out().value_or(LeaseTime{}) - one.clock(truth);
        if (!one.machine.leads() && left > 0ms) {
          const auto true_left = static_cast<double>(left / 1ms) / one.rate;
          const milliseconds runs_out{static_cast<milliseconds::rep>(true_left) + 1};
          one.busy_until = std::min(one.busy_until, truth + runs_out);
        }
      } else {
        // It reaches the server or not, at once; the answer takes its time, or gets lost.
        one.reading = std::holds_alternative<Get>(*one.step);
        const bool arrives = below(10) != 0;
        Result<StoredLease> answer = Server::refuse("Timeout");
        if (arrives) {
          if (one.reading) answer = server.get();
          if (const auto* made = std::get_if<Create>(&*one.step))
            answer = server.create(made->record);
          if (const auto* changed = std::get_if<Update>(&*one.step))
            answer = server.update(*changed);
        }
        if (below(10) == 0) answer = Server::refuse("Timeout");
        one.answer = std::move(answer);
        one.busy_until = truth + milliseconds{below(50) == 0 ? 5000 : 20 + below(200)};
      }
    }
    if (writers > 1) FAIL(writers << " may write at " << truth.count() << " ms");
  }
  // Otherwise nothing was proven.
  CHECK(took_over >= 2);
}

TEST_CASE("a fence lets writes begin until the renew deadline and last until the lease's end") {
  BootClock::time_point now{1000h};
  LeaseFence fence([&now] { return now; });
  const auto kind_of = [&] { return fence.check().error().kind; };
  CHECK(kind_of() == ErrorKind::fenced);

  fence.open(now + 10s, now + 15s);
  CHECK(fence.check() == milliseconds{15'000});
  now += 9999ms;
  CHECK(fence.check() == milliseconds{5001});
  now += 1ms;
  CHECK(kind_of() == ErrorKind::fenced);
  now += 1h;
  CHECK(kind_of() == ErrorKind::fenced);

  fence.open(now + 10s, now + 15s);
  CHECK(fence.check().has_value());
  fence.close();
  CHECK(kind_of() == ErrorKind::fenced);
}
