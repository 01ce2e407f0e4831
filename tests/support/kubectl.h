// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "support/control_plane.h"
#include "support/process.h"

namespace bso::test {

/// kubectl as a person would use it, without a shell between.
class Kubectl {
 public:
  explicit Kubectl(const ControlPlane& plane)
      : program_(plane.kubectl()), kubeconfig_(plane.kubeconfig()) {}

  /// May fail: the caller looks at the result.
  [[nodiscard]] Finished attempt(Arguments words, std::string standard_input = {}) const;
  /// Standard output. Throws TestFailure when kubectl fails.
  std::string run(Arguments words, std::string standard_input = {}) const;
  [[nodiscard]] nlohmann::json json(Arguments words) const;
  /// `kubectl apply -f` with a path, or with text by standard input.
  void apply_path(const std::string& path) const;
  void apply_text(const std::string& manifests) const;

 private:
  std::string program_;
  std::string kubeconfig_;
};

}  // namespace bso::test
