// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "app/application.h"
#include "base/stop.h"
#include "base/task_group.h"
#include "cluster/view.h"
#include "controllers/cluster_feed.h"
#include "controllers/mount_conflict/controller.h"
#include "controllers/plugin/controller.h"
#include "kube/client.h"
#include "kube/client_config.h"
#include "runtime/event_recorder.h"
#include "runtime/health.h"
#include "runtime/leader_election.h"
#include "runtime/metrics.h"
#include "server/http_server.h"
#include "transport/transport.h"

namespace bso::app {

inline constexpr std::string_view operator_name = "block-storage-operator";

/// Everything the process consists of. application.cpp makes and wires it, lifecycle.cpp starts and
/// stops it, probes.cpp answers for it.
struct Application::Parts {
  explicit Parts(Options given) : options(std::move(given)) {}

  Options options;
  boost::asio::io_context loop{1};
  /// Caught from the first moment on; what comes before the loop runs is seen when it does.
  boost::asio::signal_set signals{loop, SIGTERM, SIGINT};
  Stop stop;  ///< of the work: watches and controllers
  Stop end;   ///< of what has to outlast the work: probes
  bool signaled = false;
  int exit_code = exit_ok;
  boost::asio::steady_timer deadline{loop};  ///< of stopping

  runtime::Metrics metrics;
  runtime::Health live{"livez"};
  runtime::Health ready{"readyz"};
  bool connected = false;
  std::string floor = "0";  ///< for the first LISTs, see kube::resource_version_floor()

  kube::ClientConfig config;
  std::unique_ptr<transport::Transport> transport;
  std::unique_ptr<server::HttpServer> server;
  std::unique_ptr<runtime::LeaderElection> election;  ///< null when there is none
  std::unique_ptr<kube::Client> client;               ///< writes through the fence
  std::unique_ptr<runtime::EventRecorder> recorder;

  cluster::View view;
  std::unique_ptr<controllers::ClusterFeed> feed;
  std::unique_ptr<controllers::PluginController> plugins;
  std::unique_ptr<controllers::MountConflictController> conflicts;

  std::map<std::string, std::pair<std::string, std::chrono::steady_clock::time_point>> said;

  // application.cpp
  [[nodiscard]] std::string lease_namespace() const;
  [[nodiscard]] std::string bundle_namespace() const;
  void make_election();
  kube::RequestObserver observer();
  kube::RetryPolicy retries();
  kube::Reflector::OnError on_watch_error();
  void say_once(const std::string& about, const std::string& line);

  // lifecycle.cpp
  Task<void> main();
  Task<bool> first_contact();
  Task<void> lead_and_act();
  Task<void> keep_lease(Stop& drained);
  Task<void> act();
  TaskGroup::OnEscape on_escape();
  void on_signal();
  void end_within(std::chrono::seconds time, int code_when_late);

  // probes.cpp
  void wire_health();
  server::Answer answer(const server::Target& target);
};

}  // namespace bso::app
