// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "base/boot_clock.h"
#include "base/result.h"
#include "runtime/lease_record.h"

namespace bso::runtime {

using LeaseTime = BootClock::time_point;

/// What is to be done next in one attempt to take, renew or give up the lease.
namespace lease_step {

struct Get {};
struct Create {
  LeaseRecord record;
};
/// To be written only if the object still has this resourceVersion.
struct Update {
  LeaseRecord record;
  std::string resource_version;
};
enum class End {
  leads,          ///< the lease is ours, from the moment the last write was begun
  held_by_other,  ///< and has not run out
  failed,         ///< no answer, or somebody else was faster
  released        ///< it is not ours (any more)
};

}  // namespace lease_step

using LeaseStep =
    std::variant<lease_step::Get, lease_step::Create, lease_step::Update, lease_step::End>;

/// The rules of client-go's leader election (tools/leaderelection/leaderelection.go,
/// tryAcquireOrRenew and release) as decisions without clock and wire: each call gets what happened
/// and the time, and answers with the next step.
///
/// A lease is taken when it has no holder, is ours already (the program was restarted under the
/// same identity), or its record has not changed for the duration that the record itself tells,
/// measured by our own clock from when we saw it change. Every write carries the resourceVersion it
/// was decided on, so that of two who try only one succeeds.
class LeaseMachine {
 public:
  LeaseMachine(std::string identity, std::chrono::seconds duration)
      : identity_(std::move(identity)), duration_(duration) {}

  // `wall` is the MicroTime to write. It has to be a new one each time: a write of what stands
  // there already changes nothing, so nobody would see that it was renewed.

  /// Begins to take or renew it. Who leads writes at once from what it knows and reads only when
  /// that is refused.
  [[nodiscard]] LeaseStep begin(LeaseTime now, const std::string& wall);
  /// Begins to give it up.
  [[nodiscard]] LeaseStep begin_release();

  /// The answer to Get: the Lease, or why there is none.
  [[nodiscard]] LeaseStep got(const Result<StoredLease>& answer, LeaseTime now,
                              const std::string& wall);
  /// The answer to Create or Update: the Lease as stored.
  [[nodiscard]] LeaseStep wrote(const Result<StoredLease>& answer);

  /// Told by a watch, outside of attempts.
  void observe(StoredLease seen, LeaseTime now);

  [[nodiscard]] bool leads() const { return seen_ && seen_->record.holder == identity_; }
  /// Whether an attempt may succeed now.
  [[nodiscard]] bool may_take(LeaseTime now) const { return !seen_ || free_or_ours(now); }
  /// When the record as seen runs out; nullopt when nothing was seen yet.
  [[nodiscard]] std::optional<LeaseTime> runs_out() const;
  /// When the write that last made or kept it ours was begun.
  [[nodiscard]] LeaseTime renewed_at() const { return renewed_at_; }
  [[nodiscard]] std::string holder() const { return seen_ ? seen_->record.holder : ""; }
  /// How often a renewal had to read first.
  [[nodiscard]] int slow_renewals() const { return slow_renewals_; }

 private:
  [[nodiscard]] bool free_or_ours(LeaseTime now) const;
  [[nodiscard]] LeaseStep update(LeaseRecord record, LeaseTime now);
  [[nodiscard]] LeaseRecord ours(const std::string& wall) const;

  std::string identity_;
  std::chrono::seconds duration_;

  std::optional<StoredLease> seen_;
  LeaseTime seen_at_{};  ///< when its record was seen to change

  bool releasing_ = false;
  bool fast_ = false;         ///< the write under way was decided without reading
  LeaseTime writing_at_{};    ///< when the write under way was begun
  std::string writing_over_;  ///< the resourceVersion it replaces
  LeaseTime renewed_at_{};
  int slow_renewals_ = 0;
};

}  // namespace bso::runtime
