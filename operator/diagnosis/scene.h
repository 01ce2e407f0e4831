// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/view.h"
#include "diagnosis/messages.h"
#include "diagnosis/verdict.h"

/// Only for the files that make the verdict.
namespace bso::diagnosis {

/// Times the rules wait for. Each ends in a "look again at".
inline constexpr std::chrono::seconds kStuckAfter{10};
/// A force-deleted pod's mount may outlive it for a kubelet's round or two.
inline constexpr std::chrono::seconds kMountReleaseGrace{60};
/// Unmounting and a kubelet's status report (10 s) after the end of a grace period.
inline constexpr std::chrono::seconds kTerminationGrace{60};
/// The attach-detach controller forces a detach after this (attach_detach_controller.go:
/// maxWaitForUnmountDuration): what stands longer will not move by itself.
inline constexpr std::chrono::seconds kDetachGrace{360};
/// The attach-detach controller says its piece once: without support in the graph it is old news.
inline constexpr std::chrono::seconds kControllerTextAge{60};
/// Drivers' refusals are repeated, but thinned out to one in 5 to 20 minutes by the event recorder.
inline constexpr std::chrono::seconds kDriverTextAge{3600};

/// How a pod stands to a disk that it uses.
enum class Use {
  waiting,   ///< has not mounted it
  holding,   ///< has it mounted
  releasing  ///< has ended; its mount may not be gone yet
};
[[nodiscard]] Use use_of(const cluster::Pod& pod);

/// One event that speaks of the volume.
struct Hint {
  const cluster::EventHint* event = nullptr;
  ParsedMessage parsed;
};

/// Everything known about one volume of one waiting pod.
struct Scene {
  const cluster::View& view;
  const cluster::Pod& pod;
  const cluster::PodVolume& volume;
  const cluster::Volume* pv;  ///< nullptr for an inline volume
  WallTime now;
  WallTime since;
  Semantics semantics;
  std::optional<Hint> hint;  ///< the newest with a conflict

  std::vector<const cluster::Pod*> holding_here;
  std::vector<const cluster::Pod*> holding_elsewhere;
  std::vector<const cluster::Pod*> waiting;
  std::vector<const cluster::Pod*> releasing;

  /// Pods whose directories the driver names, that use this disk, without the waiting pod.
  std::vector<const cluster::Pod*> named;
  /// The first named directory that belongs to no pod any more.
  std::string vanished_uid;

  /// Times after which the verdict may change by itself; the earliest is handed on.
  std::optional<WallTime> look_again;

  void look_again_at(WallTime time) {
    if (time > now && (!look_again || time < *look_again)) look_again = time;
  }
};

/// nullopt when the volume is not bound to anything yet.
[[nodiscard]] std::optional<Scene> make_scene(const cluster::View& view, const cluster::Pod& pod,
                                              const cluster::PodVolume& volume, WallTime now,
                                              const SemanticsOverrides& overrides);

/// A verdict with everything but cause, state and holders filled in.
[[nodiscard]] Verdict blank_verdict(const Scene& scene);

/// The verdict for pods that hold the volume; never empty `holders`.
[[nodiscard]] Verdict held_by(Scene& scene, std::vector<const cluster::Pod*> holders,
                              Confidence confidence);

}  // namespace bso::diagnosis
