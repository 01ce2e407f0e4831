// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "integration/plugin.h"
#include "integration/scene.h"

namespace bso::test {

/// Work of both sorts for an operator: a plug-in to install, and two pods that wait for a third.
/// Whatever happens to the operator meanwhile, the end has to be the same.
struct Stage {
  PluginTest clean;
  Scene scene{"stage"};
  std::string node = scene.add_node("node");
  std::string volume = scene.add_flex_claim("data");
  ScenePod holder =
      scene.add_pod({.name = "holder", .node = node, .claim = "data", .running = true});
  std::vector<ScenePod> waiting;

  Stage();

  void wait_converged() const;
  /// The end state, with what is particular to this stage replaced.
  [[nodiscard]] Json picture() const;
  /// Waits until it is so.
  void wait_picture(const Json& wanted) const;

 private:
  [[nodiscard]] std::string generic(std::string text) const;
};

/// The picture that an undisturbed operator makes.
[[nodiscard]] const Json& undisturbed_picture();

}  // namespace bso::test
