// SPDX-License-Identifier: Apache-2.0
// What /livez, /readyz and /metrics answer.
#include <fmt/format.h>

#include "app/parts.h"
#include "app/remedy.h"
#include "runtime/reflector_metrics.h"

namespace bso::app {
namespace {

/// How long after its end an unrenewed lease means that the process hangs (as
/// kube-controller-manager's watchdog has it).
constexpr std::chrono::seconds kOverdue{20};

server::Answer answer_of(const runtime::Health::Report& report) {
  server::Answer answer;
  answer.status = report.ok ? 200 : 503;
  answer.body = report.text;
  return answer;
}

/// "/readyz" asks for all checks, "/readyz/NAME" for one. nullopt for another path.
std::optional<server::Answer> probe(const runtime::Health& health, std::string_view path,
                                    const server::Target& target) {
  if (!target.path.starts_with(path)) return std::nullopt;
  const auto below = target.path.substr(path.size());
  if (below.empty() || below == "/") {
    return answer_of(health.report(target.values("exclude"), !target.values("verbose").empty()));
  }
  if (below.front() != '/') return std::nullopt;
  const auto one = health.report_one(below.substr(1));
  if (!one) return std::nullopt;
  return answer_of(*one);
}

}  // namespace

void Application::Parts::wire_health() {
  // That it is answered shows that the loop turns.
  live.add("ping", []() -> std::optional<std::string> { return std::nullopt; });
  if (election) {
    live.add("leader-election", [this] { return election->overdue(kOverdue); });
  }
  ready.add("shutdown", [this]() -> std::optional<std::string> {
    if (stop.requested()) return "the process is shutting down";
    return std::nullopt;
  });
  ready.add("apiserver", [this]() -> std::optional<std::string> {
    if (connected) return std::nullopt;
    return "no answer from the API server yet";
  });
  // A replica that waits for the lease is ready when it could take over at once.
  const auto add = [this](const kube::Reflector& reflector) {
    ready.add(fmt::format("watch-{}", reflector.name()),
              [&reflector]() -> std::optional<std::string> {
                if (reflector.trouble()) {
                  return explain_watch_failure(reflector.resource(), *reflector.trouble());
                }
                if (!reflector.synced()) return "first list not complete";
                if (reflector.is_stale()) return "the server has not been heard for too long";
                return std::nullopt;
              });
    runtime::export_reflector_metrics(reflector, metrics);
  };
  feed->for_each_reflector(add);
  plugins->for_each_reflector(add);
  conflicts->for_each_reflector(add);
}

server::Answer Application::Parts::answer(const server::Target& target) {
  if (const auto found = probe(ready, "/readyz", target)) return *found;
  if (const auto found = probe(live, "/livez", target)) return *found;
  if (const auto found = probe(live, "/healthz", target)) return *found;
  server::Answer answer;
  if (target.path == "/metrics") {
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    answer.body = metrics.exposition();
  } else {
    answer.status = 404;
    answer.body =
        "paths: /healthz /livez /readyz (each also /NAME, ?verbose, ?exclude=NAME) /metrics\n";
  }
  return answer;
}

}  // namespace bso::app
