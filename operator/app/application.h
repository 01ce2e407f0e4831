// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "app/options.h"

namespace bso::app {

/// The composition root: makes the parts, wires them, starts and stops them in order. The only
/// place that knows all rooms.
class Application {
 public:
  explicit Application(Options options);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  /// What can fail before anything runs; an exit code then, and one line on standard error.
  [[nodiscard]] std::optional<int> configure();
  void wire();
  /// Runs the event loop until SIGTERM or SIGINT has been carried out; the exit code.
  [[nodiscard]] int run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bso::app
