// SPDX-License-Identifier: Apache-2.0
#include "support/operator_process.h"

#include <algorithm>
#include <csignal>
#include <sstream>
#include <utility>

#include <fmt/format.h>

namespace bso::test {
namespace {

std::vector<std::string>& recent_logs() {
  static std::vector<std::string> logs;
  return logs;
}

bool is_for_sanitizers(const std::string& name) {
  return name == "ASAN_OPTIONS" || name == "LSAN_OPTIONS" || name == "UBSAN_OPTIONS" ||
         name == "TSAN_OPTIONS";
}

Environment bare_environment(const std::string& home) {
  Environment bare{{"HOME", home}};
  for (const auto& [name, value] : own_environment()) {
    if (name == "PATH" || is_for_sanitizers(name)) bare[name] = value;
  }
  return bare;
}

}  // namespace

OperatorProcess::OperatorProcess(Options options) : log_path_(directory_.file("operator.log")) {
  Process::Options child;
  child.argv = {options.program, "--listen-address", "127.0.0.1", "--listen-port", options.port};
  if (!options.kubeconfig.empty()) {
    child.argv.insert(child.argv.end(), {"--kubeconfig", options.kubeconfig});
  }
  child.argv.insert(child.argv.end(), options.arguments.begin(), options.arguments.end());
  child.environment = bare_environment(directory_.path());
  for (const auto& [name, value] : options.environment) child.environment[name] = value;
  child.output_path = log_path_;
  process_ = std::make_unique<Process>(std::move(child));
}

OperatorProcess::~OperatorProcess() {
  process_.reset();
  recent_logs().push_back(log());
}

std::vector<std::string> OperatorProcess::lines(const std::vector<std::string_view>& texts) const {
  std::vector<std::string> found;
  std::istringstream all(log());
  for (std::string line; std::getline(all, line);) {
    if (std::all_of(texts.begin(), texts.end(),
                    [&](std::string_view text) { return line.find(text) != std::string::npos; })) {
      found.push_back(line);
    }
  }
  return found;
}

void OperatorProcess::wait_log(const std::vector<std::string_view>& texts,
                               std::chrono::milliseconds deadline) const {
  eventually(
      fmt::format("a log line with \"{}\"", fmt::join(texts, "\" and \"")),
      [&]() -> Missing {
        if (!lines(texts).empty()) return std::nullopt;
        return log();
      },
      deadline);
}

const std::string& OperatorProcess::port() {
  if (!port_.empty()) return port_;
  eventually("the operator listens", [&]() -> Missing {
    const auto found = lines({"listening", "port=\""});
    if (found.empty()) {
      if (!process_->running()) throw Hopeless("the operator has ended: " + log());
      return log();
    }
    const auto start = found.front().find("port=\"") + 6;
    port_ = found.front().substr(start, found.front().find('"', start) - start);
    return std::nullopt;
  });
  return port_;
}

Response OperatorProcess::ask(std::string_view path) { return http(port(), "GET", path); }

void OperatorProcess::wait_ready() {
  eventually("the operator is ready", [&]() -> Missing {
    const auto answer = ask("/readyz");
    if (answer.status == 200) return std::nullopt;
    return answer.body + log();
  });
}

ExitStatus OperatorProcess::stop(std::chrono::milliseconds deadline) {
  process_->send_signal(SIGTERM);
  return process_->wait(deadline);
}

void OperatorProcess::kill() {
  process_->send_signal(SIGKILL);
  (void)process_->wait(kPatience);
}

std::vector<std::string> OperatorProcess::take_recent_logs() {
  return std::exchange(recent_logs(), {});
}

}  // namespace bso::test
