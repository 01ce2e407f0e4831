// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bso {

/// Where a failure arose. Decides who retries: `network`, `timeout` and `overloaded` are worth a
/// retry, `invalid_input` never is, `status` is judged by its code and reason.
enum class ErrorKind {
  invalid_input,  ///< A file, an option or an object that a person wrote. The message names the
                  ///< field.
  network,        ///< Could not connect, or the connection broke.
  timeout,        ///< No answer in the time allowed.
  tls,            ///< The peer could not be trusted, or did not trust us.
  protocol,       ///< The peer's bytes make no sense (cut, oversized, HTML from a proxy).
  status,         ///< The API server answered with a Status of failure.
  canceled,       ///< We stopped it ourselves.
  io,             ///< A local file or socket.
  fenced,  ///< We must not write now: this process does not lead (any more). Nothing was sent,
           ///< or not the whole of it. Not retried and no cause for a warning.
};

/// One cause of a Kubernetes Status (metav1.StatusCause).
struct StatusCause {
  std::string reason;
  std::string message;
  std::string field;
};

/// A failure as a value. Everything after `message` is filled only for `ErrorKind::status`.
struct Error {
  ErrorKind kind = ErrorKind::protocol;
  std::string message;

  int code = 0;        ///< HTTP status code
  std::string reason;  ///< metav1.StatusReason, e.g. "Conflict", "Expired", "NotFound"
  std::vector<StatusCause> causes;
  std::optional<std::chrono::seconds> retry_after;

  /// The request may have been executed although no answer came: only idempotent calls are retried.
  bool may_have_executed = false;

  [[nodiscard]] bool is_status(std::string_view wanted_reason) const {
    return kind == ErrorKind::status && reason == wanted_reason;
  }
  [[nodiscard]] bool not_found() const { return is_status("NotFound"); }
  [[nodiscard]] bool forbidden() const { return is_status("Forbidden"); }
  [[nodiscard]] bool has_cause(std::string_view wanted) const;

  /// The same error with "prefix: " before its message.
  [[nodiscard]] Error with_context(std::string_view prefix) &&;
};

[[nodiscard]] Error invalid_input(std::string message);

}  // namespace bso
