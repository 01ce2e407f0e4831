// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "base/backoff.h"
#include "base/stop.h"
#include "base/task.h"
#include "base/task_group.h"
#include "kube/client.h"
#include "kube/document_store.h"
#include "kube/reflector.h"
#include "runtime/lease_fence.h"
#include "runtime/lease_machine.h"
#include "runtime/metrics.h"
#include "transport/transport.h"

namespace bso::runtime {

/// Takes, keeps and gives up a Lease, so that one of several replicas acts: client-go's leader
/// election, with the decisions in LeaseMachine. Lives on the event loop.
///
///     if (co_await election.acquire(stop)) {
///       ... work, while hold() runs beside; it returns when the lease is lost or stop requested
///       co_await election.release();
///     }
///
/// Who waits also watches the Lease. It only serves to be faster than client-go, which asks every 2
/// to 4.4 s: a lease that is given up is taken at once, one that runs out at that moment.
/// Without the right to watch it, the questions alone do.
class LeaderElection {
 public:
  struct Options {
    std::string ns;
    std::string name;  ///< also the field manager
    std::string identity;
    LeaseTimes times;  ///< as check_lease_times() accepts them
  };

  /// What tests replace.
  struct Surroundings {
    LeaseFence::Clock now = BootClock::now;
    std::function<std::string()> wall = micro_time_now;
    Backoff::Random random = uniform_random;
    /// Waits; ends early when stop is requested. Empty: on the loop's timers.
    std::function<Task<void>(std::chrono::nanoseconds, Stop&)> pause;
  };

  /// `transport` and `metrics` outlive it.
  LeaderElection(Executor executor, transport::Transport& transport, Options options,
                 Metrics& metrics, kube::RequestObserver observer,
                 kube::Reflector::OnError on_watch_error, Surroundings surroundings);
  ~LeaderElection();
  LeaderElection(const LeaderElection&) = delete;
  LeaderElection& operator=(const LeaderElection&) = delete;

  /// Waits until the lease is ours; once. False when stopped before.
  Task<bool> acquire(Stop& stop);
  /// Renews until stopped (true: the lease is still ours) or lost (false: somebody else has it, or
  /// it could not be renewed within the renew deadline). The fence is closed when it is lost.
  Task<bool> hold(Stop& stop);
  /// Gives the lease up when it is still ours, so that nobody has to wait until it runs out. Closes
  /// the fence first: all work has to have ended.
  Task<void> release();

  /// Lets writes through while the lease is ours.
  [[nodiscard]] kube::WriteFence fence() const { return LeaseFence::as_write_fence(fence_); }
  [[nodiscard]] const std::string& identity() const { return options_.identity; }
  [[nodiscard]] const LeaseTimes& times() const { return options_.times; }
  /// What is wrong with us when the lease counts as ours though it ran out longer ago than
  /// `tolerance`: then hold() hangs (client-go's LeaderElection.Check()).
  [[nodiscard]] std::optional<std::string> overdue(std::chrono::seconds tolerance) const;

 private:
  class BoundedTransport;

  Task<lease_step::End> carry_out(LeaseStep step);
  Task<Result<StoredLease>> get();
  Task<Result<StoredLease>> create(LeaseRecord record);
  Task<Result<StoredLease>> update(LeaseRecord record, std::string resource_version);
  Task<void> pause(std::chrono::nanoseconds duration, Stop& stop);
  [[nodiscard]] std::chrono::nanoseconds pause_while_waiting() const;
  [[nodiscard]] std::chrono::milliseconds request_timeout() const;
  [[nodiscard]] LeaseTime renew_by() const;
  void note_holder();
  void on_lease_change(const kube::Document& lease);
  void lead(bool leading);

  Options options_;
  Metrics& metrics_;
  Surroundings surroundings_;
  LeaseMachine machine_;
  std::shared_ptr<LeaseFence> fence_;
  std::unique_ptr<BoundedTransport> bounded_;
  kube::Client client_;
  kube::DocumentStore leases_;
  kube::Reflector watch_;
  TaskGroup watching_;
  Stop enough_;  ///< of the watch
  boost::asio::steady_timer wake_;
  bool leading_ = false;
  bool changed_ = false;  ///< the watch has seen that an attempt may succeed
  std::optional<std::string> told_holder_;
  std::string told_failure_;
  int counted_slow_renewals_ = 0;
};

}  // namespace bso::runtime
