// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/result.h"
#include "base/stop.h"
#include "base/task.h"
#include "transport/beast_connection.h"
#include "transport/http_rules.h"
#include "transport/transport.h"

/// One request and its answer on a Connection: what streams and calls have in common.
namespace bso::transport {

/// Everything a pending read needs, so that it may outlive the BodyStream that its owner destroys.
struct Exchange {
  Exchange(std::shared_ptr<const Peer> whom, std::shared_ptr<Connection> by)
      : peer(std::move(whom)), link(std::move(by)), connection(*link) {}

  std::shared_ptr<const Peer> peer;
  std::shared_ptr<Connection> link;
  Connection& connection;
  std::optional<boost::beast::http::response_parser<boost::beast::http::buffer_body>> parser;
  Connection::ErrorCode broken;  ///< may come together with bytes, which are handed out first
  std::string content_type;
  std::optional<std::chrono::seconds> retry_after;
};

/// A request, ready to be sent on any connection.
struct Message {
  std::string bytes;
  Permit permit;
  bool without_body;  ///< of the answer
  bool harmless;      ///< it may be sent again
  Connection::Clock::time_point deadline;
};

/// Fails when the request cannot be sent to anybody. With `keep` the connection may serve another
/// one afterwards.
[[nodiscard]] Result<std::shared_ptr<const Message>> make_message(
    const Peer& peer, Request request, const std::vector<Header>& credentials, bool keep);

/// Sends, and reads the answer's head. `link` is connected when it has been kept. A request to
/// `stop` breaks it (ErrorKind::canceled).
Task<Result<std::shared_ptr<Exchange>>> begin_exchange(std::shared_ptr<const Peer> peer,
                                                       std::shared_ptr<Stop> stop,
                                                       std::shared_ptr<Connection> link, bool kept,
                                                       std::shared_ptr<const Message> message);

/// The next bytes of the body, as BodyStream::read() has it.
Task<Result<std::size_t>> read_body(std::shared_ptr<Exchange> exchange, std::span<char> into,
                                    std::chrono::milliseconds idle);

}  // namespace bso::transport
