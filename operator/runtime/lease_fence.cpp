// SPDX-License-Identifier: Apache-2.0
#include "runtime/lease_fence.h"

#include <utility>

namespace bso::runtime {

void LeaseFence::open(BootClock::time_point last_begin, BootClock::time_point end) {
  // Who reads the new beginning with the old end gets less time than it has: harmless.
  last_begin_ = last_begin.time_since_epoch().count();
  end_ = end.time_since_epoch().count();
}

void LeaseFence::close() { last_begin_ = 0; }

Result<std::chrono::milliseconds> LeaseFence::check() const {
  const Ticks now = clock_().time_since_epoch().count();
  const Ticks left = end_ - now;
  if (now < last_begin_ && left > 0) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds{left});
  }
  Error error;
  error.kind = ErrorKind::fenced;
  error.message = "not written: this replica does not lead (any more)";
  return fail(std::move(error));
}

kube::WriteFence LeaseFence::as_write_fence(std::shared_ptr<const LeaseFence> fence) {
  return [fence = std::move(fence)] { return fence->check(); };
}

}  // namespace bso::runtime
