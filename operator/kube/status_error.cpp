// SPDX-License-Identifier: Apache-2.0
#include "kube/status_error.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/kube_protobuf.h"
#include "kube/excerpt.h"
#include "transport/transport.h"

namespace bso::kube {
namespace {

constexpr std::string_view kFieldManagerConflict = "FieldManagerConflict";

bool starts_with_magic(std::string_view body) {
  return body.substr(0, 4) == std::string_view("k8s\0", 4);
}

/// Where a Status has no reason, the code implies it (apimachinery pkg/api/errors
/// NewGenericServerResponse).
std::string_view reason_of_code(int code) {
  switch (code) {
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 422:
      return "Invalid";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return code >= 500 ? "InternalError" : "Unknown";
  }
}

std::optional<Error> from_json_status(const nlohmann::json& status) {
  if (!status.is_object() || codec::string_at(status, {"kind"}) != "Status") return std::nullopt;
  Error error;
  error.kind = ErrorKind::status;
  error.message = codec::string_at(status, {"message"});
  error.reason = codec::string_at(status, {"reason"});
  const auto* code = codec::find(status, {"code"});
  if (code != nullptr && code->is_number_integer()) error.code = code->get<int>();
  const auto* seconds = codec::find(status, {"details", "retryAfterSeconds"});
  if (seconds != nullptr && seconds->is_number_integer() && seconds->get<int>() > 0) {
    error.retry_after = std::chrono::seconds{seconds->get<int>()};
  }
  const auto* causes = codec::find(status, {"details", "causes"});
  if (causes != nullptr && causes->is_array()) {
    for (const auto& cause : *causes) {
      error.causes.push_back({codec::string_at(cause, {"reason"}),
                              codec::string_at(cause, {"message"}),
                              codec::string_at(cause, {"field"})});
    }
  }
  return error;
}

std::optional<Error> from_protobuf_status(std::string_view bytes) {
  const auto envelope = codec::open_envelope(bytes);
  if (!envelope || envelope->kind != "Status") return std::nullopt;
  auto status = codec::decode_status(envelope->raw);
  if (!status) return std::nullopt;
  Error error;
  error.kind = ErrorKind::status;
  error.message = std::move(status->message);
  error.reason = std::move(status->reason);
  error.code = status->code;
  error.causes = std::move(status->causes);
  if (status->retry_after_seconds > 0) {
    error.retry_after = std::chrono::seconds{status->retry_after_seconds};
  }
  return error;
}

std::optional<Error> from_body(std::string_view body) {
  if (starts_with_magic(body)) return from_protobuf_status(body);
  const auto document = codec::parse_json(body);
  return document ? from_json_status(*document) : std::nullopt;
}

Error complete(Error error, int http_status) {
  if (error.code == 0) error.code = http_status;
  if (error.reason.empty()) error.reason = reason_of_code(error.code);
  if (error.message.empty()) error.message = fmt::format("the server answered {}", error.code);
  if (error.retry_after) {
    error.retry_after = std::min(*error.retry_after, transport::longest_retry_after);
  }
  return error;
}

}  // namespace

Error error_from_response(int http_status, std::string_view content_type, std::string_view body,
                          std::optional<std::chrono::seconds> retry_after) {
  auto error = from_body(body);
  if (!error) {
    error = error_from_foreign_body(http_status, content_type, body);
    error->kind = ErrorKind::status;
  }
  if (!error->retry_after) error->retry_after = retry_after;
  return complete(std::move(*error), http_status);
}

Error error_from_foreign_body(int http_status, std::string_view content_type,
                              std::string_view body) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = fmt::format(
      "a proxy or another server answers, not the Kubernetes API: {} with {}: {}", http_status,
      content_type.empty() ? "no content type" : excerpt(content_type), excerpt(body));
  return error;
}

Error error_from_watch_status(std::string_view object, bool enveloped) {
  auto error = enveloped ? from_protobuf_status(object) : from_body(object);
  if (!error) {
    error.emplace();
    error->kind = ErrorKind::protocol;
    error->message = "a watch ERROR event holds no Status";
    return *error;
  }
  return complete(std::move(*error), 500);
}

Error protocol_error(std::string message) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = std::move(message);
  return error;
}

bool is_expired(const Error& error) {
  return error.kind == ErrorKind::status &&
         (error.reason == "Expired" || error.reason == "Gone" || error.code == 410);
}

bool is_too_large_resource_version(const Error& error) {
  if (error.kind != ErrorKind::status) return false;
  constexpr std::string_view kText = "Too large resource version";
  if (error.has_cause("ResourceVersionTooLarge")) return true;
  if (error.reason != "Timeout") return false;
  for (const auto& cause : error.causes) {
    if (cause.message == kText) return true;
  }
  return error.message.find(kText) != std::string::npos;
}

std::vector<FieldConflict> field_conflicts(const Error& error) {
  std::vector<FieldConflict> conflicts;
  if (!error.is_status("Conflict")) return conflicts;
  // apimachinery pkg/util/managedfields/internal/conflict.go (1.36): conflict with "kubectl-edit",
  // conflict with "kubectl-edit" using apps/v1
  constexpr std::string_view prefix = "conflict with ";
  for (const auto& cause : error.causes) {
    if (cause.reason != kFieldManagerConflict) continue;
    std::string_view manager = cause.message;
    if (manager.starts_with(prefix)) manager.remove_prefix(prefix.size());
    if (manager.starts_with('"')) {
      manager.remove_prefix(1);
      manager = manager.substr(0, manager.find('"'));
    }
    conflicts.push_back({cause.field, std::string(manager)});
  }
  return conflicts;
}

bool is_stale(const Error& error) {
  return error.is_status("Conflict") && !error.has_cause(kFieldManagerConflict);
}

bool is_too_many_requests(const Error& error) {
  return error.kind == ErrorKind::status &&
         (error.code == 429 || error.reason == "TooManyRequests");
}

}  // namespace bso::kube
