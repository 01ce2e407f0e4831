// SPDX-License-Identifier: Apache-2.0
#include "support/api.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "support/eventually.h"

namespace bso::test {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr time_t kTimeoutSeconds = 30;

Json checked(const Response& response, std::string_view method, const std::string& path) {
  if (!response.ok()) {
    throw TestFailure(fmt::format("{} {}: {} {}", method, path, response.status, response.body));
  }
  return response.json();
}

}  // namespace

Json Response::json() const {
  auto parsed = Json::parse(body, nullptr, false);
  if (parsed.is_discarded()) throw TestFailure("not JSON: " + body);
  return parsed;
}

Response http(const std::string& port, std::string_view method, std::string_view path,
              std::string_view body, std::string_view content_type) {
  try {
    asio::io_context context;
    asio::ip::tcp::socket socket(context);
    socket.connect(
        {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(std::stoi(port))});
    // Beast has no time-outs for blocking calls; the kernel has.
    const timeval limit{kTimeoutSeconds, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    beast::http::request<beast::http::string_body> request;
    request.version(11);
    request.method_string({method.data(), method.size()});
    request.target({path.data(), path.size()});
    request.set(beast::http::field::host, "localhost");
    request.set(beast::http::field::user_agent, "integration-test");
    request.set(beast::http::field::connection, "close");
    request.set(beast::http::field::accept, "application/json");
    if (!content_type.empty()) {
      request.set(beast::http::field::content_type,
                  beast::string_view(content_type.data(), content_type.size()));
    }
    request.body() = std::string(body);
    request.prepare_payload();
    beast::http::write(socket, request);
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(64U * 1024U * 1024U);
    beast::http::read(socket, buffer, parser);
    return {static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
  } catch (const std::exception& error) {
    throw TestFailure(fmt::format("{} {}: {}", method, path, error.what()));
  }
}

Api::Api(const std::string& kubectl, const std::string& kubeconfig) {
  Process::Options options;
  options.argv = {kubectl, "--kubeconfig", kubeconfig, "proxy", "--port=0"};
  proxy_ = std::make_unique<Process>(std::move(options));
  eventually("kubectl proxy listens", [&]() -> Missing {
    const auto output = proxy_->output();
    const auto colon = output.rfind(':');
    const auto end = output.find('\n');
    if (colon == std::string::npos || end == std::string::npos) return output + proxy_->errors();
    port_ = output.substr(colon + 1, end - colon - 1);
    return std::nullopt;
  });
}

Response Api::call(std::string_view method, const std::string& path,
                   const std::optional<Json>& body, std::string_view content_type) const {
  return body ? http(port_, method, path, body->dump(), content_type) : http(port_, method, path);
}

Json Api::get(const std::string& path) const { return checked(call("GET", path), "GET", path); }

std::optional<Json> Api::find(const std::string& path) const {
  const auto response = call("GET", path);
  if (response.status == 404) return std::nullopt;
  return checked(response, "GET", path);
}

Json Api::create(const std::string& collection, const Json& object) const {
  return checked(call("POST", collection, object), "POST", collection);
}

Json Api::merge(const std::string& path, const Json& patch) const {
  return checked(call("PATCH", path, patch, "application/merge-patch+json"), "PATCH", path);
}

Json Api::replace(const std::string& path, const Json& object) const {
  return checked(call("PUT", path, object), "PUT", path);
}

Json Api::apply(const std::string& path, const Json& object, const std::string& manager,
                bool force) const {
  const auto target = fmt::format("{}?fieldManager={}&force={}", path, manager, force);
  return checked(call("PATCH", target, object, "application/apply-patch+yaml"), "APPLY", target);
}

void Api::remove(const std::string& path) const {
  const auto found = find(path);
  if (!found) return;
  if (found->at("metadata").contains("finalizers")) {
    const auto freed = call("PATCH", path, Json{{"metadata", {{"finalizers", nullptr}}}},
                            "application/merge-patch+json");
    if (freed.status != 404) (void)checked(freed, "PATCH", path);
  }
  const auto deleted =
      call("DELETE", path, Json{{"gracePeriodSeconds", 0}, {"propagationPolicy", "Background"}});
  if (deleted.status != 404) (void)checked(deleted, "DELETE", path);
}

void Api::remove_all(const std::string& collection, const std::string& selector) const {
  const auto query = selector.empty() ? "" : "?labelSelector=" + selector;
  // Named: a range-for does not keep alive what its range is a part of.
  const auto list = get(collection + query);
  for (const auto& item : list.at("items")) {
    remove(collection + "/" + item.at("metadata").at("name").get<std::string>());
  }
}

}  // namespace bso::test
