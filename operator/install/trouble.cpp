// SPDX-License-Identifier: Apache-2.0
#include "install/trouble.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "install/names.h"
#include "install/recreate.h"

namespace bso::install {
namespace {

constexpr std::string_view kGrantRemedy =
    "Grant it to the operator's ServiceAccount, or apply manifests/ again.";

// The text in quotes after `word`, or "".
std::string quoted_after(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) {
    return "";
  }
  const std::size_t start = at + word.size();
  const std::size_t end = text.find('"', start);
  return end == std::string_view::npos ? "" : std::string(text.substr(start, end - start));
}

Trouble forbidden(const WriteFault& fault) {
  const std::string object = fault.ref.display();
  // The cause of a create in such a namespace (plugin/pkg/admission/namespace/lifecycle).
  if (fault.error.has_cause("NamespaceTerminating")) {
    return {fault.ref, "ApplyFailed",
            fmt::format("{} cannot be written: the namespace {} is being deleted, and with it all "
                        "that the plug-in has there; volumes on the nodes cannot be mounted or "
                        "unmounted without it. Wait for its end (kubectl get namespace {}) and "
                        "create it again; the operator installs there again.",
                        object, fault.ref.ns, fault.ref.ns)};
  }
  if (const auto right = parse_missing_right(fault.error.message)) {
    const std::string where =
        right->ns.empty() ? "the whole cluster" : fmt::format("namespace {}", right->ns);
    return {fault.ref, "ApplyForbidden",
            fmt::format("{} cannot be written: the right {} on {} in API group \"{}\" for {} is "
                        "missing. {}",
                        object, right->verb, right->resource, right->group, where, kGrantRemedy)};
  }
  // pkg/registry/rbac/validation of kubernetes/kubernetes: nobody grants more than they hold.
  if (fault.error.message.find("attempting to grant RBAC permissions not currently held") !=
      std::string::npos) {
    return {
        fault.ref, "ApplyForbidden",
        fmt::format("{} cannot be written: it grants rights that the operator does not hold "
                    "itself ({}). {}",
                    object, fault.error.message,
                    "Give them to the operator's ServiceAccount too, or apply manifests/ again.")};
  }
  return {
      fault.ref, "ApplyForbidden",
      fmt::format("{} cannot be written, an admission rule of the cluster refuses it: {}. Allow it "
                  "there (quota, pod security, webhook).",
                  object, fault.error.message)};
}

// Causes of a refused apply: reason FieldManagerConflict, message `conflict with "kubectl-edit"
// using apps/v1` (structured-merge-diff), field ".spec.replicas".
Trouble conflict(const WriteFault& fault) {
  std::vector<std::string> parts;
  for (const StatusCause& cause : fault.error.causes) {
    if (cause.reason == "FieldManagerConflict") {
      const std::string manager = quoted_after(cause.message, "conflict with \"");
      parts.push_back(
          fmt::format("{} manages {}", manager.empty() ? "another manager" : manager, cause.field));
    }
  }
  constexpr std::size_t kShown = 5;
  const std::size_t shown = std::min(parts.size(), kShown);
  std::string list = fmt::format(
      "{}", fmt::join(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (parts.size() > shown) {
    list += fmt::format(" and {} more", parts.size() - shown);
  }
  return {fault.ref, "ConflictingManager",
          fmt::format(
              "{} is not changed: {}. Set these through the BlockStoragePlugin and give them up "
              "there, or delete the object; the operator makes it anew.",
              fault.ref.display(), list)};
}

Trouble foreign(const DesiredObject& desired, const ObservedObject& observed,
                std::string_view plugin) {
  const std::string object = desired.ref.display();
  const std::string hand_over = fmt::format("To hand it over, give it the labels {}={} and {}={}",
                                            kManagedByLabel, kOperatorName, kPluginLabel, plugin);
  if (observed.owner == Owner::nobody) {
    return {desired.ref, "ForeignObject",
            fmt::format(
                "{} exists and was not made by the operator, so it is left alone. {}; or delete "
                "it, or set spec.reconcile.adopt to Always.",
                object, hand_over)};
  }
  if (observed.owner == Owner::release) {
    return {desired.ref, "ConflictingManager",
            fmt::format("{} belongs to {}, so it is left alone. To have it taken over, set "
                        "spec.reconcile.adopt to IfLabelled.",
                        object, observed.owner_name)};
  }
  return {desired.ref, "ConflictingManager",
          fmt::format(
              "{} belongs to {}, so it is left alone. Uninstall it there first, or let both not "
              "manage the same plug-in. {}.",
              object, observed.owner_name, hand_over)};
}

Trouble immutable(const DesiredObject& desired, const ObservedObject& observed) {
  const std::string fields = fmt::format("{}", fmt::join(observed.immutable_drift, ", "));
  if (!observed.recreate_obstacle.empty()) {
    return {desired.ref, "ImmutableChangeBlocked",
            fmt::format("{}: {} cannot be changed in an existing object, and it is not made anew: "
                        "{}. Delete it; the operator makes it anew.",
                        desired.ref.display(), fields, observed.recreate_obstacle)};
  }
  return {
      desired.ref, "ImmutableChangeBlocked",
      fmt::format(
          "{}: {} cannot be changed in an existing class. Delete the class (volumes are not "
          "touched), or set spec.storageClasses.onImmutableChange: Recreate; the operator makes "
          "it anew.",
          desired.ref.display(), fields)};
}

int severity(const std::string& reason) {
  static constexpr std::array<std::string_view, 7> kOrder{
      "ApplyForbidden", "ConflictingManager",     "ForeignObject",  "ApplyRejected",
      "ApplyFailed",    "ImmutableChangeBlocked", "ImagePullFailed"};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), reason) - kOrder.begin());
}

}  // namespace

std::optional<MissingRight> parse_missing_right(std::string_view message) {
  MissingRight right{.user = quoted_after(message, "User \""),
                     .verb = "",
                     .resource = quoted_after(message, " resource \""),
                     .group = quoted_after(message, "in API group \""),
                     .ns = quoted_after(message, "in the namespace \"")};
  constexpr std::string_view kCannot = "\" cannot ";
  const std::size_t at = message.find(kCannot);
  if (at == std::string_view::npos || right.user.empty() || right.resource.empty()) {
    return std::nullopt;
  }
  const std::string_view rest = message.substr(at + kCannot.size());
  right.verb = rest.substr(0, rest.find(' '));
  return right;
}

Trouble explain(const WriteFault& fault) {
  const Error& error = fault.error;
  if (error.forbidden()) {
    return forbidden(fault);
  }
  if (error.has_cause("FieldManagerConflict")) {
    return conflict(fault);
  }
  if (error.is_status("Invalid") || error.is_status("BadRequest")) {
    return {fault.ref, "ApplyRejected",
            fmt::format("{} is refused by the API server: {}. Correct the field in the spec.",
                        fault.ref.display(), error.message)};
  }
  if (error.not_found()) {
    return {
        fault.ref, "ApplyFailed",
        fmt::format("{} cannot be written: {}. Create the namespace, if that is what is missing.",
                    fault.ref.display(), error.message)};
  }
  return {fault.ref, "ApplyFailed",
          fmt::format("{} could not be written: {}. The operator tries again.", fault.ref.display(),
                      error.message)};
}

Trouble explain(const ImagePullFault& fault) {
  return {fault.workload, "ImagePullFailed",
          fmt::format("{}: the image {} of container {} cannot be pulled ({}{}{}). Check "
                      "spec.images.registry, pullSecrets and overrides, and spec.driver.version.",
                      fault.workload.display(), fault.image, fault.container, fault.reason,
                      fault.message.empty() ? "" : ": ", fault.message)};
}

std::vector<Trouble> find_troubles(std::span<const DesiredObject> desired,
                                   std::span<const ObservedObject> observed,
                                   std::span<const WriteFault> write_faults,
                                   std::span<const ImagePullFault> image_pull_faults,
                                   std::string_view plugin) {
  std::vector<Trouble> troubles;
  const auto named = [&](const ObjectRef& ref) {
    return std::any_of(troubles.begin(), troubles.end(),
                       [&](const Trouble& trouble) { return trouble.ref.same_object(ref); });
  };
  for (const WriteFault& fault : write_faults) {
    troubles.push_back(explain(fault));
  }
  for (const DesiredObject& object : desired) {
    const ObservedObject* found = find_observed(observed, object.ref);
    if (found == nullptr || !found->exists || named(object.ref) || object.create_only) {
      continue;
    }
    if (found->owner != Owner::ours && !found->adoptable) {
      troubles.push_back(foreign(object, *found, plugin));
    } else if (!found->immutable_drift.empty() && !may_recreate(object, *found)) {
      troubles.push_back(immutable(object, *found));
    }
  }
  for (const ImagePullFault& fault : image_pull_faults) {
    if (!named(fault.workload)) {
      troubles.push_back(explain(fault));
    }
  }
  std::stable_sort(troubles.begin(), troubles.end(), [](const Trouble& left, const Trouble& right) {
    return severity(left.reason) < severity(right.reason);
  });
  return troubles;
}

}  // namespace bso::install
