// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/api.h"
#include "support/eventually.h"
#include "support/process.h"

namespace bso::test {

/// The operator's program as a child process. Its environment is empty but for PATH, HOME (a
/// directory without a kubeconfig) and what the sanitizers read.
class OperatorProcess {
 public:
  struct Options {
    std::string program;
    std::string kubeconfig;  ///< "" gives no --kubeconfig
    Arguments arguments;     ///< more of them
    Environment environment;
    std::string port = "0";
  };

  explicit OperatorProcess(Options options);

  [[nodiscard]] Process& process() { return *process_; }
  /// All it has logged.
  [[nodiscard]] std::string log() const { return read_file(log_path_); }
  /// Log lines that contain all of these texts.
  [[nodiscard]] std::vector<std::string> lines(const std::vector<std::string_view>& texts) const;
  void wait_log(const std::vector<std::string_view>& texts,
                std::chrono::milliseconds deadline = kPatience) const;

  /// The port of the probes, as logged. Waits for it.
  [[nodiscard]] const std::string& port();
  [[nodiscard]] Response ask(std::string_view path);
  void wait_ready();

  /// SIGTERM and the end.
  ExitStatus stop(std::chrono::milliseconds deadline = kPatience);
  /// SIGKILL and the end.
  void kill();

  /// Logs of the operators started since this was asked last: for the report of a failed test.
  [[nodiscard]] static std::vector<std::string> take_recent_logs();

 private:
  TemporaryDirectory directory_;
  std::string log_path_;
  std::string port_;
  std::unique_ptr<Process> process_;

 public:
  ~OperatorProcess();
  OperatorProcess(const OperatorProcess&) = delete;
  OperatorProcess& operator=(const OperatorProcess&) = delete;
};

}  // namespace bso::test
