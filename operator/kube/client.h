// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "base/task.h"
#include "codec/json.h"
#include "kube/resource.h"
#include "kube/retry_policy.h"
#include "transport/transport.h"

namespace bso::kube {

/// Guards of a destructive or conditional call: the server refuses (409) when they no longer hold.
struct Preconditions {
  std::string uid;
  std::string resource_version;  ///< "" leaves it out
};

struct ApplyOptions {
  /// Declared, so that it is no aggregate: g++ 12 destroys those twice when they are made of braces
  /// in the arguments of a coroutine, default arguments included.
  ApplyOptions() = default;

  bool force = false;  ///< take fields from their managers; to be wanted, never by default
  std::string subresource;
};

/// Told of every finished exchange, for metrics. `code` is the HTTP status, or "<error>".
using RequestObserver = std::function<void(std::string_view method, std::string_view code)>;

/// How long a write that begins now may take, or the Error (of kind `fenced`) that forbids it. For
/// processes of which only one may write. Asked before each write and, on the transport's thread,
/// at the last moment before its bytes go out, so it has to be thread-safe and must not throw.
using WriteFence = std::function<Result<std::chrono::milliseconds>()>;

/// Typed verbs of one API server. Objects travel as JSON, for writes never start from a projection.
/// An answer that is no success is an Error of kind `status`. Each call is bounded by 30 s, its
/// retries (see RetryPolicy) included.
class Client {
 public:
  /// `transport` must outlive the client. Without a fence every write may be sent.
  Client(transport::Transport& transport, std::string field_manager, RequestObserver observer,
         RetryPolicy retries = {}, WriteFence fence = {});

  Task<Result<codec::JsonPtr>> get(Resource resource, std::string ns, std::string name);

  /// One page of a collection, as the server's List object; `query` is e.g.
  /// Query().add("labelSelector", ...).add("limit", "500").add("continue", token).
  Task<Result<codec::JsonPtr>> list(Resource resource, std::string ns, Query query);

  /// Creates; AlreadyExists is an Error with that reason.
  Task<Result<codec::JsonPtr>> create(Resource resource, std::string ns, codec::JsonPtr object);

  /// Server-side apply of exactly the fields in `object`, to the object or, when named, to a
  /// sub-resource ("status"). Without force a field that another manager owns is a 409: see
  /// field_conflicts().
  Task<Result<codec::JsonPtr>> apply(Resource resource, std::string ns, std::string name,
                                     codec::JsonPtr object, ApplyOptions options = {});

  /// JSON merge patch (RFC 7386) of the object or, when named, of a sub-resource. One that holds
  /// metadata.resourceVersion or metadata.uid is a 409 when these are others by then, and is tried
  /// again like other harmless requests.
  Task<Result<codec::JsonPtr>> merge_patch(Resource resource, std::string ns, std::string name,
                                           codec::JsonPtr patch, std::string subresource = {});

  /// JSON patch (RFC 6902), an array of operations; a "test" that fails is a 422. One that begins
  /// with a test of /metadata/resourceVersion or /metadata/uid is tried again like other harmless
  /// requests.
  Task<Result<codec::JsonPtr>> json_patch(Resource resource, std::string ns, std::string name,
                                          codec::JsonPtr operations, std::string subresource = {});

  /// Deletes with preconditions and background propagation. NotFound counts as done.
  Task<Result<void>> remove(Resource resource, std::string ns, std::string name,
                            Preconditions preconditions);

  /// GET of a path that is no object (/version).
  Task<Result<codec::JsonPtr>> get_path(std::string path);

 private:
  /// With retries.
  Task<Result<codec::JsonPtr>> exchange(transport::Request request, Repeat repeat);
  /// One try.
  Task<Result<codec::JsonPtr>> attempt(transport::Request request);

  transport::Transport& transport_;
  std::string field_manager_;
  RequestObserver observer_;
  RetryPolicy retries_;
  WriteFence fence_;
};

}  // namespace bso::kube
