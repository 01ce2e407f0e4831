// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "base/backoff.h"
#include "base/error.h"
#include "base/stop.h"

namespace bso::kube {

/// Whether a request may reach the server twice.
enum class Repeat {
  /// It does the same again: reads, server-side apply, and writes that name the uid or
  /// resourceVersion they mean.
  harmless,
  /// It does not (a create, a patch of whatever is there): sent again only when the server has
  /// certainly not acted.
  harmful,
};

/// How the calls of a Client are tried again. What must not be is decided here and not by callers:
/// - certainly not executed: no connection came about, or 429 (given before anything is done);
/// - perhaps executed, so for `harmless` ones only: 503, 504, 500 with Retry-After, a connection
/// that
///   broke before the answer was whole.
/// A time-out is not tried again: the deadline was the caller's. client-go is as careful with
/// broken connections (GET only) but tries any verb again after 5xx with Retry-After
/// (rest/with_retry.go); kube-rs takes 429, 503 and 504 (client/retry.rs).
struct RetryPolicy {
  int tries = 4;  ///< the first included; 1: never again
  /// Between tries, unless the server names a time (Retry-After, which is the least).
  Backoff::Options pause{std::chrono::milliseconds{500}, 2.0, std::chrono::milliseconds{5000}, 0.5,
                         std::chrono::milliseconds{0}};
  Backoff::Random random = uniform_random;
  /// Told before each further try, with the code that caused it (as RequestObserver):
  /// rest_client_request_retries_total.
  std::function<void(std::string_view method, std::string_view code)> on_retry = {};
  /// Breaks the pauses when requested, and then nothing is tried again. May be null; has to outlive
  /// the client.
  Stop* stop = nullptr;
};

[[nodiscard]] bool worth_a_retry(const Error& error, Repeat repeat);

/// The tries of one request.
class Retries {
 public:
  /// `deadline` is that of all tries together.
  Retries(const RetryPolicy& policy, Repeat repeat, std::chrono::steady_clock::time_point deadline);

  /// After a failed try: how long to wait before the next, or nullopt to give up. A pause that
  /// would not end before the deadline is not begun.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next(
      const Error& error, std::chrono::steady_clock::time_point now);

 private:
  const RetryPolicy& policy_;
  Repeat repeat_;
  std::chrono::steady_clock::time_point deadline_;
  Backoff backoff_;
  int tried_ = 0;
};

}  // namespace bso::kube
