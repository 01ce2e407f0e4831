// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bso::kube {

/// An unsuccessful answer as an Error. A body that is a metav1.Status (JSON or protobuf) gives its
/// code, reason, causes and retryAfterSeconds (at most transport::longest_retry_after); anything
/// else (HTML of a proxy, an empty body) gives a message that says so and quotes its beginning.
[[nodiscard]] Error error_from_response(int http_status, std::string_view content_type,
                                        std::string_view body,
                                        std::optional<std::chrono::seconds> retry_after);

/// The same for the object of a watch's ERROR event, which arrives under HTTP 200. `enveloped`: the
/// bytes are a protobuf envelope, otherwise JSON.
[[nodiscard]] Error error_from_watch_status(std::string_view object, bool enveloped);

/// The server's bytes make no sense.
[[nodiscard]] Error protocol_error(std::string message);

/// The resourceVersion is gone: reason Expired, or Gone from servers before 1.18.
[[nodiscard]] bool is_expired(const Error& error);
/// The server is not yet that new: cause ResourceVersionTooLarge; servers up to 1.18.5 only say it
/// in the message (client-go tools/cache/reflector.go isTooLargeResourceVersionError).
[[nodiscard]] bool is_too_large_resource_version(const Error& error);
/// An answer that is no Kubernetes object although its status promised one: a login page, a proxy's
/// own words. The message quotes its beginning (see excerpt()).
[[nodiscard]] Error error_from_foreign_body(int http_status, std::string_view content_type,
                                            std::string_view body);

/// One field that a server-side apply would have taken from another manager.
struct FieldConflict {
  std::string field;    ///< ".spec.replicas"
  std::string manager;  ///< who has it: "kubectl-edit"
};
/// Those of a refused apply, for people to settle; a retry would meet them again. Empty for every
/// other error. (Both kinds of 409 have the reason Conflict; only the causes tell them apart.)
[[nodiscard]] std::vector<FieldConflict> field_conflicts(const Error& error);
/// The object has changed since the resourceVersion that the write carried: read it again, decide
/// again.
[[nodiscard]] bool is_stale(const Error& error);

/// 429, whatever the body said.
[[nodiscard]] bool is_too_many_requests(const Error& error);

}  // namespace bso::kube
