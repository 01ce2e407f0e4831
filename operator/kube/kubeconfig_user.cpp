// SPDX-License-Identifier: Apache-2.0
// A kubeconfig's user: client-go tools/clientcmd/{client_config,validation}.go, 1.36.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kube/config_file.h"
#include "kube/kubeconfig_fields.h"

namespace bso::kube {
namespace {

constexpr std::string_view api_group = "client.authentication.k8s.io/";

std::string read_api_version(Fields& exec) {
  auto version = exec.text("apiVersion");
  if (version == std::string(api_group) + "v1" || version == std::string(api_group) + "v1beta1") {
    return version;
  }
  if (version == std::string(api_group) + "v1alpha1") {
    exec.refuse(fmt::format(
        "apiVersion v1alpha1 of {} is gone since Kubernetes 1.24; update the plug-in and say {}v1",
        exec.owner(), api_group));
  } else {
    exec.refuse(fmt::format("apiVersion of {} must be {}v1 or {}v1beta1", exec.owner(), api_group,
                            api_group));
  }
  return {};
}

ExecPlugin::Interactive read_interactive(Fields& exec, const std::string& api_version) {
  using Interactive = ExecPlugin::Interactive;
  const auto mode = exec.text("interactiveMode");
  if (mode == "Never") return Interactive::never;
  if (mode == "IfAvailable") return Interactive::if_available;
  if (mode == "Always") return Interactive::always;
  // v1beta1 has a default, v1 has none.
  if (mode.empty() && api_version.ends_with("v1beta1")) return Interactive::if_available;
  exec.refuse(
      fmt::format("interactiveMode of {} must be Never, IfAvailable or Always", exec.owner()));
  return Interactive::never;
}

/// A path is relative to the kubeconfig; a bare name is looked for in PATH.
std::string read_command(Fields& exec) {
  auto command = exec.text("command");
  if (command.empty()) {
    exec.refuse(fmt::format("command of {} is missing", exec.owner()));
    return {};
  }
  if (command.find('/') == std::string::npos) return command;
  return resolve_path(command, exec.file());
}

std::optional<ExecPlugin> read_exec(Fields& user, const std::string& cluster_info) {
  auto exec = user.map("exec");
  if (!exec) return std::nullopt;
  ExecPlugin plugin;
  plugin.api_version = read_api_version(*exec);
  plugin.command = read_command(*exec);
  plugin.args = exec->texts("args");
  for (Fields& variable : exec->maps("env")) {
    const auto name = variable.text("name");
    if (name.empty() || name.find('=') != std::string::npos) {
      variable.refuse(fmt::format("name of {} is missing or has a \"=\"", variable.owner()));
    }
    plugin.env.emplace_back(name, variable.text("value"));
    exec->adopt(variable);
  }
  plugin.install_hint = exec->text("installHint");
  plugin.interactive = read_interactive(*exec, plugin.api_version);
  if (exec->flag("provideClusterInfo")) plugin.cluster_info = cluster_info;
  user.adopt(*exec);
  return plugin;
}

Impersonation read_impersonation(Fields& user) {
  Impersonation impersonate;
  impersonate.user = user.text("as");
  impersonate.uid = user.text("as-uid");
  impersonate.groups = user.texts("as-groups");
  impersonate.extra = user.lists_of_texts("as-user-extra");
  const bool more =
      !impersonate.uid.empty() || !impersonate.groups.empty() || !impersonate.extra.empty();
  if (impersonate.user.empty() && more) {
    user.refuse(
        fmt::format("{} has as-uid, as-groups or as-user-extra without as; the server "
                    "needs the user's name too",
                    user.owner()));
  }
  return impersonate;
}

void refuse_auth_provider(Fields& user) {
  const auto* value = user.raw("auth-provider");
  if (value == nullptr) return;
  auto provider = user.map("auth-provider");
  const auto name = provider ? provider->text("name") : std::string();
  // The names of providers are well-known words; anything else stays unsaid.
  constexpr std::array<std::string_view, 4> known{"gcp", "azure", "oidc", "openstack"};
  const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
  user.refuse(
      fmt::format("auth-provider{} of {} is not supported (Kubernetes dropped the cloud "
                  "ones in 1.26); use an exec plug-in instead{}",
                  is_known ? " " + name : "", user.owner(),
                  name == "gcp"     ? ": gke-gcloud-auth-plugin"
                  : name == "azure" ? ": kubelogin"
                  : name == "oidc"  ? ": kubelogin (kubectl oidc-login)"
                                    : ""));
}

}  // namespace

void read_user(Fields& user, const std::string& cluster_info, ClientConfig& config) {
  refuse_auth_provider(user);
  config.exec = read_exec(user, cluster_info);
  config.impersonate = read_impersonation(user);
  config.token = user.text("token");
  if (const std::string path = user.text("tokenFile"); !path.empty()) {
    config.token_file = resolve_path(path, user.file());
  }
  config.username = user.text("username");
  config.password = user.text("password");
  const bool has_token = !config.token.empty() || !config.token_file.empty();
  if (has_token && !(config.username.empty() && config.password.empty())) {
    user.refuse(fmt::format("{} has both a token and a username or password; remove one of them",
                            user.owner()));
  }
  auto certificate = user.pem("client-certificate", PemKind::certificate);
  auto key = user.pem("client-key", PemKind::private_key);
  if (certificate.text.empty() != key.text.empty()) {
    user.refuse(fmt::format("{} has only one of client-certificate and client-key", user.owner()));
  }
  config.endpoint.client_cert_pem = std::move(certificate.text);
  config.endpoint.client_cert_file = std::move(certificate.file);
  config.endpoint.client_key_pem = std::move(key.text);
  config.endpoint.client_key_file = std::move(key.file);
}

}  // namespace bso::kube
