// SPDX-License-Identifier: Apache-2.0
// The election against an API server that holds one Lease, with a clock of the test. Cases named as
// in client-go tools/leaderelection/leaderelection_test.go and healthzadaptor_test.go.
#include "runtime/leader_election.h"

#include <deque>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace bso;
using namespace bso::runtime;
using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

Error broken(ErrorKind kind) {
  Error error;
  error.kind = kind;
  error.message = "no answer";
  error.may_have_executed = true;
  return error;
}

class LeaseServer final : public transport::Transport {
 public:
  std::optional<json> lease;
  std::vector<std::string> verbs;  ///< as they came: get, create, update
  std::vector<milliseconds> timeouts;
  /// Called first; an Error is the answer then. It may change anything.
  std::function<std::optional<Error>(const std::string& verb)> before;

  Task<Result<transport::Response>> call(transport::Request request) override {
    const std::string verb = request.method == "GET"    ? "get"
                             : request.method == "POST" ? "create"
                                                        : "update";
    verbs.push_back(verb);
    timeouts.push_back(request.timeout);
    if (before) {
      auto error = before(verb);
      if (error) co_return fail(std::move(*error));
    }
    co_return carry_out(request);
  }

  /// Nobody may watch it: the questions alone have to do.
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(transport::Request) override {
    co_return fail(broken(ErrorKind::network));
  }

  void hold(const std::string& holder, int seconds = 15) {
    lease = json{{"metadata", {{"resourceVersion", next()}, {"labels", {{"kept", "yes"}}}}},
                 {"spec", {{"holderIdentity", holder}, {"leaseDurationSeconds", seconds}}}};
  }
  [[nodiscard]] std::string holder() const {
    return lease->at("/spec/holderIdentity"_json_pointer);
  }

 private:
  std::string next() { return std::to_string(++revision_); }

  transport::Response carry_out(const transport::Request& request) {
    if (request.method == "POST") {
      if (lease) return status(409, "AlreadyExists");
      lease = json::parse(request.body);
      (*lease)["metadata"]["resourceVersion"] = next();
      return object(201);
    }
    if (!lease) return status(404, "NotFound");
    if (request.method == "GET") return object(200);
    CHECK(request.content_type == "application/merge-patch+json");
    auto patch = json::parse(request.body);
    if (patch.at("metadata").at("resourceVersion") != lease->at("metadata").at("resourceVersion")) {
      return status(409, "Conflict");
    }
    patch["metadata"].erase("resourceVersion");
    lease->merge_patch(patch);
    (*lease)["metadata"]["resourceVersion"] = next();
    return object(200);
  }
  transport::Response object(int code) const {
    return {.status = code,
            .content_type = "application/json",
            .retry_after = std::nullopt,
            .body = lease->dump()};
  }
  static transport::Response status(int code, const char* reason) {
    return {.status = code,
            .content_type = "application/json",
            .retry_after = std::nullopt,
            .body = json{{"kind", "Status"},
                         {"apiVersion", "v1"},
                         {"status", "Failure"},
                         {"code", code},
                         {"reason", reason},
                         {"message", reason}}
                        .dump()};
  }

  int revision_ = 0;
};

struct Bench {
  boost::asio::io_context loop;
  LeaseServer server;
  Metrics metrics;
  BootClock::time_point now{1000h};
  Stop stop;
  Stop drained;
  std::vector<milliseconds> pauses;
  /// Called at each pause, after the clock has moved on.
  std::function<void()> at_pause;
  double chance = 0;
  int written_times = 0;

  LeaderElection election{
      loop.get_executor(),
      server,
      {.ns = "foo", .name = "bar", .identity = "baz", .times = {}},
      metrics,
      [](std::string_view, std::string_view) {},
      [](const kube::Reflector&, const Error&) {},
      {.now = [this] { return now; },
       .wall = [this] { return std::to_string(++written_times); },
       .random = [this] { return chance; },
       .pause = [this](std::chrono::nanoseconds duration, Stop&) { return pause(duration); }}};

  Task<void> pause(std::chrono::nanoseconds duration) {
    pauses.push_back(std::chrono::duration_cast<milliseconds>(duration));
    now += std::max(duration, std::chrono::nanoseconds{0});
    if (at_pause) at_pause();
    co_return;
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr escaped, T value) {
      REQUIRE_FALSE(escaped);
      result = std::move(value);
    });
    loop.restart();
    loop.run_for(20s);
    REQUIRE(result.has_value());
    return *result;
  }
  bool acquire() { return run(election.acquire(stop)); }
  bool hold() { return run(election.hold(drained)); }
  void release() {
    boost::asio::co_spawn(loop, election.release(), boost::asio::detached);
    loop.restart();
    loop.run_for(20s);
  }
  bool may_write() const { return election.fence()().has_value(); }
  double shown() {
    const auto text = metrics.exposition();
    CHECK_THAT(text, Catch::Contains("leader_election_master_status{name=\"bar\"}"));
    return text.find("leader_election_master_status{name=\"bar\"} 1") == std::string::npos ? 0 : 1;
  }
};

using Verbs = std::vector<std::string>;

}  // namespace

TEST_CASE("FastPathLeaderElection", "[upstream][leaderelection]") {
  Bench bench;
  int updates = 0;
  SECTION("Exercise fast path after lock acquired") {
    bench.server.before = [&](const std::string& verb) -> std::optional<Error> {
      if (verb == "update" && ++updates == 2) bench.drained.request();
      return std::nullopt;
    };
    CHECK(bench.acquire());
    CHECK(bench.hold());
    CHECK(bench.server.verbs == Verbs{"get", "create", "update", "update"});
  }
  SECTION("Fallback to slow path after fast path fails") {
    bench.server.before = [&](const std::string& verb) -> std::optional<Error> {
      if (verb != "update") return std::nullopt;
      ++updates;
      if (updates == 4) bench.drained.request();
      if (updates != 2) return std::nullopt;
      Error conflict;
      conflict.kind = ErrorKind::status;
      conflict.reason = "Conflict";
      return conflict;
    };
    CHECK(bench.acquire());
    CHECK(bench.hold());
    CHECK(bench.server.verbs ==
          Verbs{"get", "create", "update", "update", "get", "update", "update"});
    CHECK_THAT(bench.metrics.exposition(),
               Catch::Contains("leader_election_slowpath_total{name=\"bar\"} 1"));
  }
}

TEST_CASE("ReleaseOnCancellation_Leases", "[upstream][leaderelection]") {
  Bench bench;
  const std::string fails = GENERATE("update", "get");
  CAPTURE(fails);
  CHECK(bench.acquire());
  bool once = true;
  bench.server.before = [&](const std::string& verb) -> std::optional<Error> {
    // The fast path fails, so that there is a get as well; stop comes while `fails` is under way.
    if (verb == "update" && fails == "get" && once) return broken(ErrorKind::network);
    if (verb != fails || !once) return std::nullopt;
    once = false;
    bench.drained.request();
    return broken(ErrorKind::canceled);
  };
  CHECK(bench.hold());
  bench.release();
  CHECK(bench.server.holder().empty());
  CHECK(bench.server.lease->at("/spec/leaseDurationSeconds"_json_pointer) == 1);
}

TEST_CASE("LeaderElectionHealthChecker", "[upstream][leaderelection]") {
  Bench bench;
  CHECK_FALSE(bench.election.overdue(20s));
  SECTION("held by another server, however old") {
    bench.server.hold("otherServer", 1'000'000);
    bench.at_pause = [&] { bench.stop.request(); };
    CHECK_FALSE(bench.acquire());
    bench.now += 1h;
    CHECK_FALSE(bench.election.overdue(20s));
  }
  SECTION("ours") {
    CHECK(bench.acquire());
    CHECK_FALSE(bench.election.overdue(20s));
    bench.now += 15s + 1s;  // expired, but inside the tolerance
    CHECK_FALSE(bench.election.overdue(20s));
    bench.now += 1h;
    CHECK(bench.election.overdue(20s) ==
          std::string("failed election to renew leadership on lease bar"));
  }
}

TEST_CASE("nobody writes before the lease is ours, nor after it is given up") {
  Bench bench;
  CHECK_FALSE(bench.may_write());
  CHECK(bench.shown() == 0);
  CHECK(bench.acquire());
  CHECK(bench.may_write());
  CHECK(bench.shown() == 1);
  bench.release();
  CHECK_FALSE(bench.may_write());
  CHECK(bench.shown() == 0);
}

TEST_CASE("who waits asks every 2 to 4.4 s, and at the moment the lease runs out") {
  Bench bench;
  bench.chance = GENERATE(0.0, 0.5, 0.999);
  bench.server.hold("other");
  CHECK(bench.acquire());
  CHECK(bench.now - BootClock::time_point{1000h} == 15s);
  for (const auto& pause : bench.pauses) CHECK(pause <= 4400ms);
  CHECK(bench.pauses.front() == milliseconds{static_cast<int>(2000 * (1 + 1.2 * bench.chance))});
  CHECK(bench.server.lease->at("/spec/leaseTransitions"_json_pointer) == 1);
  // What others have put into the object stays.
  CHECK(bench.server.lease->at("/metadata/labels/kept"_json_pointer) == "yes");
}

TEST_CASE("a holder that renews is waited for") {
  Bench bench;
  bench.server.hold("other");
  int looks = 0;
  bench.at_pause = [&] {
    bench.server.lease->at("spec")["renewTime"] = std::to_string(looks);
    if (++looks == 100) bench.stop.request();
  };
  CHECK_FALSE(bench.acquire());
  CHECK(bench.server.holder() == "other");
}

TEST_CASE("a lease that cannot be renewed is lost at the renew deadline, not later") {
  Bench bench;
  CHECK(bench.acquire());
  const auto begun = bench.now;
  bench.server.before = [](const std::string&) { return broken(ErrorKind::network); };
  CHECK_FALSE(bench.hold());
  CHECK(bench.now - begun == 10s);
  CHECK_FALSE(bench.may_write());
  CHECK(bench.shown() == 0);
}

TEST_CASE("one request that hangs does not cost the lease") {
  Bench bench;
  CHECK(bench.acquire());
  bench.server.timeouts.clear();
  int requests = 0;
  bench.server.before = [&](const std::string&) -> std::optional<Error> {
    if (++requests > 1) {
      bench.drained.request();
      return std::nullopt;
    }
    bench.now += bench.server.timeouts.back();
    return broken(ErrorKind::timeout);
  };
  CHECK(bench.hold());
  CHECK(bench.server.timeouts.front() == 5s);
  CHECK(bench.may_write());
}

TEST_CASE("no renewal waits beyond the renew deadline") {
  Bench bench;
  CHECK(bench.acquire());
  const auto begun = bench.now;
  bench.server.before = [&](const std::string&) -> std::optional<Error> {
    bench.now += bench.server.timeouts.back();
    return broken(ErrorKind::timeout);
  };
  CHECK_FALSE(bench.hold());
  CHECK(bench.now - begun <= 10s + 1ms);
}

TEST_CASE("a leader that was stopped for longer than its lease writes nothing more") {
  Bench bench;
  CHECK(bench.acquire());
  SECTION("between two renewals") {
    bench.at_pause = [&] {
      bench.now += 20s;
      bench.server.hold("other");
      bench.server.verbs.clear();
    };
    CHECK_FALSE(bench.hold());
    CHECK(bench.server.verbs.empty());
  }
  SECTION("while a renewal is under way") {
    bench.server.before = [&](const std::string& verb) -> std::optional<Error> {
      if (verb == "update") {
        bench.now += 20s;
        bench.server.hold("other");
      }
      return std::nullopt;
    };
    CHECK_FALSE(bench.hold());
    CHECK(bench.server.holder() == "other");
  }
  SECTION("while a renewal is under way, and nobody else has taken it") {
    bench.server.before = [&](const std::string& verb) -> std::optional<Error> {
      if (verb == "update") bench.now += 20s;
      return std::nullopt;
    };
    CHECK_FALSE(bench.hold());
  }
  CHECK_FALSE(bench.may_write());
}

TEST_CASE("a leader whose lease was taken ends at once") {
  Bench bench;
  CHECK(bench.acquire());
  const auto begun = bench.now;
  bench.at_pause = [&] { bench.server.hold("other"); };
  CHECK_FALSE(bench.hold());
  CHECK(bench.now - begun == 2s);
  CHECK_FALSE(bench.may_write());
}

TEST_CASE("a lease that is somebody else's by now is left alone") {
  Bench bench;
  CHECK(bench.acquire());
  bench.server.hold("other");
  bench.release();
  CHECK(bench.server.holder() == "other");
}

TEST_CASE("a stop while the lease is being taken gives it back") {
  Bench bench;
  bench.server.before = [&](const std::string& verb) -> std::optional<Error> {
    if (verb == "create") bench.stop.request();
    return std::nullopt;
  };
  CHECK(bench.acquire());  // so that the caller releases it
  bench.release();
  CHECK(bench.server.holder().empty());
}
