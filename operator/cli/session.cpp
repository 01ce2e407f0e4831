// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <cstdio>
#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/children.h"
#include "install/names.h"

namespace bso::cli {
namespace {

void configure_log(int verbosity) {
  auto level = log::Level::error;
  if (verbosity >= 1) level = log::Level::info;
  if (verbosity >= 4) level = log::Level::debug;
  if (verbosity >= 8) level = log::Level::trace;
  log::configure(level, log::Format::text);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const Options& options) {
  configure_log(options.verbosity);
  auto config =
      kube::load_client_config(kube::sources_of_process(options.kubeconfig, options.context));
  if (!config) return fail(std::move(config.error()));
  if (!options.as.empty()) config->impersonate.user = options.as;
  if (!options.as_groups.empty()) config->impersonate.groups = options.as_groups;

  std::unique_ptr<Session> session(new Session(std::move(*config)));
  transport::TransportOptions wire;
  wire.endpoint = session->config_.endpoint;
  wire.user_agent = fmt::format("kubectl-blockstorage/{}", BSO_VERSION);
  wire.authorize = kube::make_authorizer(session->config_);
  auto transport = transport::make_transport(session->loop_.get_executor(), std::move(wire));
  if (!transport) return fail(std::move(transport.error()).with_context(session->config_.source));
  session->transport_ = std::move(*transport);

  kube::RetryPolicy retries;
  retries.tries = 2;  // a person waits
  session->client_ = std::make_unique<kube::Client>(
      *session->transport_, std::string(install::kOperatorName),
      [](std::string_view method, std::string_view code) {
        log::debug("request", {{"method", method}, {"code", code}});
      },
      std::move(retries));
  if (options.request_timeout) session->client_->limit_calls_to(*options.request_timeout);
  return session;
}

int Session::run(Task<int> command) {
  int code = exit_error;
  boost::asio::co_spawn(Executor(loop_.get_executor()), std::move(command),
                        [&](std::exception_ptr escaped, int result) {
                          try {
                            if (escaped) std::rethrow_exception(escaped);
                            code = result;
                          } catch (const std::exception& error) {
                            complain(fmt::format("the program failed: {}", error.what()));
                          }
                          // Kept connections would hold the loop open.
                          loop_.stop();
                        });
  loop_.run();
  return code;
}

Task<Result<codec::JsonPtr>> LiveLook::look(install::ObjectRef ref) {
  const auto name = ref.display();
  progress_.at("asking for " + name);
  const auto seen = seen_.find(name);
  if (seen != seen_.end()) co_return seen->second;
  const auto resource = controllers::resource_of(ref);
  if (!resource) co_return fail(invalid_input(name + " is of a kind that is not handled"));
  auto live = co_await client_.get(*resource, ref.ns, ref.name);
  if (!live && live.error().not_found()) live = codec::JsonPtr{};
  if (live) seen_[name] = *live;
  co_return live;
}

std::string explain_failure(const std::string& source, const Error& error) {
  if (error.kind == ErrorKind::tls) {
    return fmt::format(
        "The API server given by {} is not trusted: {}. Check certificate-authority and server of "
        "the kubeconfig.",
        source, error.message);
  }
  if (error.kind == ErrorKind::network || error.kind == ErrorKind::timeout) {
    return fmt::format(
        "The API server given by {} cannot be reached: {}. Check that the cluster runs and that "
        "the context is the right one (--context); a slow server may need --request-timeout.",
        source, error.message);
  }
  if (error.kind == ErrorKind::status && error.code == 401) {
    return fmt::format(
        "The API server given by {} does not accept the credentials: {}. Check the user of the "
        "context, or log in again.",
        source, error.message);
  }
  if (error.forbidden()) {
    return fmt::format("{}. Ask for the right, or act as somebody who has it (--as).",
                       error.message);
  }
  return error.message;
}

void complain(const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "error: %s\n", text.c_str());
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace bso::cli
