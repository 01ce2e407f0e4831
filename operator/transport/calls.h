// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/task.h"
#include "transport/http_rules.h"
#include "transport/transport.h"

namespace bso::transport {

/// One way to do Transport::call. Neither the coroutine nor what it awaits depends on this object:
/// a request to the Stop given at its making breaks every call (ErrorKind::canceled).
class Calls {
 public:
  virtual ~Calls() = default;
  /// `credentials` are added to the request's headers.
  virtual Task<Result<Response>> call(Request request, std::vector<Header> credentials) = 0;
};

/// What both ways are made from.
struct CallsContext {
  Executor executor;
  std::shared_ptr<const Peer> peer;
  std::shared_ptr<Stop> stop;
};

}  // namespace bso::transport
