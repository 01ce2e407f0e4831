// SPDX-License-Identifier: Apache-2.0
#include "support/control_plane.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "support/eventually.h"

namespace bso::test {
namespace {

constexpr std::string_view kScript = BSO_SOURCE_DIR "/tests/cluster/control-plane.sh";

/// The first start on a machine may have to build the programs.
constexpr std::chrono::minutes kStartDeadline{20};
constexpr std::chrono::seconds kStopDeadline{30};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool ControlPlane::use_existing() { return variable("USE_EXISTING_CLUSTER") == "true"; }

ControlPlane::ControlPlane(Kind kind, Arguments flags) : flags_(std::move(flags)) {
  if (kind == Kind::own_or_existing && use_existing()) {
    kubeconfig_ = variable("KUBECONFIG");
    kubectl_ = "kubectl";
    if (kubeconfig_.empty()) {
      throw TestFailure("USE_EXISTING_CLUSTER=true needs KUBECONFIG to name the cluster");
    }
    return;
  }
  // Whoever dies closes its end of the lifeline: the guardian reads its end and takes all down.
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw TestFailure("pipe2 failed");
  Process::Options guardian;
  guardian.dies_with_us = false;
  // The number of the pipe's end is given by its path, so that the child opens it anew.
  guardian.argv = {
      "/bin/sh",
      "-c",
      R"(trap '' INT TERM; exec 3<"$1"; echo ready; read -r _ <&3; "$2" down "$3"; rm -rf "$3")",
      "guardian",
      fmt::format("/proc/{}/fd/{}", ::getpid(), ends[0]),
      std::string(kScript),
      directory_.path()};
  guardian_ = std::make_unique<Process>(std::move(guardian));
  eventually("the guardian of the control plane listens", [&]() -> Missing {
    if (guardian_->output().find("ready") != std::string::npos) return std::nullopt;
    return guardian_->errors();
  });
  ::close(ends[0]);
  lifeline_ = ends[1];

  const auto started = script("up");
  if (!started.ok()) {
    throw TestFailure("the control plane did not start: " + started.errors);
  }
  read_settings();
  kubeconfig_ = file("kubeconfig");
  kubectl_ = setting("BSO_BINARIES") + "/kubectl";
}

ControlPlane::~ControlPlane() {
  if (guardian_ == nullptr) return;
  ::close(lifeline_);
  try {
    (void)guardian_->wait(kStopDeadline);
  } catch (const TestFailure&) {
    // It is killed with the object; what it left is named by the script at the next start.
  }
}

Finished ControlPlane::script(const std::string& command) const {
  Process::Options options;
  options.argv = {std::string(kScript), command, directory_.path()};
  if (!flags_.empty()) {
    options.argv.push_back("--");
    options.argv.insert(options.argv.end(), flags_.begin(), flags_.end());
  }
  return run(std::move(options), kStartDeadline);
}

void ControlPlane::read_settings() {
  std::istringstream lines(read_file(file("env")));
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) settings_[line.substr(0, equals)] = line.substr(equals + 1);
  }
}

std::string ControlPlane::setting(const std::string& key) const {
  const auto found = settings_.find(key);
  if (found == settings_.end()) throw TestFailure("the control plane has no setting " + key);
  return found->second;
}

void ControlPlane::kill_apiserver() {
  const auto pid = static_cast<pid_t>(std::stol(setting("BSO_APISERVER_PID")));
  ::kill(pid, SIGKILL);
  eventually("kube-apiserver has ended", [&]() -> Missing {
    // A zombie that nobody reaps has ended as well.
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
    const auto state = stat.rfind(") ");
    if (state == std::string::npos || stat[state + 2] == 'Z') return std::nullopt;
    return stat;
  });
}

void ControlPlane::restart_apiserver() {
  const auto done = script("restart");
  if (!done.ok()) throw TestFailure("kube-apiserver did not start again: " + done.errors);
  read_settings();
}

void ControlPlane::compact_etcd() {
  const auto etcdctl = [&](Arguments words) {
    Process::Options options;
    options.argv = {"etcdctl", "--endpoints", setting("BSO_ETCD_URL")};
    options.argv.insert(options.argv.end(), words.begin(), words.end());
    options.environment["ETCDCTL_API"] = "3";
    auto done = run(std::move(options), 10s);
    // Nothing has been written since the last time.
    const bool again = done.errors.find("has been compacted") != std::string::npos;
    if (!done.ok() && !again) throw TestFailure("etcdctl: " + done.errors);
    return done.output;
  };
  const auto status = nlohmann::json::parse(etcdctl({"endpoint", "status", "-w", "json"}));
  const auto revision = status.at(0).at("Status").at("header").at("revision").get<std::int64_t>();
  (void)etcdctl({"compact", std::to_string(revision)});
}

}  // namespace bso::test
