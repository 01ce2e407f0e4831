// SPDX-License-Identifier: Apache-2.0
// What goes out as HTTP and what comes back.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "fuzz/fuzz.h"
#include "kube/resource.h"
#include "transport/http_rules.h"

namespace bso::fuzz {
namespace {

using transport::Header;

std::shared_ptr<const transport::Peer> peer() {
  static const auto made = [] {
    transport::TransportOptions options;
    options.endpoint.host = "server";
    options.endpoint.tls = false;
    return *transport::make_peer(std::move(options));
  }();
  return made;
}

bool is_one_line(std::string_view text) { return text.find_first_of("\r\n") == text.npos; }

/// How the request looks to a server: its first line and its headers, as Beast reads them.
void check_on_the_wire(const transport::Request& request) {
  namespace http = boost::beast::http;
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& header : request.headers) {
    text += header.name + ": " + header.value + "\r\n";
  }
  text += "\r\n";
  http::request_parser<http::empty_body> parser;
  boost::system::error_code error;
  parser.header_limit(1U << 20U);
  const auto used = parser.put(boost::asio::buffer(text), error);
  demand(!error && parser.is_header_done() && used == text.size(), "a request is one request");
  const auto& read = parser.get();
  const auto target = read.target();
  demand(std::string_view(target.data(), target.size()) == request.target, "to one target");
  demand(
      static_cast<std::size_t>(std::distance(read.begin(), read.end())) == request.headers.size(),
      "with the headers that it was given");
}

void fuzz_request(const Input& input) {
  std::string_view rest = input.bytes();
  const auto next = [&rest] { return std::string(take_part(rest, "\x01")); };
  transport::Request request;
  request.method = next();
  request.target = next();
  request.content_type = next();
  std::vector<Header> credentials;
  if (input.flag(0)) credentials.push_back({"Authorization", next()});
  if (input.flag(1)) credentials.push_back({"Impersonate-Group", next()});
  while (!rest.empty()) request.headers.push_back({next(), next()});
  const auto prepared = transport::prepare(*peer(), request, credentials);
  if (!prepared) return demand(prepared.error().kind == ErrorKind::invalid_input, "kind of error");
  demand(is_one_line(prepared->method) && is_one_line(prepared->target), "the first line is one");
  for (const auto& header : prepared->headers) {
    demand(is_one_line(header.name) && is_one_line(header.value), "a header is one line");
  }
  check_on_the_wire(*prepared);
}

/// Names from the server become paths; none can lead elsewhere.
void fuzz_path(const Input& input) {
  std::string_view rest = input.bytes();
  const auto ns = take_part(rest, "\n");
  transport::Request request;
  request.target = kube::object_path(kube::pods, ns, rest);
  const auto slashes = std::count(request.target.begin(), request.target.end(), '/');
  demand(slashes == (ns.empty() ? 4 : 6), "a name stays one part of its path");
  kube::Query query;
  query.add("fieldSelector", rest).add("continue", ns);
  request.target += query.text();
  demand(std::count(request.target.begin(), request.target.end(), '?') <= 1, "a query begins once");
  const auto prepared = transport::prepare(*peer(), request, {});
  demand(prepared.has_value(), "what is percent-encoded can be sent");
  check_on_the_wire(*prepared);
}

void fuzz_head(const Input& input) {
  std::string_view rest = input.bytes();
  transport::ResponseHead head;
  head.content_encoding = take_part(rest, "\n");
  head.location = rest;
  head.status = 100 + static_cast<int>(rest.size() % 500);
  if (input.flag(0)) head.status = 301;
  const auto refusal = transport::refuse(head, *peer());
  const bool final = head.status >= 200 && head.status != 301 && head.status != 302 &&
                     head.status != 303 && head.status != 307 && head.status != 308;
  if (!refusal) return demand(final, "what is not final is refused");
  demand(refusal->kind == ErrorKind::protocol, "kind of error");
  demand(is_one_line(refusal->message) && refusal->message.size() < 1000, "a refusal is short");
}

void fuzz_retry_after(const Input& input) {
  const auto text = input.bytes();
  const auto pause = transport::parse_retry_after(text);
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  demand(pause.has_value() == digits, "a pause is a number of seconds");
  if (!pause) return;
  demand(pause->count() >= 0 && *pause <= transport::longest_retry_after, "a pause is bounded");
}

}  // namespace
}  // namespace bso::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bso::fuzz;
  const Input input(data, size);
  switch (input.parser()) {
    case 'p':
      fuzz_path(input);
      break;
    case 'h':
      fuzz_head(input);
      break;
    case 'r':
      fuzz_retry_after(input);
      break;
    default:
      fuzz_request(input);
  }
  return 0;
}
