// SPDX-License-Identifier: Apache-2.0
// What configures the client: YAML, kubeconfigs, URLs, base64, answers of credential plug-ins.
#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "codec/yaml_scalar.h"
#include "fuzz/fuzz.h"
#include "kube/client_config.h"
#include "kube/exec_credential.h"
#include "kube/resource.h"
#include "transport/http_rules.h"

namespace bso::fuzz {
namespace {

using nlohmann::json;

constexpr const char* kFile = "/nowhere/kubeconfig";

void check_refusal(const Error& error) {
  demand(error.kind == ErrorKind::invalid_input, "kind of error");
  demand(!error.message.empty(), "an error says something");
}

int height_of(const json& value) {
  if (!value.is_structured()) return 0;
  int most = 0;
  for (const json& item : value) most = std::max(most, height_of(item));
  return most + 1;
}

/// As YAML has it: a number that is whole is an integer.
json narrowed(json value) {
  if (!value.is_structured()) return codec::narrow_number(std::move(value));
  for (json& item : value) item = narrowed(std::move(item));
  return value;
}

/// yaml-cpp looks for the ":" of a key no further than this (YAML 1.2, section 7.4).
bool has_long_key(const json& value) {
  constexpr std::size_t kMostKey = 500;  // a character takes up to six in JSON
  if (!value.is_structured()) return false;
  if (value.is_object()) {
    for (const auto& [key, unused] : value.items()) {
      if (codec::dump_json(key).size() > kMostKey) return true;
    }
  }
  return std::any_of(value.begin(), value.end(), has_long_key);
}

/// JSON is YAML too, as far as both are read here.
void check_same_as_yaml(const json& document) {
  const std::string printed = codec::dump_json(document);
  const codec::YamlLimits limits;
  if (document.is_null() || printed.size() > limits.max_bytes ||
      height_of(document) > limits.max_depth || printed.find('\x7f') != std::string::npos ||
      has_long_key(document)) {
    return;
  }
  const auto read = codec::yaml_document_to_json(printed);
  demand(read.has_value(), "JSON is read as YAML");
  demand(*read == narrowed(document), "JSON means as YAML what it means");
}

void fuzz_yaml(const Input& input) {
  const auto text = input.bytes();
  const auto documents = codec::yaml_to_json(text);
  if (!documents) {
    check_refusal(documents.error());
    demand(documents.error().message.starts_with("line "), "an error names the line");
    return;
  }
  for (const json& document : *documents) {
    demand(!document.is_null(), "no document is empty");
    demand(height_of(document) <= codec::YamlLimits().max_depth, "depth is bounded");
    check_same_as_yaml(document);
  }
  demand(codec::yaml_document_to_json(text).has_value() == (documents->size() == 1),
         "one document is one");
}

void fuzz_json(const Input& input) {
  const auto document = codec::parse_json(input.bytes(), codec::YamlLimits().max_depth);
  if (document) check_same_as_yaml(*document);
}

void check_endpoint(const transport::Endpoint& endpoint) {
  demand(!endpoint.host.empty() && endpoint.port != 0, "an endpoint has a host and a port");
  demand(is_printable_ascii(endpoint.host + endpoint.base_path), "an endpoint is printable");
  transport::TransportOptions options;
  options.endpoint = endpoint;
  options.endpoint.tls = false;  // of no interest here, and slow
  options.endpoint.proxy.reset();
  const auto peer = transport::make_peer(std::move(options));
  demand(peer.has_value(), "an endpoint can be spoken to");
  transport::Request request;
  request.target = "/version";
  demand(transport::prepare(**peer, request, {}).has_value(), "a base path is one");
}

std::string authority(const std::string& host, unsigned port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

void fuzz_server_url(const Input& input) {
  const auto endpoint = kube::parse_server_url(input.bytes());
  if (!endpoint) return check_refusal(endpoint.error());
  check_endpoint(*endpoint);
  const auto printed = fmt::format("{}://{}{}", endpoint->tls ? "https" : "http",
                                   authority(endpoint->host, endpoint->port), endpoint->base_path);
  const auto again = kube::parse_server_url(printed);
  demand(again && again->tls == endpoint->tls && again->host == endpoint->host &&
             again->port == endpoint->port && again->base_path == endpoint->base_path,
         "what is printed is read as it was");
}

void fuzz_proxy_url(const Input& input) {
  const auto proxy = kube::parse_proxy_url(input.bytes());
  if (!proxy) return check_refusal(proxy.error());
  demand(proxy->username.size() <= 255 && proxy->password.size() <= 255, "a login is bounded");
  demand(proxy->username.find(':') == std::string::npos, "a user name ends at its colon");
  using Kind = transport::Proxy::Kind;
  const auto* scheme = proxy->kind == Kind::http    ? "http"
                       : proxy->kind == Kind::https ? "https"
                                                    : "socks5";
  const auto printed =
      fmt::format("{}://{}:{}@{}", scheme, kube::percent_encode(proxy->username),
                  kube::percent_encode(proxy->password), authority(proxy->host, proxy->port));
  const auto again = kube::parse_proxy_url(printed);
  demand(again && again->kind == proxy->kind && again->host == proxy->host &&
             again->port == proxy->port && again->username == proxy->username &&
             again->password == proxy->password,
         "what is printed is read as it was");

  transport::TransportOptions options;
  options.endpoint.host = "server";
  options.endpoint.tls = false;
  options.endpoint.proxy = *proxy;
  options.endpoint.proxy->kind = Kind::http;
  demand(transport::make_peer(std::move(options)).has_value(), "a proxy can be spoken to");
}

void fuzz_base64(const Input& input) {
  const std::string bytes(input.bytes());
  const auto printed = codec::encode_base64(bytes);
  demand(codec::decode_base64(printed) == bytes, "what is printed is read as it was");
  const auto decoded = codec::decode_base64(bytes);
  if (!decoded) return;
  demand(decoded->size() * 4 <= bytes.size() * 3, "no byte comes from nowhere");
  demand(codec::decode_base64(codec::encode_base64(*decoded)) == *decoded, "and once more");
}

void fuzz_time(const Input& input) {
  using namespace std::chrono;
  const auto time = from_rfc3339(input.bytes());
  if (!time || *time < sys_days{year{1} / January / 1} ||
      *time >= sys_days{year{10'000} / January / 1}) {
    return;
  }
  demand(from_rfc3339(to_rfc3339(*time)) == time, "what is printed is read as it was");
}

void fuzz_credential(const Input& input) {
  const std::string version = "client.authentication.k8s.io/v1";
  const auto credential = kube::parse_exec_credential(input.bytes(), version);
  if (!credential) return check_refusal(credential.error());
  demand(credential->client_cert_pem.empty() == credential->client_key_pem.empty(),
         "certificate and key come together");
  demand(!credential->token.empty() || !credential->client_key_pem.empty(),
         "a credential proves something");
  demand(is_printable_ascii(credential->token) && credential->token.find(' ') == std::string::npos,
         "a token is fit for a header");
}

void fuzz_kubeconfig(const Input& input) {
  const auto config = kube::parse_kubeconfig(input.bytes(), kFile, "");
  if (!config) {
    check_refusal(config.error());
    demand(config.error().message.starts_with(std::string("kubeconfig ") + kFile),
           "an error names the file");
    return;
  }
  check_endpoint(config->endpoint);
  demand(config->source == kFile && !config->default_namespace.empty(), "a context is whole");
  demand(config->endpoint.client_cert_pem.empty() == config->endpoint.client_key_pem.empty(),
         "certificate and key come together");
  demand(!config->endpoint.insecure_skip_verify || config->endpoint.ca_pem.empty(),
         "who trusts everybody has no CA");
  demand(config->username.empty() || (config->token.empty() && config->token_file.empty()),
         "there is one way to authenticate");
  demand(!config->impersonate.user.empty() || config->impersonate.groups.empty(),
         "groups come with a user");
  if (!config->exec) return;
  demand(!config->exec->command.empty(), "a plug-in has a command");
  for (const auto& [name, value] : config->exec->env) {
    demand(!name.empty() && name.find('=') == std::string::npos, "a variable has a name");
    demand((name + value).find('\0') == std::string::npos, "a variable is a C string");
  }
  demand(codec::parse_json(kube::exec_info(*config->exec, false)).has_value(),
         "a plug-in is told in JSON");
}

}  // namespace
}  // namespace bso::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bso::fuzz;
  const Input input(data, size);
  switch (input.parser()) {
    case 'y':
      fuzz_yaml(input);
      break;
    case 'j':
      fuzz_json(input);
      break;
    case 'u':
      fuzz_server_url(input);
      break;
    case 'p':
      fuzz_proxy_url(input);
      break;
    case 'b':
      fuzz_base64(input);
      break;
    case 't':
      fuzz_time(input);
      break;
    case 'x':
      fuzz_credential(input);
      break;
    default:
      fuzz_kubeconfig(input);
  }
  return 0;
}
