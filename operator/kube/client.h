// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
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

  bool force = false;         ///< take fields from their managers; to be wanted, never by default
  std::string field_manager;  ///< "" for the client's own
  std::string subresource;
};

/// What becomes of the objects that belong to a deleted one (metav1.DeletionPropagation).
enum class Propagation {
  background,  ///< they go after it
  foreground,  ///< they go first; until then it is only marked as being deleted
  orphan       ///< they stay; it is gone once they no longer name it as their owner
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

  /// The same client, of whose writes the server stores nothing (dryRun=All): each is authorized,
  /// admitted and validated, and answered as if it had been carried out. For all of them, so that
  /// none can be forgotten.
  [[nodiscard]] Client dry_run() const;

  /// Bounds each call from now on, its retries included, by `limit` instead of 30 s.
  void limit_calls_to(std::chrono::milliseconds limit) { call_limit_ = limit; }

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

  /// A merge patch that is text already and holds metadata.uid or metadata.resourceVersion, for
  /// those who only want to know that it was done: the server is asked for no more than the
  /// object's metadata (PartialObjectMetadata, Kubernetes 1.15 and later), and they are not parsed.
  Task<Result<void>> merge_patch_text(Resource resource, std::string ns, std::string name,
                                      std::string patch);

  /// JSON patch (RFC 6902), an array of operations; a "test" that fails is a 422. One that begins
  /// with a test of /metadata/resourceVersion or /metadata/uid is tried again like other harmless
  /// requests.
  Task<Result<codec::JsonPtr>> json_patch(Resource resource, std::string ns, std::string name,
                                          codec::JsonPtr operations, std::string subresource = {});

  /// Deletes with preconditions. NotFound counts as done.
  Task<Result<void>> remove(Resource resource, std::string ns, std::string name,
                            Preconditions preconditions,
                            Propagation propagation = Propagation::background);

  /// GET of a path that is no object (/version).
  Task<Result<codec::JsonPtr>> get_path(std::string path);

 private:
  /// What every write has in its query. "" is the client's own field manager.
  [[nodiscard]] Query write_query(std::string_view field_manager = {}) const;

  /// What is done with the document that a success is answered with.
  enum class Answer {
    read,
    ignored  ///< it need only be one; nullptr stands for it
  };

  /// With retries.
  Task<Result<codec::JsonPtr>> exchange(transport::Request request, Repeat repeat,
                                        Answer answer = Answer::read);
  /// One try.
  Task<Result<codec::JsonPtr>> attempt(transport::Request request, Answer wanted);

  transport::Transport& transport_;
  std::string field_manager_;
  RequestObserver observer_;
  RetryPolicy retries_;
  WriteFence fence_;
  bool dry_run_ = false;
  std::optional<std::chrono::milliseconds> call_limit_;
};

}  // namespace bso::kube
