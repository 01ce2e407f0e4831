// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "transport/transport.h"

namespace bso::kube {

/// As whom else to act (kubeconfig `as`): headers of every request. Empty `user`: as oneself.
struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

/// A program that prints credentials (kubeconfig `exec`, client.authentication.k8s.io).
struct ExecPlugin {
  /// Whether the program may ask a person: `if_available` when standard input is a terminal.
  enum class Interactive { never, if_available, always };

  std::string api_version;  ///< client.authentication.k8s.io/v1 or /v1beta1
  std::string command;      ///< a path, or a name to be looked for in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  ///< added to ours
  std::string install_hint;                              ///< told when there is no such program
  Interactive interactive = Interactive::if_available;
  std::string
      cluster_info;  ///< JSON of ExecCredential's spec.cluster; "" unless provideClusterInfo
};

/// How to reach an API server and as whom: what a kubeconfig's context or the in-cluster files say.
struct ClientConfig {
  transport::Endpoint endpoint;
  std::string source;             ///< where it came from, for people: a file name or "in-cluster"
  std::string default_namespace;  ///< of the context or of the ServiceAccount; "default" otherwise

  // At most one of these authenticates (besides a client certificate); a plug-in stands back behind
  // the others.
  std::string token;
  std::string token_file;  ///< wins over `token`; read again as it rotates
  std::string username;    ///< basic authentication
  std::string password;
  std::optional<ExecPlugin> exec;

  Impersonation impersonate;
};

/// Everything outside the process that decides the configuration; tests pass their own.
struct ConfigSources {
  std::string kubeconfig_flag;  ///< --kubeconfig; exclusive when given
  std::string context_flag;     ///< --context; "" means current-context
  /// KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
  std::map<std::string, std::string> environment;
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";

  /// "" when it is not set.
  [[nodiscard]] std::string variable(const std::string& name) const;
};

/// The sources of this process.
[[nodiscard]] ConfigSources sources_of_process(std::string kubeconfig_flag,
                                               std::string context_flag);

/// In the order of controller-runtime (pkg/client/config/config.go): flag, KUBECONFIG (a ':' list,
/// first wins, files that do not exist are passed over), in-cluster, then $HOME/.kube/config. A
/// context that was asked for can only be in a kubeconfig, so then in-cluster is left out.
/// Errors name the file, the field and the remedy; they never contain a credential.
[[nodiscard]] Result<ClientConfig> load_client_config(const ConfigSources& sources);

/// One kubeconfig text. Relative paths in it are resolved against the directory of `file_name`.
/// `context` "" means its current-context.
[[nodiscard]] Result<ClientConfig> parse_kubeconfig(std::string_view text,
                                                    std::string_view file_name,
                                                    std::string_view context);

/// KUBERNETES_SERVICE_HOST/PORT and the mounted ServiceAccount files. Unlike client-go, a missing
/// ca.crt is an error here and not a later TLS failure.
[[nodiscard]] Result<ClientConfig> in_cluster_config(const ConfigSources& sources);

/// "https://host:6443/prefix" into an endpoint; scheme http or https, IPv6 in brackets.
[[nodiscard]] Result<transport::Endpoint> parse_server_url(std::string_view url);

/// kubeconfig proxy-url: http, https or socks5, with user name and password (percent-encoded) or
/// without. The port is the scheme's own when it is left out: 80, 443, 1080. Messages never repeat
/// the URL when it may hold a password.
[[nodiscard]] Result<transport::Proxy> parse_proxy_url(std::string_view url);

using SteadyClock = transport::SteadyClock;

/// What proves who we are, and as whom we act:
/// - a token file is read again once its copy is 50 s old (client-go transport/token_source.go
///   caches 1 min with 10 s leeway); when a later read fails or is empty, the old token goes on,
///   unless the server has refused it. White space around a token is dropped; a token with control
///   characters or spaces in it is an error, it could smuggle a header;
/// - a plug-in is run when its last answer is about to expire or was refused, once for all that
///   wait.
[[nodiscard]] std::shared_ptr<transport::Authorizer> make_authorizer(const ClientConfig& config);
[[nodiscard]] std::shared_ptr<transport::Authorizer> make_authorizer(const ClientConfig& config,
                                                                     SteadyClock clock);

}  // namespace bso::kube
