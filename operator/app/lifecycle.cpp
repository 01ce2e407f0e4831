// SPDX-License-Identifier: Apache-2.0
// Start and stop: in which order the parts run, and how each of the ways to end goes.
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/parts.h"
#include "app/remedy.h"
#include "app/version.h"
#include "base/log.h"
#include "install/server_version.h"
#include "kube/resource_version.h"

namespace bso::app {
namespace {

install::ServerVersion version_of(const nlohmann::json& version) {
  return install::server_version_of(codec::string_at(version, {"major"}),
                                    codec::string_at(version, {"minor"}));
}

}  // namespace

int Application::run() {
  auto& p = *parts_;
  p.on_signal();
  TaskGroup outer(p.loop.get_executor(), [](const std::exception& escaped) {
    log::error("the program failed", {{"error", escaped.what()}});
    std::_Exit(exit_failure);
  });
  const auto finish = [](Parts& parts) -> Task<void> {
    co_await parts.main();
    parts.signals.cancel();
    parts.deadline.cancel();
  };
  outer.spawn(finish(p));
  p.loop.run();
  log::info("stopped", {{"exit", fmt::to_string(p.exit_code)}});
  return p.exit_code;
}

void Application::Parts::on_signal() {
  signals.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    if (signaled) {
      log::warn("second signal, ending at once", {{"signal", fmt::to_string(number)}});
      std::_Exit(exit_failure);
    }
    signaled = true;
    log::info("stopping", {{"signal", fmt::to_string(number)}});
    if (!stop.requested()) end_within(options.shutdown_timeout, exit_failure);
    stop.request();
    on_signal();
  });
}

void Application::Parts::end_within(std::chrono::seconds time, int code_when_late) {
  deadline.expires_after(time);
  deadline.async_wait([code_when_late](boost::system::error_code canceled) {
    if (canceled) return;
    log::error("work under way did not end in time");
    std::_Exit(code_when_late);
  });
}

TaskGroup::OnEscape Application::Parts::on_escape() {
  return [this](const std::exception& escaped) {
    // A part has ended that must not: start anew rather than limp on without it.
    log::error("an internal part failed", {{"error", escaped.what()}});
    exit_code = exit_failure;
    stop.request();
  };
}

/// Watches run in every replica, so that who takes over knows the cluster already; the rest is the
/// leader's. The lease is given up last, the probes answer to the end.
Task<void> Application::Parts::main() {
  log::info("starting", {{"version", operator_version}, {"server", config.source}});
  TaskGroup probes(loop.get_executor(), on_escape());
  probes.spawn(server->serve(end));
  connected = co_await first_contact();
  TaskGroup watches(loop.get_executor(), on_escape());
  if (connected) {
    watches.spawn(feed->watch(stop));
    watches.spawn(plugins->watch(stop));
    watches.spawn(conflicts->watch(stop));
    if (election) {
      co_await lead_and_act();
    } else {
      co_await act();
    }
  }
  stop.request();
  co_await watches.join();
  end.request();
  co_await probes.join();
}

/// Asks for /version until there is an answer. A server that is down is waited for; one that must
/// not be trusted ends the process, because no waiting makes it right.
Task<bool> Application::Parts::first_contact() {
  Backoff backoff(Backoff::reflector(), uniform_random);
  while (!stop.requested()) {
    auto version = co_await client->get_path("/version");
    if (version) {
      const auto text = codec::string_at(**version, {"gitVersion"});
      log::info("connected", {{"server", config.endpoint.host}, {"kubernetes", text}});
      const auto kubernetes = version_of(**version);
      plugins->serve(kubernetes);
      if (kubernetes.minor >= kube::first_minor_with_floor) {
        floor = co_await kube::resource_version_floor(*client, kube::storage_classes);
      }
      co_return true;
    }
    const auto line = explain_connect_failure(config.source, version.error());
    if (version.error().kind == ErrorKind::tls) {
      log::error(line);
      exit_code = exit_untrusted;
      co_return false;
    }
    say_once("connect", line);
    const auto pause = backoff.next(std::chrono::steady_clock::now());
    (void)co_await sleep_for(pause, stop);
  }
  co_return false;
}

/// Acts while the lease is ours. It is renewed until the controllers have drained.
Task<void> Application::Parts::lead_and_act() {
  const bool leads = co_await election->acquire(stop);
  if (!leads) co_return;
  Stop drained;
  TaskGroup keeping(loop.get_executor(), on_escape());
  keeping.spawn(keep_lease(drained));
  co_await act();
  drained.request();
  co_await keeping.join();
  if (exit_code != exit_lease_lost) co_await election->release();
}

/// As in client-go the process ends when it has lost the lease: the kubelet starts it anew, with
/// nothing left of what it believed. What is still under way may take the rest of the lease; the
/// fence keeps its writes back.
Task<void> Application::Parts::keep_lease(Stop& drained) {
  const bool kept = co_await election->hold(drained);
  if (kept) co_return;
  exit_code = exit_lease_lost;
  const auto& times = election->times();
  end_within(times.lease_duration - times.renew_deadline, exit_lease_lost);
  stop.request();
}

/// The recorder outlives the actors: what their last reconciles have to say is still to be written.
Task<void> Application::Parts::act() {
  Stop acted;
  TaskGroup recording(loop.get_executor(), on_escape());
  recording.spawn(recorder->run(acted));
  TaskGroup actors(loop.get_executor(), on_escape());
  actors.spawn(plugins->act(stop));
  actors.spawn(conflicts->act(stop));
  co_await actors.join();
  acted.request();
  co_await recording.join();
}

}  // namespace bso::app
