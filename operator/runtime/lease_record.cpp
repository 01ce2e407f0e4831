// SPDX-License-Identifier: Apache-2.0
#include "runtime/lease_record.h"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "codec/json.h"

namespace bso::runtime {
namespace {

std::int32_t positive_at(const nlohmann::json& object,
                         std::initializer_list<std::string_view> path) {
  const auto* value = codec::find(object, path);
  if (value == nullptr || !value->is_number_integer()) return 0;
  // A number beyond int64 is held as unsigned, and would turn negative.
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max()) {
    return 0;
  }
  const auto number = value->get<std::int64_t>();
  if (number < 0 || number > std::numeric_limits<std::int32_t>::max()) return 0;
  return static_cast<std::int32_t>(number);
}

}  // namespace

StoredLease read_lease(const nlohmann::json& object) {
  return {.record = {.holder = codec::string_at(object, {"spec", "holderIdentity"}),
                     .duration_seconds = positive_at(object, {"spec", "leaseDurationSeconds"}),
                     .acquired = codec::string_at(object, {"spec", "acquireTime"}),
                     .renewed = codec::string_at(object, {"spec", "renewTime"}),
                     .transitions = positive_at(object, {"spec", "leaseTransitions"})},
          .resource_version = codec::string_at(object, {"metadata", "resourceVersion"})};
}

nlohmann::json lease_spec(const LeaseRecord& record) {
  nlohmann::json spec = {{"holderIdentity", record.holder},
                         {"leaseDurationSeconds", record.duration_seconds},
                         {"renewTime", record.renewed},
                         {"leaseTransitions", record.transitions}};
  // Taken over from somebody who left it out: no time is better than one that the server refuses.
  spec["acquireTime"] =
      record.acquired.empty() ? nlohmann::json(nullptr) : nlohmann::json(record.acquired);
  return spec;
}

std::string micro_time_now() {
  using namespace std::chrono;
  const auto now = floor<microseconds>(system_clock::now());
  const auto whole = floor<seconds>(now);
  const auto text = to_rfc3339(whole);
  return fmt::format("{}.{:06}Z", text.substr(0, text.size() - 1), (now - whole).count());
}

Result<void> check_lease_times(const LeaseTimes& times) {
  const auto refuse = [](std::string message) { return fail(invalid_input(std::move(message))); };
  if (times.retry_period.count() < 1) return refuse("the retry period has to be 1 s or longer");
  if (times.lease_duration.count() > std::numeric_limits<std::int32_t>::max()) {
    return refuse("the lease duration is too long");
  }
  if (times.lease_duration <= times.renew_deadline) {
    return refuse(
        fmt::format("the lease duration ({} s) has to be longer than the renew deadline "
                    "({} s)",
                    times.lease_duration.count(), times.renew_deadline.count()));
  }
  const auto shortest = static_cast<double>(times.retry_period.count()) * LeaseTimes::jitter;
  if (static_cast<double>(times.renew_deadline.count()) <= shortest) {
    return refuse(
        fmt::format("the renew deadline ({} s) has to be longer than {} times the retry "
                    "period ({} s)",
                    times.renew_deadline.count(), LeaseTimes::jitter, times.retry_period.count()));
  }
  return {};
}

}  // namespace bso::runtime
