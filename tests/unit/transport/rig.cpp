// SPDX-License-Identifier: Apache-2.0
#include "unit/transport/rig.h"

#include <stdexcept>

#include <catch2/catch.hpp>

#include "transport/beast_calls.h"
#include "transport/cpprest_calls.h"

namespace bso::test {

using transport::Peer;
using transport::Request;

transport::TransportOptions plain_options(std::uint16_t port) {
  transport::TransportOptions options;
  options.endpoint.host = "127.0.0.1";
  options.endpoint.port = port;
  options.endpoint.tls = false;
  options.user_agent = "unit-test/1";
  return options;
}

transport::TransportOptions tls_options(std::uint16_t port, std::string ca) {
  auto options = plain_options(port);
  options.endpoint.tls = true;
  options.endpoint.ca_pem = std::move(ca);
  return options;
}

CallRig::CallRig(Way way, transport::TransportOptions options, std::size_t response_limit) {
  auto peer = transport::make_peer(std::move(options));
  if (!peer) throw std::runtime_error(peer.error().message);
  auto limited = std::make_shared<Peer>(**peer);
  limited->response_limit = response_limit;
  transport::CallsContext context{loop.get_executor(), std::move(limited), stop};
  if (way == Way::beast) {
    calls = transport::make_beast_calls(std::move(context));
    return;
  }
  auto made = transport::make_cpprest_calls(std::move(context));
  if (!made) throw std::runtime_error(made.error().message);
  calls = std::move(*made);
}

Result<transport::Response> CallRig::call(Request request) {
  auto answer = run(loop, calls->call(std::move(request), credentials));
  if (!answer) UNSCOPED_INFO("the call's error: " << answer.error().message);
  return answer;
}

Request get(std::string target) {
  Request request;
  request.target = std::move(target);
  request.timeout = std::chrono::seconds{10};
  return request;
}

Request send(std::string method, std::string body) {
  auto request = get();
  request.method = std::move(method);
  request.body = std::move(body);
  if (!request.body.empty()) request.content_type = "application/json";
  return request;
}

}  // namespace bso::test
