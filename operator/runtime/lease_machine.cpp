// SPDX-License-Identifier: Apache-2.0
#include "runtime/lease_machine.h"

#include <limits>

namespace bso::runtime {

using namespace lease_step;

LeaseStep LeaseMachine::begin(LeaseTime now, const std::string& wall) {
  releasing_ = false;
  fast_ = false;
  if (!leads() || *runs_out() <= now) return Get{};
  fast_ = true;
  auto record = ours(wall);
  record.acquired = seen_->record.acquired;
  record.transitions = seen_->record.transitions;
  return update(std::move(record), now);
}

LeaseStep LeaseMachine::begin_release() {
  releasing_ = true;
  fast_ = false;
  if (!leads()) return End::released;
  return Get{};
}

LeaseStep LeaseMachine::got(const Result<StoredLease>& answer, LeaseTime now,
                            const std::string& wall) {
  if (!answer) {
    if (!answer.error().not_found()) return End::failed;
    if (releasing_) return End::released;
    writing_at_ = now;
    writing_over_.clear();
    return Create{ours(wall)};
  }
  observe(*answer, now);
  if (releasing_) {
    if (!leads()) return End::released;
    // One second, because the API refuses 0.
    return update({.holder = "",
                   .duration_seconds = 1,
                   .acquired = wall,
                   .renewed = wall,
                   .transitions = seen_->record.transitions},
                  now);
  }
  if (!free_or_ours(now)) return End::held_by_other;
  auto record = ours(wall);
  record.transitions = seen_->record.transitions;
  if (leads()) {
    record.acquired = seen_->record.acquired;
    ++slow_renewals_;
  } else if (record.transitions < std::numeric_limits<std::int32_t>::max()) {
    ++record.transitions;
  }
  return update(std::move(record), now);
}

LeaseStep LeaseMachine::wrote(const Result<StoredLease>& answer) {
  if (!answer) {
    // Whether a renewal that we saw no answer to was carried out, is seen by reading. So is what
    // stands in the way of giving it up: a renewal that was still under way.
    if (fast_ || (releasing_ && answer.error().is_status("Conflict"))) {
      fast_ = false;
      return Get{};
    }
    return End::failed;
  }
  // The server leaves an object alone that would become what it is: then nobody has seen a renewal.
  const bool changed = answer->resource_version != writing_over_;
  seen_ = *answer;
  if (!changed) return End::failed;
  // From the beginning of the write on: the others see it change later than that.
  seen_at_ = writing_at_;
  if (releasing_) return End::released;
  if (!leads()) return End::failed;  // somebody changes what we write on its way
  renewed_at_ = writing_at_;
  return End::leads;
}

void LeaseMachine::observe(StoredLease seen, LeaseTime now) {
  if (!seen_ || seen_->record != seen.record) seen_at_ = now;
  seen_ = std::move(seen);
}

std::optional<LeaseTime> LeaseMachine::runs_out() const {
  if (!seen_) return std::nullopt;
  return seen_at_ + std::chrono::seconds{seen_->record.duration_seconds};
}

bool LeaseMachine::free_or_ours(LeaseTime now) const {
  return seen_->record.holder.empty() || leads() || *runs_out() <= now;
}

LeaseStep LeaseMachine::update(LeaseRecord record, LeaseTime now) {
  writing_at_ = now;
  writing_over_ = seen_->resource_version;
  return Update{std::move(record), seen_->resource_version};
}

LeaseRecord LeaseMachine::ours(const std::string& wall) const {
  return {.holder = identity_,
          .duration_seconds = static_cast<std::int32_t>(duration_.count()),
          .acquired = wall,
          .renewed = wall,
          .transitions = 0};
}

}  // namespace bso::runtime
