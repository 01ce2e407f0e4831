// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "codec/base64.h"
#include "kube/kubeconfig_fields.h"

namespace bso::kube {
namespace {

using nlohmann::json;
using Entries = std::map<std::string, KubeconfigEntry>;

/// (disable-compression is passed over: nothing is ever compressed.)
void read_cluster(Fields& cluster, ClientConfig& config) {
  const std::string server = cluster.text("server");
  if (server.empty()) {
    cluster.refuse(fmt::format("server of {} is missing", cluster.owner()));
    return;
  }
  auto endpoint = parse_server_url(server);
  if (!endpoint) {
    cluster.refuse(fmt::format("{}: {}", cluster.owner(), endpoint.error().message));
    return;
  }
  config.endpoint = *std::move(endpoint);
  if (const std::string proxy = cluster.text("proxy-url"); !proxy.empty()) {
    auto parsed = parse_proxy_url(proxy);
    if (!parsed) {
      cluster.refuse(fmt::format("proxy-url of {}: {}", cluster.owner(), parsed.error().message));
      return;
    }
    config.endpoint.proxy = *std::move(parsed);
  }
  config.endpoint.server_name = cluster.text("tls-server-name");
  config.endpoint.insecure_skip_verify = cluster.flag("insecure-skip-tls-verify");
  auto ca = cluster.pem("certificate-authority", PemKind::certificate);
  config.endpoint.ca_pem = std::move(ca.text);
  config.endpoint.ca_file = std::move(ca.file);
  if (config.endpoint.insecure_skip_verify && !config.endpoint.ca_pem.empty()) {
    cluster.refuse(fmt::format(
        "{} has both insecure-skip-tls-verify and a certificate-authority; remove one of them",
        cluster.owner()));
  }
}

/// What a plug-in is told of the cluster (client-go tools/auth/exec/exec.go
/// ConfigToExecCluster, and the extension that kubeconfigs keep the plug-in's own settings in).
std::string cluster_info(const Fields& cluster, const ClientConfig& config) {
  json info = json::object();
  const auto copy = [&](const char* field) {
    if (const json* value = cluster.raw(field)) info[field] = *value;
  };
  for (const char* field : {"server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url",
                            "disable-compression"}) {
    copy(field);
  }
  if (!config.endpoint.ca_pem.empty()) {
    info["certificate-authority-data"] = codec::encode_base64(config.endpoint.ca_pem);
  }
  const json* extensions = cluster.raw("extensions");
  if (extensions != nullptr && extensions->is_array()) {
    for (const json& entry : *extensions) {
      if (codec::string_at(entry, {"name"}) != "client.authentication.k8s.io/exec") continue;
      if (const json* extension = codec::find(entry, {"extension"})) info["config"] = *extension;
    }
  }
  return codec::dump_json(info);
}

std::string names_of(const Entries& entries) {
  std::vector<std::string_view> names;
  for (const auto& [name, entry] : entries) names.push_back(name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// The entry that a context's field names, or what is wrong with that.
Result<const KubeconfigEntry*> referred(const Entries& entries, Fields& context,
                                        const std::string& field) {
  const std::string name = context.text(field);
  if (context.error()) return fail(*context.error());
  if (name.empty()) {
    return fail(invalid_input(fmt::format("{} of {} is missing", field, context.owner())));
  }
  const auto found = entries.find(name);
  if (found == entries.end()) {
    return fail(
        invalid_input(fmt::format("{} names the {} \"{}\", which is not there; there are: {}",
                                  context.owner(), field, name, names_of(entries))));
  }
  return &found->second;
}

Result<ClientConfig> select(const Kubeconfig& kubeconfig, const std::string& name,
                            const KubeconfigEntry& entry) {
  Fields context(entry, fmt::format("context \"{}\"", name));
  auto cluster_entry = referred(kubeconfig.clusters, context, "cluster");
  if (!cluster_entry) return fail(std::move(cluster_entry).error());
  auto user_entry = referred(kubeconfig.users, context, "user");
  if (!user_entry) return fail(std::move(user_entry).error());

  ClientConfig config;
  config.source = entry.file;
  config.default_namespace = context.text("namespace");
  if (config.default_namespace.empty()) config.default_namespace = "default";
  Fields cluster(**cluster_entry, fmt::format("cluster \"{}\"", context.text("cluster")));
  read_cluster(cluster, config);
  Fields user(**user_entry, fmt::format("user \"{}\"", context.text("user")));
  read_user(user, cluster_info(cluster, config), config);
  for (const Fields* fields : {&context, &cluster, &user}) {
    if (fields->error()) return fail(*fields->error());
  }
  return config;
}

}  // namespace

Result<ClientConfig> select_context(const Kubeconfig& kubeconfig, std::string_view context) {
  const std::string where = fmt::format("kubeconfig {}", fmt::join(kubeconfig.files, ":"));
  const std::string name = context.empty() ? kubeconfig.current_context : std::string(context);
  if (name.empty()) {
    return fail(invalid_input(fmt::format(
        "{} has no current-context; set it (kubectl config use-context) or give --context; "
        "there are: {}",
        where, names_of(kubeconfig.contexts))));
  }
  const auto found = kubeconfig.contexts.find(name);
  if (found == kubeconfig.contexts.end()) {
    return fail(invalid_input(fmt::format("{} has no context \"{}\"; there are: {}", where, name,
                                          names_of(kubeconfig.contexts))));
  }
  auto config = select(kubeconfig, name, found->second);
  if (!config) return fail(std::move(config).error().with_context(where));
  return config;
}

}  // namespace bso::kube
