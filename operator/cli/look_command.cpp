// SPDX-License-Identifier: Apache-2.0
#include "cli/look_command.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/dump.h"
#include "cli/live_cluster.h"
#include "cli/live_names.h"
#include "cli/look_output.h"
#include "cli/session.h"
#include "codec/json.h"
#include "inspect/answers.h"
#include "inspect/gaps.h"
#include "inspect/graph.h"
#include "install/bundle.h"

namespace bso::cli {
namespace {

/// What was found, wherever.
struct Look {
  std::unique_ptr<inspect::Snapshot> snapshot;
  LookScope scope;
  WallTime now{};
  std::vector<std::string> warnings;
  std::string without_rules;  ///< that an administrator's rules for drivers could not be read
  bool incomplete = false;    ///< pods or nodes may be missing
};

bool is_why(const Options& options) { return options.command == Command::why; }

/// Without a pod of that name there is no answer.
bool has_asked(const Look& look, std::string_view where) {
  if (look.scope.pod.empty() || !look.snapshot->asked().empty()) return true;
  complain(fmt::format("There is no pod {} in {}{}.", look.scope.pod, where,
                       look.scope.ns.empty() ? "" : ", namespace " + look.scope.ns));
  return false;
}

/// Nobody said what the driver allows: rules that could not be read might have.
bool rests_on_guess(const inspect::Answers& answers) {
  return std::any_of(answers.pods.begin(), answers.pods.end(), [](const inspect::Answer& answer) {
    return answer.verdict &&
           answer.verdict->semantics.source == diagnosis::SemanticsSource::assumed;
  });
}

Task<int> tell(const Options& options, const Look& look) {
  if (!is_why(options)) {
    const auto graph = inspect::graph_of(*look.snapshot, look.scope.ns, look.scope.pod, look.now);
    warn(look.warnings);
    co_return co_await print_graph(graph, options.look.form);
  }
  auto answers = look.scope.pod.empty()
                     ? inspect::answer_scope(*look.snapshot, look.scope.ns, look.now)
                     : inspect::answer_asked(*look.snapshot, look.now);
  answers.warnings = look.warnings;
  if (rests_on_guess(answers) && !look.without_rules.empty()) {
    answers.warnings.push_back(look.without_rules);
  }
  if (look.incomplete) {
    for (auto& doubt : inspect::doubts(*look.snapshot, answers)) {
      answers.warnings.push_back(std::move(doubt));
    }
  }
  warn(answers.warnings);
  inspect::Scope scope;
  scope.ns = look.scope.ns;
  scope.pod = look.scope.pod;
  if (!options.look.from.empty()) scope.whole = "the dump";
  print_answers(answers, scope, options.look.form);
  co_return answers.conflict() ? exit_conflict : exit_ok;
}

int look_at_dump(const Options& options) {
  std::string problem;
  const auto scope = scope_of(options.look, "", problem);
  if (!scope) {
    complain(problem);
    return exit_error;
  }
  const auto shipped = install::load_bundles(install::embedded_bundles());
  if (!shipped) {
    complain(shipped.error().message);
    return exit_error;
  }
  auto dump = read_dump(options.look.from, {scope->ns, scope->pod}, *shipped);
  if (!dump) {
    complain(dump.error().message);
    return exit_error;
  }
  Look look;
  look.scope = *scope;
  look.now = options.look.now.value_or(dump->snapshot->newest());
  look.snapshot = std::move(dump->snapshot);
  look.warnings = std::move(dump->warnings);
  look.incomplete = true;
  if (!has_asked(look, "the dump")) return exit_error;
  int code = exit_error;
  // Only to run Graphviz is there a need to wait for anything.
  boost::asio::io_context loop{1};
  boost::asio::co_spawn(Executor(loop.get_executor()), tell(options, look),
                        [&](std::exception_ptr escaped, int result) {
                          if (!escaped) code = result;
                          if (escaped) complain("the program failed");
                        });
  loop.run();
  return code;
}

/// Of some pod of the scope there may be more to tell than it tells itself.
bool anybody_concerned(const inspect::Snapshot& snapshot, const LookScope& scope) {
  const auto keys = snapshot.view().concerned_pods();
  return std::any_of(keys.begin(), keys.end(), [&scope](const std::string& key) {
    if (!scope.pod.empty()) return key == fmt::format("{}/{}", scope.ns, scope.pod);
    return scope.ns.empty() || key.starts_with(scope.ns + '/');
  });
}

Task<int> look_at_cluster(Session& session, const Options& options) {
  std::string problem;
  const auto scope = scope_of(options.look, session.default_namespace(), problem);
  if (!scope) {
    complain(problem);
    co_return exit_error;
  }
  Look look;
  look.scope = *scope;
  const inspect::PodName asked{scope->ns, scope->pod};
  look.snapshot = std::make_unique<inspect::Snapshot>(asked);
  LiveCluster cluster(session, *look.snapshot, asked, options.bundle_namespace);
  auto done = co_await cluster.take_pods();
  const bool concerned = anybody_concerned(*look.snapshot, *scope);
  if (done && (concerned || !is_why(options))) {
    done = co_await cluster.take_surroundings();
    if (done && !scope->ns.empty() &&
        inspect::others_may_matter(*look.snapshot, scope->ns, wall_now())) {
      done = co_await cluster.take_other_pods();
    }
  } else if (done && !scope->pod.empty()) {
    done = co_await cluster.take_events();  // they explain a pod that no volume keeps
  }
  session.progress().end();
  if (!done) {
    const bool missing = done.error().not_found() && !scope->pod.empty();
    complain(missing ? done.error().message + "."
                     : explain_failure(session.source(), done.error()));
    co_return exit_error;
  }
  look.now = wall_now();
  look.warnings = std::move(cluster.warnings());
  look.without_rules = cluster.without_rules();
  look.incomplete = !cluster.has_all_pods();
  if (!has_asked(look, "the cluster")) co_return exit_error;
  co_return co_await tell(options, look);
}

Task<int> name_pods(Session& session, std::string ns, std::string begun) {
  kube::Query query;
  query.add("limit", "500");
  if (ns.empty()) ns = session.default_namespace();
  return print_names(session, kube::pods, std::move(ns), std::move(query), std::move(begun));
}

}  // namespace

int look_command(const Options& options) {
  if (!options.look.from.empty()) return look_at_dump(options);
  auto session = Session::open(options);
  if (!session) {
    complain(session.error().message);  // it has the remedy
    return exit_error;
  }
  return (*session)->run(look_at_cluster(**session, options));
}

void print_pod_names(const Options& options, std::string ns, std::string begun) {
  if (auto session = Session::open(options)) {
    (void)(*session)->run(name_pods(**session, std::move(ns), std::move(begun)));
  }
}

}  // namespace bso::cli
