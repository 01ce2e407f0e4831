// SPDX-License-Identifier: Apache-2.0
#include "kube/exec_authorizer.h"

#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "kube/excerpt.h"
#include "kube/exec_credential.h"

namespace bso::kube {
namespace {

namespace asio = boost::asio;
using transport::Credentials;

/// A request takes its time on the way: what expires meanwhile is no use.
constexpr std::chrono::seconds kBeforeExpiry{10};
constexpr std::chrono::seconds kTimeout{30};
/// A person has to find a phone or a password.
constexpr std::chrono::minutes kInteractiveTimeout{5};

/// Shared by the authorizer, the requests that wait and the run under way.
struct State {
  State(ExecPlugin what, std::string from, ExecSurroundings with)
      : plugin(std::move(what)), source(std::move(from)), surroundings(std::move(with)) {}

  ExecPlugin plugin;
  std::string source;
  ExecSurroundings surroundings;
  bool running = false;
  std::set<asio::steady_timer*> waiting;
  // Of the last run:
  Result<Credentials> found;
  std::optional<WallTime> expires;
  bool used_up = true;  ///< refused by the server, or there was no run yet

  [[nodiscard]] bool fresh() const {
    return found && !used_up && (!expires || surroundings.now() + kBeforeExpiry < *expires);
  }
};
using StatePtr = std::shared_ptr<State>;

Credentials credentials_from(ExecCredential credential) {
  Credentials credentials;
  if (!credential.token.empty()) {
    credentials.headers.push_back({"Authorization", "Bearer " + credential.token});
  }
  credentials.client_cert_pem = std::move(credential.client_cert_pem);
  credentials.client_key_pem = std::move(credential.client_key_pem);
  return credentials;
}

Error explain(const State& state, Error error) {
  const auto& plugin = state.plugin;
  const bool missing =
      error.kind == ErrorKind::invalid_input && error.message.starts_with("cannot start");
  error.message = fmt::format("credential plug-in {} (exec in {}): {}", plugin.command,
                              state.source, error.message);
  if (missing && !plugin.install_hint.empty()) {
    error.message += "; " + excerpt(plugin.install_hint, 1000);
  }
  return error;
}

/// Whether the plug-in may ask somebody; an error when it has to and nobody is there.
Result<bool> may_ask(const State& state) {
  using Interactive = ExecPlugin::Interactive;
  if (state.plugin.interactive == Interactive::never) return false;
  const bool terminal = state.surroundings.is_terminal();
  if (state.plugin.interactive == Interactive::always && !terminal) {
    return fail(invalid_input(
        "interactiveMode is Always, and standard input is no terminal; use a plug-in that works "
        "without one"));
  }
  return terminal;
}

Task<Result<ExecCredential>> ask_plugin(StatePtr state) {
  const auto& plugin = state->plugin;
  auto interactive = may_ask(*state);
  if (!interactive) co_return fail(std::move(interactive.error()));
  ChildCommand command;
  command.program = plugin.command;
  command.args = plugin.args;
  command.env = plugin.env;
  command.env.emplace_back("KUBERNETES_EXEC_INFO", exec_info(plugin, *interactive));
  command.interactive = *interactive;
  command.timeout = kTimeout;
  if (*interactive) command.timeout = kInteractiveTimeout;
  auto printed = co_await state->surroundings.run(std::move(command));
  if (!printed) co_return fail(std::move(printed.error()));
  co_return parse_exec_credential(*printed, plugin.api_version);
}

/// Outlives the requests that wait for it: what it finds is for the next ones.
Task<void> refresh(StatePtr state) {
  auto credential = co_await ask_plugin(state);
  state->running = false;
  state->used_up = false;
  if (credential) {
    state->expires = credential->expires;
    state->found = credentials_from(std::move(*credential));
  } else {
    state->found = fail(explain(*state, std::move(credential.error())));
  }
  for (auto* timer : state->waiting) timer->cancel();
}

/// Keeps a timer in the list of those that wait.
struct Waiting {
  Waiting(StatePtr whose, asio::steady_timer& what) : state(std::move(whose)), timer(&what) {
    state->waiting.insert(timer);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { state->waiting.erase(timer); }
  StatePtr state;
  asio::steady_timer* timer;
};

Task<Result<Credentials>> find_credentials(StatePtr state,
                                           std::chrono::steady_clock::time_point deadline) {
  if (state->fresh()) co_return state->found;
  const Executor executor = co_await asio::this_coro::executor;
  if (!state->running) {
    state->running = true;
    asio::co_spawn(executor, refresh(state), [state](std::exception_ptr escaped) {
      if (escaped) std::rethrow_exception(escaped);
    });
  }
  asio::steady_timer timer(executor, deadline);
  {
    const Waiting waiting(state, timer);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (state->running) {
    Error error;
    error.kind = ErrorKind::timeout;
    error.message = "it has not answered yet";
    co_return fail(explain(*state, std::move(error)));
  }
  // (What has expired as soon as it came is sent all the same: the server's answer says so best.)
  co_return state->found;
}

class ExecAuthorizer final : public transport::Authorizer {
 public:
  explicit ExecAuthorizer(StatePtr state) : state_(std::move(state)) {}
  Task<Result<Credentials>> credentials(std::chrono::steady_clock::time_point deadline) override {
    return find_credentials(state_, deadline);
  }
  void rejected(const Credentials& used) override {
    if (state_->found && *state_->found == used) state_->used_up = true;
  }

 private:
  StatePtr state_;
};

}  // namespace

ExecSurroundings surroundings_of_process() {
  ExecSurroundings surroundings;
  surroundings.is_terminal = [] { return ::isatty(STDIN_FILENO) == 1; };
  return surroundings;
}

std::shared_ptr<transport::Authorizer> make_exec_authorizer(ExecPlugin plugin, std::string source,
                                                            ExecSurroundings surroundings) {
  return std::make_shared<ExecAuthorizer>(
      std::make_shared<State>(std::move(plugin), std::move(source), std::move(surroundings)));
}

}  // namespace bso::kube
