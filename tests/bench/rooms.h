// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/stop.h"
#include "base/task.h"
#include "cluster/view.h"
#include "controllers/cluster_feed.h"
#include "kube/client.h"
#include "kube/reflector.h"
#include "transport/transport.h"

namespace bso::bench {

using TransportPtr = std::unique_ptr<transport::Transport>;

/// The rooms of the operator from the socket up to the view, wired as app/ does, against the server
/// of $KUBECONFIG.
class Rooms {
 public:
  /// `wrap` may put something around the transport. Throws std::runtime_error.
  explicit Rooms(const std::function<TransportPtr(TransportPtr)>& wrap = {});

  /// Runs the loop until `main` has ended. give_up() when something escapes it.
  void run(Task<void> main);
  /// Makes both kinds of request once, so that what libraries set up at first use is there.
  Task<void> warm_up();
  [[nodiscard]] controllers::Wire wire();
  [[nodiscard]] const kube::Reflector& pods_reflector() const;

  boost::asio::io_context loop{1};
  TransportPtr transport;
  std::unique_ptr<kube::Client> client;
  std::unique_ptr<cluster::View> view;
  std::unique_ptr<controllers::ClusterFeed> feed;
};

/// The value of an environment variable; throws std::runtime_error without one.
[[nodiscard]] std::string variable(const char* name);

/// Looks every other millisecond until it is so; throws std::runtime_error after five minutes.
Task<void> until(const char* what, std::function<bool()> so, Stop& stop);

/// Whether the view holds this pod ("namespace/name") with our annotation.
[[nodiscard]] bool is_annotated(const cluster::View& view, const std::string& key);

/// Prints p50, p99 and the largest, each divided by `unit`.
void print_spread(const std::string& name, std::vector<std::int64_t> values, double unit);

/// Says what has escaped a part that must not fail, and ends the process: what is still on the loop
/// must not outlive what it works with.
[[noreturn]] void give_up(const std::exception& escaped);

/// What the process has used so far, user and system time, of all its threads.
[[nodiscard]] double cpu_seconds();
/// A value of /proc/self/status in KiB, as VmHWM.
[[nodiscard]] std::uint64_t status_kib(const char* field);
/// Bytes that malloc has handed out, its own headers included.
[[nodiscard]] std::uint64_t heap_bytes();

}  // namespace bso::bench
