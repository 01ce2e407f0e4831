// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "integration/scene.h"
#include "integration/world.h"

namespace bso::test {

inline constexpr const char* kEbsDriver = "ebs.csi.aws.com";
inline constexpr const char* kIbmcDriver = "ibm/ibmc-block";  ///< a FlexVolume

/// An operator, two nodes, and pods that use the claim "data"; what else a cause is made of.
struct CauseStage {
  Scene scene;
  OperatorProcess op;
  std::string here;   ///< where the pod waits
  std::string there;  ///< another node
  std::string volume;

  /// Begins with a volume of `driver`.
  CauseStage(const std::string& name, const std::string& driver);
  ~CauseStage();
  CauseStage(const CauseStage&) = delete;
  CauseStage& operator=(const CauseStage&) = delete;

  ScenePod holder(const std::string& node, const std::string& replica_set = {});
  ScenePod waiting(const std::string& replica_set = {});

  /// The pod's controller: an object of this kind that is made here.
  void own(const ScenePod& pod, const std::string& api, const std::string& plural, Json object);
  void own_by_job(const ScenePod& pod);
  void own_by_stateful_set(const ScenePod& pod, const std::string& name);

  /// As a client deletes it: it stays until its kubelet says that it has ended.
  void begin_deletion(const ScenePod& pod, int grace_seconds) const;
  /// As the node controller marks a node whose kubelet no longer reports.
  void silence(const std::string& node) const;
  /// As a cloud's node controller writes it.
  void set_provider_id(const std::string& node, const std::string& id) const;
  /// Takes the volume of the scene for ReadWriteOncePod, which API servers before 1.22 do not admit
  /// and yet hand on: it is written behind their back, and undone at the end.
  void set_read_write_once_pod();
  /// A CSIDriver object without an attach step.
  void add_driver_without_attach(const std::string& driver);
  /// What an external attacher writes that cannot detach.
  void fail_detach(const std::string& text) const;

  void attach_failed(const ScenePod& pod, const std::string& text) const;
  void mount_failed(const ScenePod& pod, const std::string& text) const;

 private:
  void put_modes(const std::string& mode) const;

  std::vector<std::string> paths_;
  bool once_pod_ = false;
};

/// Waits until the pod's annotation names this cause; its detail.
Json wait_cause(const ScenePod& pod, const std::string& cause,
                std::chrono::milliseconds deadline = kPatience);

/// Waits until a pod that was made later, and is surely stuck, has its annotation: then this one,
/// too, was judged past the time from which a pod counts as stuck, and has none.
void check_not_claimed(CauseStage& stage, const ScenePod& pod);

}  // namespace bso::test
