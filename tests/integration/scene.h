// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "support/api.h"
#include "support/eventually.h"

namespace bso::test {

inline constexpr const char* kConflict = "blockstorage.dev/mount-conflict";
inline constexpr const char* kConflictDetail = "blockstorage.dev/mount-conflict-detail";

/// A pod of a scene, as created.
struct ScenePod {
  std::string path;
  std::string ns;
  std::string name;
  std::string uid;
};

/// Pods that use volumes, in a namespace of their own, with objects and statuses as Kubernetes'
/// controllers and kubelets write them, which do not run here. Everything goes when this goes.
class Scene {
 public:
  explicit Scene(const std::string& name);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  [[nodiscard]] const std::string& ns() const { return ns_; }
  /// Cluster-wide names of things of this scene.
  [[nodiscard]] std::string global(const std::string& name) const { return name + "-" + ns_; }

  /// A Ready node; its full name.
  std::string add_node(const std::string& name);
  /// A claim bound to a volume of the FlexVolume driver ibm/ibmc-block; the volume's name.
  std::string add_flex_claim(const std::string& claim);
  /// The same with a CSI driver; `handle` names the disk, "" one of its own.
  std::string add_csi_claim(const std::string& claim, const std::string& driver,
                            const std::string& handle = {}, const std::string& storage_class = {});
  /// As the attach-detach controller and the attacher leave it.
  void add_attachment(const std::string& volume, const std::string& driver, const std::string& node,
                      bool attached);

  struct Rollout {
    std::string deployment;
    std::string hash;  ///< pod-template-hash
    int revision = 1;
    int replicas = 1;
  };
  /// Makes the ReplicaSet, and the Deployment when it is not there yet.
  void add_rollout(const Rollout& rollout);

  struct PodPlan {
    std::string name = {};
    std::string node = {};
    std::string claim = {};
    std::string replica_set = {};  ///< "" makes a bare pod
    bool running = false;          ///< else it waits with ContainerCreating
  };
  ScenePod add_pod(const PodPlan& plan);
  void set_running(const ScenePod& pod) const;
  void remove(const ScenePod& pod) const;

  /// The kubelet's event about a mount that the driver ibm/ibmc-block refuses; the event's name.
  std::string add_mount_refused(const ScenePod& waiting, const std::string& node,
                                const std::string& volume, const std::string& holder_uid) const;
  /// The attach-detach controller's event about a volume that pods on another node use.
  std::string add_multi_attach(const ScenePod& waiting, const std::string& volume,
                               const std::string& holders) const;
  /// Any event about a pod; its name.
  std::string add_event(const ScenePod& pod, const std::string& reason,
                        const std::string& component, const std::string& host,
                        const std::string& message) const;

 private:
  std::string add_claim(const std::string& claim, const Json& source,
                        const std::string& storage_class = {});

  std::string ns_;
  std::vector<std::string> cluster_paths_;
};

/// The two annotations; "" when absent.
struct Annotations {
  std::string sentence;
  std::string detail;

  [[nodiscard]] bool none() const { return sentence.empty() && detail.empty(); }
};
[[nodiscard]] Annotations annotations(const ScenePod& pod);

/// Waits until both annotations are there, and the sentence contains `text`.
Annotations wait_annotated(const ScenePod& pod, const std::string& text = {});
void wait_clear(const ScenePod& pod);

/// Our Events about a pod. They follow the annotation by a request.
[[nodiscard]] std::vector<Json> our_events(const ScenePod& pod);
/// Likewise about any object of a namespace.
[[nodiscard]] std::vector<Json> our_events(const std::string& ns, const std::string& uid);

}  // namespace bso::test
