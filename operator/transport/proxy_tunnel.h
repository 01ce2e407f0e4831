// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "base/task.h"
#include "transport/http_rules.h"

namespace bso::transport {

class Connection;

/// Asks the proxy at the other end of `connection` for a tunnel to the server: CONNECT (RFC 9110
/// section 9.3.6) or SOCKS5 (RFC 1928, with user name and password of RFC 1929). The connection's
/// deadline bounds it. Nothing of a request has been sent when it fails; the messages name the
/// proxy and never its credentials.
Task<Result<void>> open_tunnel(Connection& connection, std::shared_ptr<const Peer> peer);

}  // namespace bso::transport
