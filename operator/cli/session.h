// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/result.h"
#include "base/task.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "controllers/plugin/look.h"
#include "kube/client.h"
#include "kube/client_config.h"
#include "transport/transport.h"

namespace bso::cli {

/// One run of a command against one API server: the event loop and the client of the user.
class Session {
 public:
  /// Fails when the kubeconfig cannot be used; the message has the remedy. No request is sent yet.
  static Result<std::unique_ptr<Session>> open(const Options& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

  /// Writes as the operator's field manager, so that dry runs meet what the operator would meet.
  [[nodiscard]] kube::Client& client() { return *client_; }
  [[nodiscard]] Progress& progress() { return progress_; }
  /// Where the configuration came from, for messages.
  [[nodiscard]] const std::string& source() const { return config_.source; }
  /// Of the context; "default" when it names none.
  [[nodiscard]] const std::string& default_namespace() const { return config_.default_namespace; }

  /// Runs the command to its end; what it returns. 1 after an exception, which is told.
  int run(Task<int> command);

 private:
  explicit Session(kube::ClientConfig config) : config_(std::move(config)) {}

  boost::asio::io_context loop_{1};
  kube::ClientConfig config_;
  Progress progress_{loop_.get_executor()};
  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<kube::Client> client_;
};

/// Asks the server for each object, once. Both outlive it.
class LiveLook final : public controllers::Look {
 public:
  LiveLook(kube::Client& client, Progress& progress) : client_(client), progress_(progress) {}
  Task<Result<codec::JsonPtr>> look(install::ObjectRef ref) override;

 private:
  kube::Client& client_;
  Progress& progress_;
  std::map<std::string, codec::JsonPtr> seen_;  ///< by display(); nullptr: there is none
};

/// One or two sentences for a failed request: what happened and what helps.
[[nodiscard]] std::string explain_failure(const std::string& source, const Error& error);

/// An error of the whole command: on standard error.
void complain(const std::string& text);
/// The command's result: on standard output, whole.
void print(const std::string& text);

}  // namespace bso::cli
