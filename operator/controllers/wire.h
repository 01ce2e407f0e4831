// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/task.h"
#include "kube/client.h"
#include "kube/reflector.h"
#include "transport/transport.h"

namespace bso::controllers {

/// What every controller needs to speak to the API server. The references outlive the controllers.
struct Wire {
  Executor executor;
  transport::Transport& transport;
  kube::Client& client;
  kube::RequestObserver observer;
  kube::Reflector::OnError on_watch_error;
  /// For the reflectors that have no floor of their own (kube::Reflector::Options); may be empty.
  std::function<std::string()> resource_version_floor = {};
};

}  // namespace bso::controllers
