// SPDX-License-Identifier: Apache-2.0
#include "app/options.h"

#include <CLI/CLI.hpp>

#include "app/version.h"
#include "runtime/lease_identity.h"

namespace bso::app {

namespace {

/// A whole number of seconds; what it must be in relation to the others is checked together.
void add_seconds(CLI::App& app, const char* name, const char* variable,
                 std::chrono::seconds& seconds, const char* help) {
  app.add_option_function<std::int64_t>(
         name, [&seconds](std::int64_t given) { seconds = std::chrono::seconds{given}; }, help)
      ->envname(variable)
      ->type_name("SECONDS")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{86'400}))
      ->default_str(std::to_string(seconds.count()));
}

void add_leader_election(CLI::App& app, LeaderElectionOptions& options) {
  app.add_flag("--leader-elect", options.enabled,
               "Of several replicas only the one that holds a Lease acts; =false runs without, for "
               "one replica only")
      ->envname("BSO_LEADER_ELECT")
      ->default_str("true");
  app.add_option("--leader-election-namespace", options.ns,
                 "Namespace of the Lease; else that of the ServiceAccount or context")
      ->envname("BSO_LEADER_ELECTION_NAMESPACE");
  app.add_option("--leader-election-name", options.name, "Name of the Lease")
      ->envname("BSO_LEADER_ELECTION_NAME")
      ->check(CLI::Validator(
          [](const std::string& given) {
            return given.empty() ? std::string("must not be empty") : std::string();
          },
          "", "name"))
      ->capture_default_str();
  app.add_option("--leader-identity", options.identity,
                 "What this replica is called in the Lease; must be its own. Else "
                 "$POD_NAME_$POD_UID, or the host's name and a random number")
      ->envname("BSO_LEADER_IDENTITY");
  add_seconds(app, "--leader-election-lease-duration", "BSO_LEADER_ELECTION_LEASE_DURATION",
              options.times.lease_duration,
              "Others take over when the Lease was not renewed for this long");
  add_seconds(app, "--leader-election-renew-deadline", "BSO_LEADER_ELECTION_RENEW_DEADLINE",
              options.times.renew_deadline,
              "The leader stops when it could not renew for this long");
  add_seconds(app, "--leader-election-retry-period", "BSO_LEADER_ELECTION_RETRY_PERIOD",
              options.times.retry_period, "Between two attempts to renew or to take the Lease");
}

/// What concerns more than one option.
void check_together(const Options& options) {
  if (options.tls_cert_file.empty() != options.tls_private_key_file.empty()) {
    throw CLI::ValidationError("--tls-cert-file, --tls-private-key-file", "one needs the other");
  }
  const auto times = runtime::check_lease_times(options.leader_election.times);
  if (!times) {
    throw CLI::ValidationError(
        "--leader-election-lease-duration, --leader-election-renew-deadline, "
        "--leader-election-retry-period",
        times.error().message);
  }
  const auto identity = runtime::lease_identity({.given = options.leader_election.identity});
  if (!identity) throw CLI::ValidationError("--leader-identity", identity.error().message);
}

}  // namespace

ParsedOptions parse_options(int argc, const char* const* argv) {
  ParsedOptions parsed;
  auto& options = parsed.options;
  CLI::App app{
      "Installs block storage plug-ins from BlockStoragePlugin objects and writes on every pod "
      "that\n"
      "is stuck on a volume held elsewhere who holds it and what to do.",
      "block-storage-operator"};
  app.set_version_flag("--version", std::string(operator_version));
  app.add_option("--kubeconfig", options.kubeconfig,
                 "File to use; else $KUBECONFIG, the in-cluster files, ~/.kube/config")
      ->envname("BSO_KUBECONFIG");
  app.add_option("--context", options.context, "Context of the kubeconfig; else its current one")
      ->envname("BSO_CONTEXT");
  app.add_option("--bundle-namespace", options.bundle_namespace,
                 "Namespace of the ConfigMaps with bundles of your own; else that of the Lease")
      ->envname("BSO_BUNDLE_NAMESPACE");
  app.add_flag("--pod-condition", options.pod_condition,
               "A condition blockstorage.dev/VolumeBlocked on pods that wait, beside the "
               "annotations; needs the right to patch pods/status")
      ->envname("BSO_POD_CONDITION");
  app.add_flag("--pod-metrics", options.pod_metrics,
               "blockstorage_blocked_pod_info, a time series for each pod that waits")
      ->envname("BSO_POD_METRICS");
  app.add_option("--listen-address", options.listen_address,
                 "Address of /healthz, /readyz and /metrics (IPv4 or IPv6; :: for both)")
      ->envname("BSO_LISTEN_ADDRESS")
      ->capture_default_str();
  app.add_option("--listen-port", options.listen_port, "Port of the same; 0 lets the kernel choose")
      ->envname("BSO_LISTEN_PORT")
      ->capture_default_str();
  app.add_option("--tls-cert-file", options.tls_cert_file,
                 "PEM certificate chain for the same: HTTPS instead of HTTP. Read again when it "
                 "changes")
      ->envname("BSO_TLS_CERT_FILE");
  app.add_option("--tls-private-key-file", options.tls_private_key_file, "PEM key that fits it")
      ->envname("BSO_TLS_PRIVATE_KEY_FILE");
  app.add_option("--log-level", options.log_level, "What to log")
      ->envname("BSO_LOG_LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", options.log_format, "How to log")
      ->envname("BSO_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  add_leader_election(app, options.leader_election);
  app.footer(
      "Exit status: 0 stopped by SIGTERM or SIGINT; 1 internal failure or a second signal; 2 "
      "usage;\n"
      "3 kubeconfig or in-cluster files unusable; 4 API server not trusted; 5 cannot listen;\n"
      "6 leadership lost.\n"
      "An API server that is down, refuses a right (403) or lacks the CRD does not end the "
      "process:\n"
      "it is logged, shown by /readyz and tried again.");
  try {
    app.parse(argc, argv);
    check_together(options);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_text = error.get_exit_code() == 0;
    app.exit(error);
    parsed.exit_code = asked_for_text ? exit_ok : exit_usage;
  }
  return parsed;
}

}  // namespace bso::app
