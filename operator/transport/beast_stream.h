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

/// Transport::open by Boost.Beast: a connection of its own, the body handed out as it comes and
/// never held. `credentials` are added to the request's headers. A request to `stop` breaks the
/// opening (ErrorKind::canceled), not the stream it returned.
Task<Result<std::unique_ptr<BodyStream>>> open_stream(Executor executor,
                                                      std::shared_ptr<const Peer> peer,
                                                      std::shared_ptr<Stop> stop, Request request,
                                                      std::vector<Header> credentials);

}  // namespace bso::transport
