// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/lease_record.h"

namespace bso::app {

/// Exit statuses, as README.md documents them.
enum ExitCode : int {
  exit_ok = 0,             ///< stopped by SIGTERM or SIGINT
  exit_failure = 1,        ///< a second signal, or a broken invariant
  exit_usage = 2,          ///< unknown option or bad value
  exit_configuration = 3,  ///< kubeconfig or in-cluster files cannot be used
  exit_untrusted = 4,      ///< the API server's certificate is not trusted, or ours is refused
  exit_listen = 5,         ///< the probe and metrics address cannot be listened on, or its
                           ///< certificate not used
  exit_lease_lost = 6,     ///< another replica leads, or may
};

struct LeaderElectionOptions {
  bool enabled = true;
  std::string ns;  ///< "": the one of the ServiceAccount or context
  std::string name = "block-storage-operator";
  std::string identity;  ///< "": made from pod or host
  runtime::LeaseTimes times;
};

struct Options {
  std::string kubeconfig;
  std::string context;
  std::string bundle_namespace;  ///< "": that of the Lease
  std::string listen_address = "0.0.0.0";
  std::uint16_t listen_port = 8080;
  std::string tls_cert_file;  ///< of the same; "": plain HTTP
  std::string tls_private_key_file;
  bool pod_condition = false;
  bool pod_metrics = false;
  std::string log_level = "info";
  std::string log_format = "text";
  LeaderElectionOptions leader_election;
  std::chrono::seconds shutdown_timeout{30};
};

struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;  ///< set when the process is to end now
};

/// Reads the command line; prints help, version or a usage error itself. Every option can also be
/// given as an environment variable BSO_<OPTION>.
[[nodiscard]] ParsedOptions parse_options(int argc, const char* const* argv);

}  // namespace bso::app
