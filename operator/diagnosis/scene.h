// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "cluster/view.h"
#include "diagnosis/memory.h"
#include "diagnosis/messages.h"
#include "diagnosis/verdict.h"

/// Only for the files that make the verdict.
namespace bso::diagnosis {

/// Times the rules wait for. Each ends in a "look again at".
inline constexpr std::chrono::seconds kStuckAfter{10};
/// A force-deleted pod's mount may outlive it for a kubelet's round or two.
inline constexpr std::chrono::seconds kMountReleaseGrace{60};
/// A kubelet tries a failed mount again after at most 2 min 2 s (pkg/util/goroutinemap/
/// exponentialbackoff): what is free now may be noticed that late.
inline constexpr std::chrono::seconds kMountRetry{150};
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

/// Words that speak of the volume: an event's, or those that an earlier verdict rested on.
struct Hint {
  const cluster::EventHint* event = nullptr;  ///< nullptr: remembered
  ParsedMessage parsed;
  Words::Kind kind = Words::Kind::none;  ///< none: the attach-detach controller's
  bool at_attach = false;
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
  bool attaches = true;          ///< see has_attach_step()
  std::optional<Hint> hint;      ///< the newest with a conflict
  std::optional<Memory> memory;  ///< of this volume

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
  /// When the last holder was seen gone, now that there is none. Without an earlier verdict nobody
  /// was seen, and the waiting pod's own time counts.
  [[nodiscard]] WallTime released() const {
    if (!memory) return since;
    return memory->released ? std::min(*memory->released, now) : now;
  }
  /// The name that events and directories give the volume.
  [[nodiscard]] std::string_view event_name() const {
    return pv != nullptr ? std::string_view{pv->name} : volume.name.view();
  }
};

/// nullopt when the volume is not bound to anything yet.
[[nodiscard]] std::optional<Scene> make_scene(const cluster::View& view, const cluster::Pod& pod,
                                              const cluster::PodVolume& volume, WallTime now,
                                              const SemanticsOverrides& overrides);

/// A verdict with everything but cause, state and holders filled in.
[[nodiscard]] Verdict blank_verdict(const Scene& scene);
/// Notes that the verdict rests on the scene's hint.
void keep_words(const Scene& scene, Verdict& verdict);

[[nodiscard]] Holder describe(const cluster::View& view, const cluster::Pod& pod);
/// A node that has gone silent, or is gone from the API, may still have the disk mounted. Without
/// any node in the view nothing can be said about nodes.
[[nodiscard]] bool on_lost_node(const cluster::View& view, const cluster::Pod& pod);
[[nodiscard]] bool ends_by_itself(const cluster::Ownership& owners);

/// The verdict for pods that hold the volume; never empty `holders`.
[[nodiscard]] Verdict held_by(Scene& scene, std::vector<const cluster::Pod*> holders,
                              Confidence confidence);

}  // namespace bso::diagnosis
