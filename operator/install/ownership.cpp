// SPDX-License-Identifier: Apache-2.0
#include "install/ownership.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

// Bounds of status.leftovers in the CRD.
constexpr std::size_t kMaxLeftovers = 32;

// helm/helm, pkg/action/validate.go.
constexpr std::string_view kReleaseName = "meta.helm.sh/release-name";
constexpr std::string_view kReleaseNamespace = "meta.helm.sh/release-namespace";

/// Marks of programs that write their objects again and again, or delete what they no longer know.
struct Mark {
  std::string_view key;  ///< a whole key, or all that begin so when it ends with a slash or a dot
  std::string_view who;
};
constexpr std::array<Mark, 11> kMarks{{
    // kubernetes/kubernetes, cluster/addons/addon-manager.
    {"addonmanager.kubernetes.io/", "the add-on manager"},
    {"kubernetes.io/cluster-service", "the add-on manager"},
    {"deploy.razee.io/", "razee"},
    {"deploy.razee.io.", "razee"},
    // operator-framework/operator-lifecycle-manager, pkg/lib/ownerutil.
    {"olm.owner", "the Operator Lifecycle Manager"},
    {"olm.owner.", "the Operator Lifecycle Manager"},
    {"operators.coreos.com/", "the Operator Lifecycle Manager"},
    {"argocd.argoproj.io/", "Argo CD"},
    {"kustomize.toolkit.fluxcd.io/", "Flux"},
    {"helm.toolkit.fluxcd.io/", "Flux"},
    {"operator.openshift.io/", "an operator of OpenShift"},
}};

bool bears(const json& document, const char* map, const Mark& mark) {
  const json* marks = codec::find(document, {"metadata", map});
  if (marks == nullptr || !marks->is_object()) {
    return false;
  }
  const bool prefix = mark.key.back() == '/' || mark.key.back() == '.';
  return std::any_of(marks->items().begin(), marks->items().end(), [&](const auto& item) {
    return prefix ? item.key().rfind(mark.key, 0) == 0 : item.key() == mark.key;
  });
}

std::string standing_manager(const json& live) {
  for (const Mark& mark : kMarks) {
    if (bears(live, "labels", mark) || bears(live, "annotations", mark)) {
      return std::string(mark.who);
    }
  }
  const json* references = codec::find(live, {"metadata", "ownerReferences"});
  if (references != nullptr && references->is_array()) {
    for (const json& reference : *references) {
      const json* controller = codec::find(reference, {"controller"});
      if (controller != nullptr && controller->is_boolean() && controller->get<bool>()) {
        return fmt::format("{} {}", codec::string_at(reference, {"kind"}),
                           codec::string_at(reference, {"name"}));
      }
    }
  }
  return "";
}

bool is_tool(std::string_view name) { return name == "Helm" || name == "Tiller"; }

std::string label(const json& live, std::string_view key) {
  return codec::string_at(live, {"metadata", "labels", key});
}

// Its own controllers: status, and the revision of a Deployment.
constexpr std::string_view kControllerManager = "kube-controller-manager";

std::string annotation(const json& live, std::string_view key) {
  return codec::string_at(live, {"metadata", "annotations", key});
}

/// Whether Helm's own marks are there, whoever manages the object now.
bool is_marked(const json& live) {
  return is_tool(label(live, "heritage")) || !annotation(live, kReleaseName).empty();
}

Release release_of(const json& live) {
  const std::string manager = label(live, kManagedByLabel);
  const std::string heritage = label(live, "heritage");
  Release release;
  release.tool = is_tool(manager) ? manager : is_tool(heritage) ? heritage : "Helm";
  release.name = annotation(live, kReleaseName);
  release.ns = annotation(live, kReleaseNamespace);
  // Older charts name it in a label, newer ones in app.kubernetes.io/instance.
  for (const char* key : {"release", "app.kubernetes.io/instance"}) {
    if (release.name.empty()) {
      release.name = label(live, key);
    }
  }
  return release;
}

}  // namespace

std::string Release::display() const {
  if (name.empty()) {
    return fmt::format("a release of {}", tool);
  }
  return ns.empty() ? fmt::format("{} release {}", tool, name)
                    : fmt::format("{} release {}/{}", tool, ns, name);
}

Ownership read_ownership(const nlohmann::json& live, std::string_view plugin) {
  if (std::string standing = standing_manager(live); !standing.empty()) {
    return {Owner::somebody, std::move(standing), std::nullopt};
  }
  const std::string manager = label(live, kManagedByLabel);
  if (manager == kOperatorName) {
    const std::string named = label(live, kPluginLabel);
    return {named == plugin ? Owner::ours : Owner::somebody,
            fmt::format("BlockStoragePlugin {}", named.empty() ? "(unnamed)" : named),
            is_marked(live) ? std::optional(release_of(live)) : std::nullopt};
  }
  if (is_tool(manager) || (manager.empty() && is_marked(live))) {
    Release release = release_of(live);
    std::string name = release.display();
    return {Owner::release, std::move(name), std::move(release)};
  }
  if (!manager.empty()) {
    return {Owner::somebody, manager, std::nullopt};
  }
  return {};
}

bool may_adopt(Owner owner, Adopt adopt) {
  switch (adopt) {
    case Adopt::never:
      return false;
    case Adopt::if_labelled:
      return owner == Owner::release;
    case Adopt::always:
      return owner == Owner::release || owner == Owner::nobody;
  }
  return false;
}

nlohmann::json release_marks_patch(const nlohmann::json& live, const nlohmann::json& desired) {
  json patch = json::object();
  if (!is_marked(live)) {
    return patch;
  }
  const auto strike = [&](const char* map, std::string_view key) {
    const bool there = codec::find(live, {"metadata", map, key}) != nullptr;
    if (there && codec::find(desired, {"metadata", map, key}) == nullptr) {
      patch["metadata"][map][std::string(key)] = nullptr;
    }
  };
  for (const char* key : {"heritage", "release", "chart", "helm.sh/chart"}) {
    strike("labels", key);
  }
  strike("annotations", kReleaseName);
  strike("annotations", kReleaseNamespace);
  return patch;
}

nlohmann::json former_managers_patch(const nlohmann::json& live) {
  const json* managers = codec::find(live, {"metadata", "managedFields"});
  json patch = json::object();
  if (managers == nullptr || !managers->is_array()) {
    return patch;
  }
  json kept = json::array();
  std::copy_if(managers->begin(), managers->end(), std::back_inserter(kept), [](const json& entry) {
    return codec::string_at(entry, {"operation"}) != "Update" ||
           codec::string_at(entry, {"subresource"}) == "status" ||
           codec::string_at(entry, {"manager"}) == kControllerManager;
  });
  if (kept.size() < managers->size()) {
    patch["metadata"]["managedFields"] = std::move(kept);
  }
  return patch;
}

std::vector<Leftover> leftovers_of(const Release& release) {
  std::vector<Leftover> left;
  // Where no tool is named with certainty (IBM's chart says heritage: Helm under both) and no
  // annotation of Helm 3 was there, either may have kept it.
  const std::string shown = release.name.empty() ? "NAME" : release.name;
  if (release.tool == "Helm") {
    const std::string ns = release.ns.empty() ? "NAMESPACE" : release.ns;
    left.push_back({fmt::format("Secret {}/sh.helm.release.v1.{}.v*", ns, shown),
                    fmt::format("kubectl delete secret -n {} -l owner=helm,name={}", ns, shown)});
  }
  if (release.ns.empty()) {
    left.push_back(
        {fmt::format("ConfigMap kube-system/{}.v*", shown),
         fmt::format("kubectl delete configmap -n kube-system -l OWNER=TILLER,NAME={}", shown)});
  }
  return left;
}

std::vector<Leftover> merge_leftovers(const nlohmann::json& plugin,
                                      std::span<const Release> adopted) {
  std::vector<Leftover> all;
  if (annotation(plugin, kLeftoversAnnotation) == "removed") {
    return all;
  }
  const auto add = [&](Leftover leftover) {
    if (std::find(all.begin(), all.end(), leftover) == all.end() && all.size() < kMaxLeftovers) {
      all.push_back(std::move(leftover));
    }
  };
  const json* before = codec::find(plugin, {"status", "leftovers"});
  if (before != nullptr && before->is_array()) {
    for (const json& entry : *before) {
      add({codec::string_at(entry, {"object"}), codec::string_at(entry, {"remedy"})});
    }
  }
  for (const Release& release : adopted) {
    for (Leftover& leftover : leftovers_of(release)) {
      add(std::move(leftover));
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Leftover& left, const Leftover& right) { return left.object < right.object; });
  return all;
}

}  // namespace bso::install
