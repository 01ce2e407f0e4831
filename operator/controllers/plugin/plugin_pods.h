// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/view.h"
#include "controllers/reflectors.h"
#include "install/driver_pods.h"
#include "install/render.h"
#include "install/trouble.h"

namespace bso::controllers {

/// What is kept of a pod that belongs to a plug-in.
struct PluginPod {
  std::string ns;
  std::string name;
  std::map<std::string, std::string> labels;
  std::string node;
  bool ready = false;
  std::map<std::string, std::string> images;   ///< spec.containers[].image by container
  std::vector<install::ImagePullFault> pulls;  ///< their workload is not set

  bool operator==(const PluginPod&) const = default;
};

/// Reads a pod's JSON text. An error means damaged bytes or a pod without a name.
[[nodiscard]] Result<PluginPod> decode_plugin_pod(std::string_view text);

/// The pods of all plug-ins, followed by one watch with our label.
class PluginPods {
 public:
  /// `on_change` is told the plug-in's name when something kept of one of its pods has changed.
  using OnChange = std::function<void(const std::string& plugin)>;

  PluginPods(Reflectors& reflectors, OnChange on_change);

  /// Pods that a workload's selector matches.
  [[nodiscard]] std::vector<const PluginPod*> of(const install::DesiredObject& workload) const;
  /// The same with what the view knows of their nodes.
  [[nodiscard]] std::vector<install::DriverPod> driver_pods(
      const install::DesiredObject& daemon_set, const cluster::View& view) const;

 private:
  using Key = std::pair<std::string, std::string>;
  void upsert(PluginPod pod);
  void erase(const Key& key);
  void tell(const PluginPod& pod) const;

  std::map<Key, PluginPod> pods_;
  OnChange on_change_;
};

}  // namespace bso::controllers
