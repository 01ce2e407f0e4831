// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "kube/client_config.h"
#include "kube/config_file.h"
#include "kube/pem.h"

namespace bso::kube {
namespace {

constexpr std::string_view mount_remedy =
    "the pod needs a ServiceAccount token (automountServiceAccountToken: true)";

Error with_remedy(Error error) {
  error.message = fmt::format("in-cluster: {}; {}", error.message, mount_remedy);
  return error;
}

}  // namespace

Result<ClientConfig> in_cluster_config(const ConfigSources& sources) {
  const std::string host = sources.variable("KUBERNETES_SERVICE_HOST");
  const std::string port = sources.variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return fail(invalid_input(
        "in-cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; "
        "this is no pod, give --kubeconfig"));
  }
  const bool ipv6 = host.find(':') != std::string::npos;
  auto endpoint =
      parse_server_url(fmt::format("https://{}:{}", ipv6 ? "[" + host + "]" : host, port));
  if (!endpoint) {
    return fail(std::move(endpoint).error().with_context(
        "in-cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT"));
  }

  ClientConfig config;
  config.endpoint = *std::move(endpoint);
  config.source = "in-cluster";

  const std::string ca_file = sources.service_account_dir + "/ca.crt";
  auto ca = read_file(ca_file);
  if (!ca) return fail(with_remedy(std::move(ca).error()));
  if (auto checked = check_pem(*ca, PemKind::certificate, ca_file); !checked) {
    return fail(std::move(checked).error().with_context("in-cluster"));
  }
  config.endpoint.ca_pem = *std::move(ca);
  config.endpoint.ca_file = ca_file;

  config.token_file = sources.service_account_dir + "/token";
  auto token = read_file(config.token_file);
  if (!token) return fail(with_remedy(std::move(token).error()));
  if (trim(*token).empty()) {
    return fail(with_remedy(invalid_input(config.token_file + " is empty")));
  }

  config.default_namespace = "default";
  if (const auto text = read_file(sources.service_account_dir + "/namespace")) {
    if (const auto name = trim(*text); !name.empty()) config.default_namespace = name;
  }
  return config;
}

}  // namespace bso::kube
