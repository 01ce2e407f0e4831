// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "transport/calls.h"
#include "unit/run_task.h"
#include "unit/transport/wire_server.h"

namespace bso::test {

inline constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The two implementations of Transport::call: what holds for one has to hold for the other.
enum class Way { beast, cpprest };

[[nodiscard]] transport::TransportOptions plain_options(std::uint16_t port);
[[nodiscard]] transport::TransportOptions tls_options(std::uint16_t port, std::string ca_pem);

/// Calls of one way, with what they depend on. Its destruction does what a Transport's does.
struct CallRig {
  CallRig(Way way, transport::TransportOptions options,
          std::size_t response_limit = transport::max_response_bytes);
  ~CallRig() { stop->request(); }
  CallRig(const CallRig&) = delete;
  CallRig& operator=(const CallRig&) = delete;

  Result<transport::Response> call(transport::Request request);

  boost::asio::io_context loop;
  std::shared_ptr<Stop> stop = std::make_shared<Stop>();
  std::unique_ptr<transport::Calls> calls;
  std::vector<transport::Header> credentials;
};

[[nodiscard]] transport::Request get(std::string target = "/");
[[nodiscard]] transport::Request send(std::string method, std::string body);

}  // namespace bso::test
