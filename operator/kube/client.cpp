// SPDX-License-Identifier: Apache-2.0
#include "kube/client.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kube/status_error.h"

namespace bso::kube {
namespace {

transport::Request request_of(std::string method, std::string target) {
  transport::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.push_back({"Accept", "application/json"});
  return request;
}

transport::Request request_with_body(std::string method, std::string target,
                                     std::string content_type, const nlohmann::json& body) {
  auto request = request_of(std::move(method), std::move(target));
  request.content_type = std::move(content_type);
  request.body = codec::dump_json(body);
  return request;
}

/// False when `stop` (may be null) was requested.
Task<bool> wait(std::chrono::milliseconds pause, Stop* stop) {
  Stop never;
  Stop& broken_by = stop != nullptr ? *stop : never;
  const bool waited = co_await sleep_for(pause, broken_by);
  co_return waited;
}

/// As RequestObserver tells it.
std::string code_of(const Error& error) {
  return error.kind == ErrorKind::status ? fmt::to_string(error.code) : "<error>";
}

std::string path_of(const Resource& resource, const std::string& ns, const std::string& name,
                    const std::string& subresource) {
  auto path = object_path(resource, ns, name);
  if (!subresource.empty()) path += "/" + subresource;
  return path;
}

/// Whether a merge patch says which state of which object it means.
Repeat repeat_of_merge(const nlohmann::json& patch) {
  const bool bound = codec::find(patch, {"metadata", "resourceVersion"}) != nullptr ||
                     codec::find(patch, {"metadata", "uid"}) != nullptr;
  return bound ? Repeat::harmless : Repeat::harmful;
}

const char* text_of(Propagation propagation) {
  switch (propagation) {
    case Propagation::foreground:
      return "Foreground";
    case Propagation::orphan:
      return "Orphan";
    case Propagation::background:
      break;
  }
  return "Background";
}

Repeat repeat_of_operations(const nlohmann::json& operations) {
  if (!operations.is_array() || operations.empty()) return Repeat::harmful;
  const auto& first = operations.front();
  const auto path = codec::string_at(first, {"path"});
  const bool bound = codec::string_at(first, {"op"}) == "test" &&
                     (path == "/metadata/resourceVersion" || path == "/metadata/uid");
  return bound ? Repeat::harmless : Repeat::harmful;
}

}  // namespace

Client::Client(transport::Transport& transport, std::string field_manager, RequestObserver observer,
               RetryPolicy retries, WriteFence fence)
    : transport_(transport),
      field_manager_(std::move(field_manager)),
      observer_(std::move(observer)),
      retries_(std::move(retries)),
      fence_(std::move(fence)) {}

Client Client::dry_run() const {
  Client copy = *this;
  copy.dry_run_ = true;
  return copy;
}

Query Client::write_query(std::string_view field_manager) const {
  Query query;
  query.add("fieldManager", field_manager.empty() ? field_manager_ : field_manager);
  if (dry_run_) query.add("dryRun", "All");
  return query;
}

Task<Result<codec::JsonPtr>> Client::exchange(transport::Request request, Repeat repeat,
                                              Answer wanted) {
  using Clock = std::chrono::steady_clock;
  if (dry_run_) repeat = Repeat::harmless;  // whatever it would do, it does nothing
  if (call_limit_) request.timeout = *call_limit_;
  const auto deadline = Clock::now() + request.timeout;
  Retries retries(retries_, repeat, deadline);
  while (true) {
    auto answer = co_await attempt(request, wanted);
    if (answer) co_return answer;
    const auto pause = retries.next(answer.error(), Clock::now());
    if (!pause) co_return answer;
    const bool waited = co_await wait(*pause, retries_.stop);
    if (!waited) co_return answer;
    if (retries_.on_retry) retries_.on_retry(request.method, code_of(answer.error()));
    request.timeout = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  }
}

Task<Result<codec::JsonPtr>> Client::attempt(transport::Request request, Answer wanted) {
  const std::string method = request.method;
  if (fence_ && method != "GET") {
    const auto time_left = fence_();
    if (!time_left) co_return fail(time_left.error());
    request.timeout = std::min(request.timeout, *time_left);
    request.permit = [fence = fence_]() -> Result<void> {
      auto still = fence();
      if (!still) return fail(std::move(still.error()));
      return {};
    };
  }
  auto response = co_await transport_.call(std::move(request));
  if (!response) {
    observer_(method, "<error>");
    co_return fail(std::move(response.error()));
  }
  observer_(method, fmt::to_string(response->status));
  if (response->status < 200 || response->status > 299) {
    co_return fail(error_from_response(response->status, response->content_type, response->body,
                                       response->retry_after));
  }
  const bool meant_as_json = response->content_type.starts_with("application/json");
  if (wanted == Answer::ignored && meant_as_json) co_return codec::JsonPtr{};
  auto document = codec::parse_json(response->body);
  if (!document) {
    // The beginning of what should have been JSON is an object's, and may be secret.
    auto error = meant_as_json ? std::move(document.error()).with_context("the server's answer")
                               : error_from_foreign_body(response->status, response->content_type,
                                                         response->body);
    error.kind = ErrorKind::protocol;
    error.may_have_executed = true;
    co_return fail(std::move(error));
  }
  co_return std::make_shared<const nlohmann::json>(std::move(*document));
}

Task<Result<codec::JsonPtr>> Client::get(Resource resource, std::string ns, std::string name) {
  co_return co_await exchange(request_of("GET", object_path(resource, ns, name)), Repeat::harmless);
}

Task<Result<codec::JsonPtr>> Client::list(Resource resource, std::string ns, Query query) {
  co_return co_await exchange(request_of("GET", collection_path(resource, ns) + query.text()),
                              Repeat::harmless);
}

Task<Result<codec::JsonPtr>> Client::get_path(std::string path) {
  co_return co_await exchange(request_of("GET", std::move(path)), Repeat::harmless);
}

Task<Result<codec::JsonPtr>> Client::create(Resource resource, std::string ns,
                                            codec::JsonPtr object) {
  const auto query = write_query().text();
  co_return co_await exchange(
      request_with_body("POST", collection_path(resource, ns) + query, "application/json", *object),
      Repeat::harmful);
}

Task<Result<codec::JsonPtr>> Client::apply(Resource resource, std::string ns, std::string name,
                                           codec::JsonPtr object, ApplyOptions options) {
  auto target = path_of(resource, ns, name, options.subresource);
  auto query = write_query(options.field_manager);
  if (options.force) query.add("force", "true");
  target += query.text();
  // JSON is valid YAML, so a JSON body is what the server's YAML reader gets.
  co_return co_await exchange(
      request_with_body("PATCH", std::move(target), "application/apply-patch+yaml", *object),
      Repeat::harmless);
}

Task<Result<codec::JsonPtr>> Client::merge_patch(Resource resource, std::string ns,
                                                 std::string name, codec::JsonPtr patch,
                                                 std::string subresource) {
  auto target = path_of(resource, ns, name, subresource);
  target += write_query().text();
  auto request =
      request_with_body("PATCH", std::move(target), "application/merge-patch+json", *patch);
  // What controllers answer events with: annotations, statuses, finalizers.
  request.prompt = true;
  co_return co_await exchange(std::move(request), repeat_of_merge(*patch));
}

Task<Result<void>> Client::merge_patch_text(Resource resource, std::string ns, std::string name,
                                            std::string patch) {
  auto target = path_of(resource, ns, name, {});
  target += write_query().text();
  transport::Request request;
  request.method = "PATCH";
  request.target = std::move(target);
  request.headers.push_back(
      {"Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"});
  request.content_type = "application/merge-patch+json";
  request.body = std::move(patch);
  request.prompt = true;
  auto answer = co_await exchange(std::move(request), Repeat::harmless, Answer::ignored);
  if (!answer) co_return fail(std::move(answer.error()));
  co_return Result<void>{};
}

Task<Result<codec::JsonPtr>> Client::json_patch(Resource resource, std::string ns, std::string name,
                                                codec::JsonPtr operations,
                                                std::string subresource) {
  auto target = path_of(resource, ns, name, subresource);
  target += write_query().text();
  co_return co_await exchange(
      request_with_body("PATCH", std::move(target), "application/json-patch+json", *operations),
      repeat_of_operations(*operations));
}

Task<Result<void>> Client::remove(Resource resource, std::string ns, std::string name,
                                  Preconditions preconditions, Propagation propagation) {
  nlohmann::json options = {{"apiVersion", "v1"},
                            {"kind", "DeleteOptions"},
                            {"propagationPolicy", text_of(propagation)},
                            {"preconditions", {{"uid", preconditions.uid}}}};
  if (!preconditions.resource_version.empty()) {
    options["preconditions"]["resourceVersion"] = preconditions.resource_version;
  }
  auto target = object_path(resource, ns, name);
  if (dry_run_) {
    // The server reads the options from the body when there is one (apiserver,
    // endpoints/handlers/delete.go); in the query it stands for those who read audit logs.
    options["dryRun"] = nlohmann::json::array({"All"});
    target += Query().add("dryRun", "All").text();
  }
  auto answer =
      co_await exchange(request_with_body("DELETE", std::move(target), "application/json", options),
                        Repeat::harmless);
  if (!answer && !answer.error().not_found()) co_return fail(std::move(answer.error()));
  co_return Result<void>{};
}

}  // namespace bso::kube
