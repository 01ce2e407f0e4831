// SPDX-License-Identifier: Apache-2.0
#include "runtime/leader_election.h"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace bso::runtime {
namespace {

using lease_step::End;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

kube::Reflector::Options watch_of(const LeaderElection::Options& options) {
  kube::Reflector::Options watch;
  watch.resource = kube::leases;
  watch.ns = options.ns;
  // Also what lets the right to watch be limited to this one object by its name.
  watch.field_selector = "metadata.name=" + options.name;
  return watch;
}

Result<StoredLease> as_lease(Result<codec::JsonPtr> answer) {
  if (!answer) return fail(std::move(answer.error()));
  return read_lease(**answer);
}

}  // namespace

/// The way to the server with a time limit of the lease's own: one request that hangs must not cost
/// the lease (controller-runtime pkg/leaderelection bounds its client likewise).
class LeaderElection::BoundedTransport final : public transport::Transport {
 public:
  BoundedTransport(transport::Transport& inner, std::function<milliseconds()> limit)
      : inner_(inner), limit_(std::move(limit)) {}

  Task<Result<transport::Response>> call(transport::Request request) override {
    request.timeout = std::min(request.timeout, limit_());
    return inner_.call(std::move(request));
  }
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(transport::Request request) override {
    return inner_.open(std::move(request));
  }

 private:
  transport::Transport& inner_;
  std::function<milliseconds()> limit_;
};

LeaderElection::LeaderElection(Executor executor, transport::Transport& transport, Options options,
                               Metrics& metrics, kube::RequestObserver observer,
                               kube::Reflector::OnError on_watch_error, Surroundings surroundings)
    : options_(std::move(options)),
      metrics_(metrics),
      surroundings_(std::move(surroundings)),
      machine_(options_.identity, options_.times.lease_duration),
      fence_(std::make_shared<LeaseFence>(surroundings_.now)),
      bounded_(std::make_unique<BoundedTransport>(transport, [this] { return request_timeout(); })),
      // Trying again is this class's own business: a renewal has its times.
      client_(*bounded_, options_.name, observer, {.tries = 1}),
      leases_([this](const kube::Document& lease) { on_lease_change(lease); }),
      watch_(transport, watch_of(options_), leases_.sink(), std::move(observer),
             std::move(on_watch_error)),
      watching_(executor,
                [](const std::exception& escaped) {
                  log::error("the watch on the lease ended", {{"error", escaped.what()}});
                }),
      wake_(std::move(executor)) {
  lead(false);
}

LeaderElection::~LeaderElection() = default;

Task<bool> LeaderElection::acquire(Stop& stop) {
  const Stop::Registration registration(stop, [this] { enough_.request(); });
  watching_.spawn(watch_.run(enough_));
  while (!stop.requested()) {
    changed_ = false;
    const auto end = co_await carry_out(machine_.begin(surroundings_.now(), surroundings_.wall()));
    // After a long stop of this process the lease may be ours by now, and old already.
    if (end == End::leads && surroundings_.now() < renew_by()) {
      lead(true);
      break;
    }
    note_holder();
    if (!changed_) co_await pause(pause_while_waiting(), stop);
  }
  enough_.request();
  // Not waited for when the lease is ours: the watch may be stuck in connecting, and the lease
  // wants to be renewed.
  if (!leading_) co_await watching_.join();
  co_return leading_;
}

Task<bool> LeaderElection::hold(Stop& stop) {
  while (!stop.requested()) {
    const nanoseconds until_late = renew_by() - surroundings_.now();
    co_await pause(std::min<nanoseconds>(options_.times.retry_period, until_late), stop);
    if (stop.requested()) break;
    if (surroundings_.now() >= renew_by()) {
      log::error("the lease was lost: it could not be renewed in time", {{"lease", options_.name}});
      lead(false);
      co_return false;
    }
    const auto end = co_await carry_out(machine_.begin(surroundings_.now(), surroundings_.wall()));
    if (end == End::leads) lead(true);
    if (end == End::held_by_other) {
      log::error("the lease was lost: another replica has taken it",
                 {{"lease", options_.name}, {"holder", machine_.holder()}});
      lead(false);
      co_return false;
    }
  }
  co_return leading_;
}

Task<void> LeaderElection::release() {
  lead(false);
  const auto end = co_await carry_out(machine_.begin_release());
  if (end == End::released) {
    log::info("gave up the lease", {{"lease", options_.name}});
  } else {
    log::warn("could not give up the lease, it will run out",
              {{"lease", options_.name}, {"error", told_failure_}});
  }
  co_await watching_.join();
}

std::optional<std::string> LeaderElection::overdue(std::chrono::seconds tolerance) const {
  if (!leading_) return std::nullopt;
  const auto end = machine_.renewed_at() + options_.times.lease_duration + tolerance;
  if (surroundings_.now() <= end) return std::nullopt;
  return fmt::format("failed election to renew leadership on lease {}", options_.name);
}

Task<End> LeaderElection::carry_out(LeaseStep step) {
  while (true) {
    if (const auto* end = std::get_if<End>(&step)) co_return *end;
    Result<StoredLease> answer;
    const bool reads = std::holds_alternative<lease_step::Get>(step);
    if (reads) {
      answer = co_await get();
    } else if (const auto* made = std::get_if<lease_step::Create>(&step)) {
      answer = co_await create(made->record);
    } else {
      const auto& changed = std::get<lease_step::Update>(step);
      answer = co_await update(changed.record, changed.resource_version);
    }
    told_failure_ = answer ? "" : answer.error().message;
    if (!answer && !answer.error().not_found()) {
      log::debug("the lease was not read or written",
                 {{"lease", options_.name}, {"error", told_failure_}});
    }
    step = reads ? machine_.got(answer, surroundings_.now(), surroundings_.wall())
                 : machine_.wrote(answer);
  }
}

Task<Result<StoredLease>> LeaderElection::get() {
  auto answer = co_await client_.get(kube::leases, options_.ns, options_.name);
  co_return as_lease(std::move(answer));
}

Task<Result<StoredLease>> LeaderElection::create(LeaseRecord record) {
  auto object = std::make_shared<const nlohmann::json>(
      nlohmann::json{{"apiVersion", kube::leases.api_version()},
                     {"kind", kube::leases.kind},
                     {"metadata", {{"name", options_.name}, {"namespace", options_.ns}}},
                     {"spec", lease_spec(record)}});
  auto answer = co_await client_.create(kube::leases, options_.ns, std::move(object));
  co_return as_lease(std::move(answer));
}

Task<Result<StoredLease>> LeaderElection::update(LeaseRecord record, std::string resource_version) {
  auto patch = std::make_shared<const nlohmann::json>(
      nlohmann::json{{"metadata", {{"resourceVersion", std::move(resource_version)}}},
                     {"spec", lease_spec(record)}});
  auto answer =
      co_await client_.merge_patch(kube::leases, options_.ns, options_.name, std::move(patch));
  co_return as_lease(std::move(answer));
}

Task<void> LeaderElection::pause(nanoseconds duration, Stop& stop) {
  if (surroundings_.pause) {
    co_await surroundings_.pause(duration, stop);
    co_return;
  }
  wake_.expires_after(duration);
  const Stop::Registration registration(stop, [this] { wake_.cancel(); });
  if (stop.requested()) co_return;
  boost::system::error_code ignored;
  co_await wake_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

/// client-go's jittered period, cut short when the lease runs out earlier.
nanoseconds LeaderElection::pause_while_waiting() const {
  const nanoseconds period = options_.times.retry_period;
  const auto added =
      static_cast<double>(period.count()) * LeaseTimes::jitter * surroundings_.random();
  const nanoseconds jittered = period + nanoseconds{static_cast<nanoseconds::rep>(added)};
  const auto runs_out = machine_.runs_out();
  const auto now = surroundings_.now();
  if (!runs_out || machine_.holder().empty() || *runs_out <= now) return jittered;
  return std::min<nanoseconds>(jittered, *runs_out - now);
}

milliseconds LeaderElection::request_timeout() const {
  const milliseconds share = std::max<milliseconds>(
      std::chrono::seconds{1}, milliseconds{options_.times.renew_deadline} / 2);
  if (!leading_) return share;
  const auto left = std::chrono::ceil<milliseconds>(renew_by() - surroundings_.now());
  return std::clamp(left, milliseconds{1}, share);
}

LeaseTime LeaderElection::renew_by() const {
  return machine_.renewed_at() + options_.times.renew_deadline;
}

void LeaderElection::note_holder() {
  const auto holder = machine_.holder();
  if (!told_failure_.empty()) {
    if (told_holder_ != told_failure_) {
      log::warn("cannot read or write the lease, trying again",
                {{"lease", options_.name}, {"error", told_failure_}});
    }
    told_holder_ = told_failure_;
  } else if (told_holder_ != holder) {
    log::info("waiting for the lease", {{"lease", options_.name}, {"holder", holder}});
    told_holder_ = holder;
  }
}

void LeaderElection::on_lease_change(const kube::Document& lease) {
  if (leading_ || lease.name != options_.name) return;
  const bool there = leases_.find(lease.ns, lease.name) != nullptr;
  const auto now = surroundings_.now();
  if (there) machine_.observe(read_lease(*lease.body), now);
  if (there && !machine_.may_take(now)) return;
  changed_ = true;
  wake_.cancel();
}

void LeaderElection::lead(bool leading) {
  if (leading) {
    fence_->open(renew_by(), machine_.renewed_at() + options_.times.lease_duration);
    if (!leading_) {
      log::info("leading", {{"lease", options_.name}, {"identity", options_.identity}});
    }
  } else {
    fence_->close();
  }
  leading_ = leading;
  const Labels labels{{"name", options_.name}};
  metrics_.set("leader_election_master_status",
               "Whether the replica leads: 1 indicates leader, 0 indicates standby", labels,
               leading ? 1 : 0);
  metrics_.count("leader_election_slowpath_total", "Renewals that had to read the lease first",
                 labels, machine_.slow_renewals() - counted_slow_renewals_);
  counted_slow_renewals_ = machine_.slow_renewals();
}

}  // namespace bso::runtime
