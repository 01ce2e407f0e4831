// SPDX-License-Identifier: Apache-2.0
#include "app/application.h"

#include <array>
#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <unistd.h>

#include "app/parts.h"
#include "app/remedy.h"
#include "app/version.h"
#include "base/log.h"
#include "runtime/lease_identity.h"

namespace bso::app {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string_view kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::tls:
      return "tls";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::network:
      return "network";
    case ErrorKind::status:
      return "status";
    default:
      return "other";
  }
}

}  // namespace

Application::Application(Options options) : parts_(std::make_unique<Parts>(std::move(options))) {}
Application::~Application() = default;

std::optional<int> Application::configure() {
  auto& p = *parts_;
  log::Level level = log::Level::info;
  (void)log::parse_level(p.options.log_level, level);  // the option's own check has seen it
  log::configure(level, p.options.log_format == "json" ? log::Format::json : log::Format::text);

  auto config =
      kube::load_client_config(kube::sources_of_process(p.options.kubeconfig, p.options.context));
  if (!config) {
    log::error(config.error().message);
    return exit_configuration;
  }
  p.config = std::move(*config);

  transport::TransportOptions transport_options;
  transport_options.endpoint = p.config.endpoint;
  transport_options.user_agent = fmt::format("{}/{}", operator_name, operator_version);
  transport_options.authorize = kube::make_authorizer(p.config);
  auto transport = transport::make_transport(p.loop.get_executor(), std::move(transport_options));
  if (!transport) {
    log::error(std::move(transport.error()).with_context(p.config.source).message);
    return exit_configuration;
  }
  p.transport = std::move(*transport);

  server::HttpServer::Options listen;
  listen.address = p.options.listen_address;
  listen.port = p.options.listen_port;
  listen.certificate_file = p.options.tls_cert_file;
  listen.key_file = p.options.tls_private_key_file;
  auto server =
      server::HttpServer::listen(p.loop.get_executor(), listen,
                                 [&p](const server::Target& target) { return p.answer(target); });
  if (!server) {
    log::error(std::move(server.error())
                   .with_context(fmt::format("--listen-address {} --listen-port {}",
                                             p.options.listen_address, p.options.listen_port))
                   .message);
    return exit_listen;
  }
  p.server = std::move(*server);
  log::info("listening",
            {{"address", p.options.listen_address}, {"port", fmt::to_string(p.server->port())}});
  return std::nullopt;
}

void Application::wire() {
  auto& p = *parts_;
  const auto executor = p.loop.get_executor();
  p.make_election();
  p.client = std::make_unique<kube::Client>(*p.transport, std::string(operator_name), p.observer(),
                                            p.retries(),
                                            p.election ? p.election->fence() : kube::WriteFence());
  p.recorder = std::make_unique<runtime::EventRecorder>(executor, *p.client, p.metrics,
                                                        std::string(operator_name), host_name());
  const controllers::Wire wire{executor,     *p.transport,       *p.client,
                               p.observer(), p.on_watch_error(), [&p] { return p.floor; }};
  p.feed = std::make_unique<controllers::ClusterFeed>(wire, p.view);
  p.plugins = std::make_unique<controllers::PluginController>(
      wire, *p.feed, *p.recorder, p.metrics, std::string(operator_version), p.bundle_namespace());
  p.conflicts = std::make_unique<controllers::MountConflictController>(
      wire, *p.feed, p.view, *p.recorder, p.metrics,
      controllers::DiagnosisOptions{.rules_namespace = p.bundle_namespace(),
                                    .pod_condition = p.options.pod_condition,
                                    .pod_metrics = p.options.pod_metrics});
  p.conflicts->take_bundles(*p.plugins->bundles());
  p.plugins->on_bundles([&p] { p.conflicts->take_bundles(*p.plugins->bundles()); });
  auto& outlooks = p.conflicts->outlooks();
  p.plugins->ask_for_risk(
      [&outlooks](const cluster::Volume& volume) { return outlooks.at_risk(volume); });
  outlooks.on_change([&p] { p.plugins->recount(); });
  p.wire_health();
}

std::string Application::Parts::lease_namespace() const {
  const auto& given = options.leader_election.ns;
  return given.empty() ? config.default_namespace : given;
}

std::string Application::Parts::bundle_namespace() const {
  return options.bundle_namespace.empty() ? lease_namespace() : options.bundle_namespace;
}

void Application::Parts::make_election() {
  const auto& wanted = options.leader_election;
  if (!wanted.enabled) return;
  std::random_device chance;
  // The options' own check has accepted the one that may be given.
  const auto identity =
      runtime::lease_identity({.given = wanted.identity,
                               .pod_name = variable("POD_NAME"),
                               .pod_uid = variable("POD_UID"),
                               .host = host_name(),
                               .random = (std::uint64_t{chance()} << 32U) | chance()});
  election = std::make_unique<runtime::LeaderElection>(
      loop.get_executor(), *transport,
      runtime::LeaderElection::Options{.ns = lease_namespace(),
                                       .name = wanted.name,
                                       .identity = identity.value(),
                                       .times = wanted.times},
      metrics, observer(), on_watch_error(), runtime::LeaderElection::Surroundings());
}

/// The same trouble is said when it begins and then every ten minutes, not at every attempt.
void Application::Parts::say_once(const std::string& about, const std::string& line) {
  constexpr std::chrono::minutes kRepeat{10};
  const auto now = std::chrono::steady_clock::now();
  auto& [last, when] = said[about];
  if (last == line && now - when < kRepeat) return;
  last = line;
  when = now;
  log::warn(line, {{"about", about}});
}

kube::RequestObserver Application::Parts::observer() {
  return [this](std::string_view method, std::string_view code) {
    metrics.count("rest_client_requests_total",
                  "Number of HTTP requests, partitioned by status code, method, and host",
                  {{"method", std::string(method)},
                   {"code", std::string(code)},
                   {"host", config.endpoint.host}});
  };
}

kube::RetryPolicy Application::Parts::retries() {
  kube::RetryPolicy policy;
  policy.stop = &stop;
  policy.on_retry = [this](std::string_view method, std::string_view code) {
    metrics.count("rest_client_request_retries_total",
                  "Number of request retries, partitioned by status code, verb, and host",
                  {{"verb", std::string(method)},
                   {"code", std::string(code)},
                   {"host", config.endpoint.host}});
  };
  return policy;
}

kube::Reflector::OnError Application::Parts::on_watch_error() {
  return [this](const kube::Reflector& reflector, const Error& error) {
    metrics.count("blockstorage_reflector_failures_total", "Failed LISTs and WATCHes",
                  {{"watch", reflector.name()}, {"kind", std::string(kind_name(error.kind))}});
    // A server that is away is away for all watches: one line, not one for each.
    const bool one_for_all = error.kind != ErrorKind::status && error.kind != ErrorKind::protocol;
    // So is a right that is missing for several watches of one kind.
    const auto& resource = reflector.resource();
    say_once(one_for_all         ? "apiserver"
             : error.forbidden() ? fmt::format("right to {}/{}", resource.group, resource.plural)
                                 : reflector.name(),
             explain_watch_failure(resource, error));
  };
}

}  // namespace bso::app
