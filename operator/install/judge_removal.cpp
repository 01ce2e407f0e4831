// SPDX-License-Identifier: Apache-2.0
#include "install/judge_removal.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "install/uninstall.h"

namespace bso::install {
namespace {

// "2 volumes use the driver ibm/ibmc-block: pv-1, pv-2"
std::string use_sentence(const ParsedSpec& parsed, const VolumeUse& volumes) {
  return fmt::format(
      "{} {} the driver {}: {}", volumes.total, volumes.total == 1 ? "volume uses" : "volumes use",
      parsed.bundle == nullptr ? "" : driver_names(*parsed.bundle, parsed.spec).driver,
      name_volumes(volumes));
}

}  // namespace

std::string in_use(const ParsedSpec& parsed, const std::optional<VolumeUse>& volumes) {
  return volumes ? use_sentence(parsed, *volumes)
                 : std::string("Whether volumes use the driver is not known");
}

Verdict removal_obstacle(const ParsedSpec& parsed, const std::optional<VolumeUse>& volumes) {
  if (!volumes) {
    return {"True", "VolumesUnknown",
            "Whether volumes use the driver is not known, so nothing is deleted. Check that the "
            "driver's name is right and that the operator may list persistentvolumes; or set "
            "spec.deletion.whenVolumesExist to Orphan, which keeps the plug-in in place."};
  }
  return {"True", "VolumesExist",
          fmt::format("{}. Without it {} could not be unmounted. Delete the claims and volumes "
                      "first, or set spec.deletion.whenVolumesExist to Orphan to give up only this "
                      "object and keep the plug-in working.",
                      use_sentence(parsed, *volumes), volumes->total == 1 ? "it" : "they")};
}

Verdict judge_deletion(const StatusInput& input, const Health& health) {
  if (!health.deleting) {
    return {"False", "NotBlocked", "The plug-in is not being deleted."};
  }
  if (!health.managed) {
    return {"False", "NotBlocked", "The plug-in is Unmanaged: it stays in place."};
  }
  const Removal nothing_known;
  const Removal& removal = input.removal == nullptr ? nothing_known : *input.removal;
  switch (removal.verdict) {
    case Uninstall::held:
      return {"True", "ReconcilePaused",
              input.plan == nullptr
                  ? std::string("Nothing is deleted while spec.reconcile.mode is not Apply. Set it "
                                "to Apply to uninstall.")
                  : fmt::format("Nothing is deleted while spec.reconcile.mode is not Apply. "
                                "status.plan lists what would be: {}.",
                                summary(*input.plan))};
    case Uninstall::blocked:
      return removal_obstacle(input.parsed, removal.volumes);
    case Uninstall::orphan:
      return {"False", "Orphaned",
              fmt::format("{}. The plug-in stays in place and works, but is nobody's: the operator "
                          "no longer looks after it.",
                          in_use(input.parsed, removal.volumes))};
    case Uninstall::force:
      return {
          "False", "RemovedByForce",
          fmt::format("{}. It is removed all the same, by spec.deletion.whenVolumesExist: Force. "
                      "Where a volume is mounted it cannot be unmounted any more, pods that use "
                      "one cannot start and may hang in Terminating, and no volume is deleted. "
                      "The data stays.",
                      in_use(input.parsed, removal.volumes))};
    default:
      return {"False", "NotBlocked", "No volume stands in the way."};
  }
}

Verdict judge_removal_progress(const StatusInput& input, const Health& health,
                               const Verdict& deletion_blocked) {
  if (deletion_blocked.is_true()) {
    return {"False", deletion_blocked.reason, "The deletion waits; see DeletionBlocked."};
  }
  if (health.removed) {
    return {"False", "Removed", "The plug-in has been removed."};
  }
  if (input.removal != nullptr && !input.removal->stopping_pods.empty()) {
    return {"True", "Uninstalling",
            fmt::format("The node driver stays until the provisioner has ended, for it may still "
                        "make a volume: {}.",
                        fmt::join(input.removal->stopping_pods, ", "))};
  }
  return {"True", "Uninstalling", "The plug-in is being removed."};
}

void say_removed(Verdicts& verdicts) {
  const std::string message = "spec.managementState is Removed: nothing is installed.";
  verdicts.available = {"False", "Removed", message};
  verdicts.storage_classes_ready = {"False", "Removed", message};
  verdicts.prerequisites_met = {"Unknown", "Removed", message};
  verdicts.upgradeable = {"True", "AsExpected", "Nothing stands against an upgrade."};
}

}  // namespace bso::install
