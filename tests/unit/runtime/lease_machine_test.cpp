// SPDX-License-Identifier: Apache-2.0
// The rules of leader election. Cases named as in client-go
// tools/leaderelection/leaderelection_test.go.
#include "runtime/lease_machine.h"

#include <limits>
#include <optional>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace bso;
using namespace bso::runtime;
using namespace bso::runtime::lease_step;
using namespace std::chrono_literals;

namespace {

const LeaseTime kStart{1000h};
constexpr auto kWall = "2026-05-04T03:12:09.000001Z";

Error not_found() {
  Error error;
  error.kind = ErrorKind::status;
  error.code = 404;
  error.reason = "NotFound";
  return error;
}

Error conflict() {
  Error error;
  error.kind = ErrorKind::status;
  error.code = 409;
  error.reason = "Conflict";
  return error;
}

Error timeout() {
  Error error;
  error.kind = ErrorKind::timeout;
  error.may_have_executed = true;
  return error;
}

StoredLease stored(LeaseRecord record, std::string version = "7") {
  return {std::move(record), std::move(version)};
}

LeaseRecord of(std::string holder, std::int32_t seconds = 0, std::string renewed = {}) {
  return {.holder = std::move(holder),
          .duration_seconds = seconds,
          .acquired = "",
          .renewed = std::move(renewed),
          .transitions = 0};
}

template <class Wanted>
const Wanted& expect(const LeaseStep& step) {
  const auto* wanted = std::get_if<Wanted>(&step);
  REQUIRE(wanted != nullptr);
  return *wanted;
}

/// Takes the lease from nobody at kStart.
LeaseMachine leader() {
  LeaseMachine machine("baz", 15s);
  expect<Get>(machine.begin(kStart, kWall));
  const auto create = expect<Create>(machine.got(fail(not_found()), kStart, kWall));
  REQUIRE(expect<End>(machine.wrote(stored(create.record, "1"))) == End::leads);
  return machine;
}

}  // namespace

TEST_CASE("TryAcquireOrRenewLeases", "[upstream][leaderelection]") {
  struct Row {
    const char* name;
    std::optional<LeaseRecord> observed;  ///< before, and `observed_ago`
    std::chrono::seconds observed_ago;
    std::optional<LeaseRecord> found;  ///< nullopt: no object
    bool success;
    bool transition;
    const char* holder;
  };
  const auto row = GENERATE(values<Row>({
      {"acquire from no object", std::nullopt, 0s, std::nullopt, true, false, "baz"},
      {"acquire from object without annotations", std::nullopt, 0s, LeaseRecord{}, true, true,
       "baz"},
      {"acquire from led object with the lease duration seconds", of("bing", 3), 3s, of("bing", 3),
       true, true, "baz"},
      {"not yet from led object with the lease duration seconds", of("bing", 3), 2s, of("bing", 3),
       false, false, "bing"},
      {"acquire from unled object", std::nullopt, 0s, of(""), true, true, "baz"},
      {"acquire from led, unacked object", of("bing"), 1000h, of("bing"), true, true, "baz"},
      {"acquire from empty led, acked object", of(""), 0s, of(""), true, true, "baz"},
      {"don't acquire from led, acked object", of("bing", 10), 1s, of("bing", 10), false, false,
       "bing"},
      {"don't acquire from an object that has changed since", of("bing", 10, "old"), 1000h,
       of("bing", 10, "new"), false, false, "bing"},
      {"renew already acquired object", of("baz", 10), 11s, of("baz", 10), true, false, "baz"},
  }));
  CAPTURE(row.name);
  LeaseMachine machine("baz", 10s);
  if (row.observed) machine.observe(stored(*row.observed), kStart - row.observed_ago);

  expect<Get>(machine.begin(kStart, kWall));
  const auto answer = row.found ? Result<StoredLease>(stored(*row.found, "8"))
                                : Result<StoredLease>(fail(not_found()));
  auto step = machine.got(answer, kStart, kWall);
  LeaseRecord written;
  if (const auto* create = std::get_if<Create>(&step)) {
    CHECK_FALSE(row.found);
    written = create->record;
    step = machine.wrote(stored(written));
  } else if (const auto* update = std::get_if<Update>(&step)) {
    CHECK(update->resource_version == "8");
    written = update->record;
    step = machine.wrote(stored(written));
  }

  CHECK((expect<End>(step) == End::leads) == row.success);
  CHECK(machine.holder() == row.holder);
  CHECK(machine.leads() == row.success);
  CHECK((written.transitions == 1) == row.transition);
  if (row.success) {
    CHECK(written.duration_seconds == 10);
    CHECK(written.renewed == kWall);
  } else {
    CHECK(expect<End>(step) == End::held_by_other);
  }
}

TEST_CASE("LeaseSpecToLeaderElectionRecordRoundTrip", "[upstream][leaderelection]") {
  const nlohmann::json spec = {{"holderIdentity", "foo"},
                               {"leaseDurationSeconds", 10},
                               {"leaseTransitions", 1},
                               {"acquireTime", "2026-05-04T03:12:09.000001Z"},
                               {"renewTime", "2026-05-04T03:12:10.999999Z"}};
  const auto record = read_lease({{"spec", spec}}).record;
  CHECK(lease_spec(record) == spec);
  CHECK(read_lease({{"spec", lease_spec(record)}}).record == record);
}

TEST_CASE("ReleaseLeaseLeases", "[upstream][leaderelection]") {
  auto machine = leader();
  expect<Get>(machine.begin_release());
  SECTION("still ours") {
    const auto update = expect<Update>(machine.got(stored(of("baz", 15), "9"), kStart + 1s, kWall));
    CHECK(update.record.holder.empty());
    CHECK(update.record.duration_seconds == 1);
    CHECK(update.resource_version == "9");
    CHECK(expect<End>(machine.wrote(stored(update.record, "10"))) == End::released);
  }
  SECTION("no object") {
    CHECK(expect<End>(machine.got(fail(not_found()), kStart + 1s, kWall)) == End::released);
    return;
  }
  SECTION("somebody else's by now") {
    CHECK(expect<End>(machine.got(stored(of("bing", 15)), kStart + 1s, kWall)) == End::released);
  }
  CHECK_FALSE(machine.leads());
}

TEST_CASE("ReleaseMethodCallsGet", "[upstream][leaderelection]") {
  auto machine = leader();
  expect<Get>(machine.begin_release());
}

TEST_CASE("ReleaseRetriesOnConflict", "[upstream][leaderelection]") {
  auto machine = leader();
  expect<Get>(machine.begin_release());
  // A renewal of ours that was still under way has come in between.
  expect<Update>(machine.got(stored(of("baz", 15), "9"), kStart, kWall));
  expect<Get>(machine.wrote(fail(conflict())));
  const auto again =
      expect<Update>(machine.got(stored(of("baz", 15, "later"), "10"), kStart, kWall));
  CHECK(again.resource_version == "10");
  CHECK(expect<End>(machine.wrote(stored(again.record))) == End::released);
}

TEST_CASE("a lease that was never ours is not released") {
  LeaseMachine machine("baz", 15s);
  CHECK(expect<End>(machine.begin_release()) == End::released);
  machine.observe(stored(of("bing", 15)), kStart);
  CHECK(expect<End>(machine.begin_release()) == End::released);
}

TEST_CASE("a leader renews without reading, and reads when that fails") {
  auto machine = leader();
  const auto fast = expect<Update>(machine.begin(kStart + 2s, "later"));
  CHECK(fast.resource_version == "1");
  CHECK(fast.record.acquired == kWall);
  CHECK(fast.record.renewed == "later");
  CHECK(fast.record.transitions == 0);
  const auto error = GENERATE_COPY(conflict(), timeout(), not_found());
  expect<Get>(machine.wrote(fail(error)));

  const auto slow =
      expect<Update>(machine.got(stored(of("baz", 15, "later"), "5"), kStart + 3s, kWall));
  CHECK(slow.resource_version == "5");
  CHECK(expect<End>(machine.wrote(stored(slow.record, "6"))) == End::leads);
  CHECK(machine.renewed_at() == kStart + 3s);
  CHECK(machine.slow_renewals() == 1);
}

TEST_CASE("a renewal counts from when it was sent, whenever its answer comes") {
  auto machine = leader();
  const auto update = expect<Update>(machine.begin(kStart + 2s, kWall));
  CHECK(expect<End>(machine.wrote(stored(update.record, "2"))) == End::leads);
  CHECK(machine.renewed_at() == kStart + 2s);
  CHECK(machine.runs_out() == kStart + 17s);
}

TEST_CASE("a renewal that changed nothing is none") {
  // The first renewal was carried out though no answer came. Were the second one the same, the
  // server would leave the object alone, and the others count from the first.
  auto machine = leader();
  const auto fast = expect<Update>(machine.begin(kStart + 2s, "first"));
  expect<Get>(machine.wrote(fail(timeout())));
  const auto slow = expect<Update>(machine.got(stored(fast.record, "2"), kStart + 9s, "second"));
  CHECK(slow.record != fast.record);
  SECTION("it is written") {
    CHECK(expect<End>(machine.wrote(stored(slow.record, "3"))) == End::leads);
    CHECK(machine.renewed_at() == kStart + 9s);
  }
  SECTION("the object stays as it was") {
    CHECK(expect<End>(machine.wrote(stored(fast.record, "2"))) == End::failed);
    CHECK(machine.renewed_at() == kStart);
  }
}

TEST_CASE("the watch may show our write before its answer comes") {
  LeaseMachine machine("baz", 15s);
  expect<Get>(machine.begin(kStart, kWall));
  const auto update = expect<Update>(machine.got(stored(of("", 1), "7"), kStart, kWall));
  machine.observe(stored(update.record, "8"), kStart + 1s);
  CHECK(expect<End>(machine.wrote(stored(update.record, "8"))) == End::leads);
  CHECK(machine.renewed_at() == kStart);
}

TEST_CASE("a failed slow renewal is no success") {
  auto machine = leader();
  expect<Update>(machine.begin(kStart + 2s, kWall));
  expect<Get>(machine.wrote(fail(timeout())));
  SECTION("no answer to the read") {
    CHECK(expect<End>(machine.got(fail(timeout()), kStart + 4s, kWall)) == End::failed);
  }
  SECTION("no answer to the write") {
    expect<Update>(machine.got(stored(of("baz", 15)), kStart + 4s, kWall));
    CHECK(expect<End>(machine.wrote(fail(timeout()))) == End::failed);
  }
  CHECK(machine.renewed_at() == kStart);
}

TEST_CASE("a leader that finds another holder knows that it leads no more") {
  auto machine = leader();
  expect<Update>(machine.begin(kStart + 20s - 6s, kWall));
  expect<Get>(machine.wrote(fail(conflict())));
  CHECK(expect<End>(machine.got(stored(of("bing", 15)), kStart + 14s, kWall)) ==
        End::held_by_other);
  CHECK_FALSE(machine.leads());
}

TEST_CASE("a leader that slept past its lease reads before it writes") {
  auto machine = leader();
  expect<Get>(machine.begin(kStart + 15s, kWall));
}

TEST_CASE("a lease that was deleted is made anew by its holder") {
  auto machine = leader();
  expect<Update>(machine.begin(kStart + 2s, kWall));
  expect<Get>(machine.wrote(fail(not_found())));
  const auto create = expect<Create>(machine.got(fail(not_found()), kStart + 2s, kWall));
  CHECK(create.record.holder == "baz");
}

TEST_CASE("of two who find it free the slower one waits") {
  LeaseMachine machine("baz", 15s);
  expect<Get>(machine.begin(kStart, kWall));
  expect<Update>(machine.got(stored(of("")), kStart, kWall));
  CHECK(expect<End>(machine.wrote(fail(conflict()))) == End::failed);
  CHECK_FALSE(machine.leads());
}

TEST_CASE("a program restarted under its identity need not wait for its own lease") {
  LeaseMachine machine("pod_uid", 15s);
  expect<Get>(machine.begin(kStart, kWall));
  const auto update = expect<Update>(machine.got(stored(of("pod_uid", 15)), kStart, kWall));
  CHECK(update.record.transitions == 0);
}

TEST_CASE("a holder that somebody puts in place of what we write is no success") {
  LeaseMachine machine("baz", 15s);
  expect<Get>(machine.begin(kStart, kWall));
  expect<Create>(machine.got(fail(not_found()), kStart, kWall));
  CHECK(expect<End>(machine.wrote(stored(of("bing", 15)))) == End::failed);
}

TEST_CASE("a watch tells when an attempt may succeed") {
  LeaseMachine machine("baz", 15s);
  CHECK(machine.may_take(kStart));
  machine.observe(stored(of("bing", 15, "1")), kStart);
  CHECK_FALSE(machine.may_take(kStart + 14s));
  CHECK(machine.may_take(kStart + 15s));
  machine.observe(stored(of("bing", 15, "1"), "8"), kStart + 10s);  // nothing new
  CHECK(machine.may_take(kStart + 15s));
  machine.observe(stored(of("bing", 15, "2")), kStart + 12s);
  CHECK_FALSE(machine.may_take(kStart + 26s));
  machine.observe(stored(of("", 1)), kStart + 13s);
  CHECK(machine.may_take(kStart + 13s));
}

TEST_CASE("whatever stands in a Lease is read as something") {
  using nlohmann::json;
  const auto spec = GENERATE(values<json>({
      json(nullptr),
      json::object(),
      json("text"),
      json::array({1, 2}),
      {{"holderIdentity", nullptr}, {"leaseDurationSeconds", nullptr}, {"renewTime", nullptr}},
      {{"holderIdentity", 5}, {"leaseDurationSeconds", "15"}, {"leaseTransitions", -3}},
      {{"leaseDurationSeconds", -1}, {"renewTime", {{"a", 1}}}},
      {{"leaseDurationSeconds", 1e300}},
      {{"leaseDurationSeconds", std::numeric_limits<std::uint64_t>::max()},
       {"leaseTransitions", std::numeric_limits<std::int64_t>::max()}},
  }));
  CAPTURE(spec);
  const auto lease = read_lease({{"metadata", {{"resourceVersion", "3"}}}, {"spec", spec}});
  CHECK(lease.record == LeaseRecord{});
  CHECK(lease.resource_version == "3");
  // Held by nobody, so it is taken.
  LeaseMachine machine("baz", 15s);
  expect<Get>(machine.begin(kStart, kWall));
  CHECK(expect<Update>(machine.got(lease, kStart, kWall)).record.holder == "baz");
}

TEST_CASE("extreme but valid Leases") {
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  LeaseMachine machine("baz", 15s);
  expect<Get>(machine.begin(kStart, kWall));
  SECTION("held for 68 years") {
    CHECK(expect<End>(machine.got(stored(of("bing", kMost)), kStart, kWall)) == End::held_by_other);
    CHECK(*machine.runs_out() > kStart);
  }
  SECTION("no more transitions to count") {
    auto record = of("", 1);
    record.transitions = kMost;
    CHECK(expect<Update>(machine.got(stored(record), kStart, kWall)).record.transitions == kMost);
  }
  SECTION("taken over without an acquireTime") {
    const auto update = expect<Update>(machine.got(stored(of("baz", 15)), kStart, kWall));
    CHECK(lease_spec(update.record).at("acquireTime").is_null());
  }
}

TEST_CASE("MicroTime has six digits") {
  CHECK_THAT(micro_time_now(), Catch::Matches(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"));
}

TEST_CASE("LeaderElectionConfigValidation", "[upstream][leaderelection]") {
  struct Row {
    LeaseTimes times;
    const char* said;
  };
  const auto row = GENERATE(values<Row>({
      {{15s, 10s, 2s}, ""},
      {{3s, 2s, 1s}, ""},
      {{10s, 10s, 2s}, "the lease duration (10 s) has to be longer than the renew deadline (10 s)"},
      {{15s, 2s, 2s}, "the renew deadline (2 s) has to be longer than 1.2 times the retry period"},
      {{15s, 1s, 1s}, "the renew deadline (1 s) has to be longer"},
      {{15s, 10s, 0s}, "the retry period has to be 1 s or longer"},
      {{std::chrono::hours{1'000'000}, 10s, 2s}, "the lease duration is too long"},
  }));
  const auto checked = check_lease_times(row.times);
  CAPTURE(row.said);
  CHECK(checked.has_value() == std::string_view(row.said).empty());
  if (!checked) CHECK_THAT(checked.error().message, Catch::StartsWith(row.said));
}
