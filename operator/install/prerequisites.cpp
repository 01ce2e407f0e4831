// SPDX-License-Identifier: Apache-2.0
#include "install/prerequisites.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/render.h"
#include "install/trouble.h"

namespace bso::install {
namespace {

using nlohmann::json;
using Presence = NeededObject::Presence;

constexpr std::string_view kAccountPrefix = "system:serviceaccount:";

/// The subject of a binding, as kubectl takes it: whom the server refused.
std::string subject_of(const Error& error) {
  const auto right = parse_missing_right(error.message);
  const std::string user = right ? right->user : "system:serviceaccount:NAMESPACE:NAME";
  return user.starts_with(kAccountPrefix)
             ? fmt::format("--serviceaccount={}", user.substr(kAccountPrefix.size()))
             : fmt::format("--user={}", user);
}

Unmet unmet_namespace(const NeededObject& found, const std::string& ns) {
  switch (found.presence) {
    case Presence::absent:
      return {true, "NamespaceMissing",
              fmt::format("The namespace {} does not exist, so nothing is applied. Create it: "
                          "kubectl create namespace {}",
                          ns, ns)};
    case Presence::terminating:
      return {true, "NamespaceMissing",
              fmt::format("The namespace {} is being deleted, so nothing is applied. Wait until it "
                          "is gone, then: kubectl create namespace {}",
                          ns, ns)};
    default:
      return {false, "NamespaceUnreadable",
              fmt::format("Whether the namespace {} exists cannot be told: {}. Grant it: kubectl "
                          "create clusterrole block-storage-operator-namespaces --verb=list,watch "
                          "--resource=namespaces && kubectl create clusterrolebinding "
                          "block-storage-operator-namespaces "
                          "--clusterrole=block-storage-operator-namespaces {}",
                          ns, found.error.message, subject_of(found.error))};
  }
}

Unmet unmet_secret(const NeededObject& found, const std::string& ns, const std::string& name) {
  if (found.presence == Presence::unreadable) {
    // A ClusterRole, with get: nobody may grant more than they hold, and the plug-in gets that.
    return {false, "SecretUnreadable",
            fmt::format("Whether the Secret {}/{} exists cannot be told: {}. Grant it: kubectl "
                        "create clusterrole block-storage-operator-credentials "
                        "--verb=get,list,watch --resource=secrets --resource-name={} && kubectl "
                        "create clusterrolebinding block-storage-operator-credentials "
                        "--clusterrole=block-storage-operator-credentials {}",
                        ns, name, found.error.message, name, subject_of(found.error))};
  }
  return {true, "SecretMissing",
          fmt::format("The Secret {}/{} with the plug-in's account does not exist. Create it: "
                      "kubectl -n {} create secret generic {} --from-file=<file that the plug-in "
                      "reads, e.g. slclient.toml>",
                      ns, name, ns, name)};
}

}  // namespace

bool may_apply(const Needs& needs) {
  return !needs.ns ||
         (needs.ns->presence != Presence::absent && needs.ns->presence != Presence::terminating);
}

std::optional<Unmet> first_unmet(const Needs& needs, const PluginSpec& spec) {
  if (needs.ns && needs.ns->presence != Presence::present &&
      needs.ns->presence != Presence::unknown) {
    return unmet_namespace(*needs.ns, spec.ns);
  }
  if (needs.secret && spec.credentials &&
      (needs.secret->presence == Presence::absent ||
       needs.secret->presence == Presence::unreadable)) {
    return unmet_secret(*needs.secret, spec.ns, spec.credentials->name);
  }
  const auto unknown = [](const std::optional<NeededObject>& object) {
    return object && object->presence == Presence::unknown;
  };
  if (unknown(needs.ns) || unknown(needs.secret)) {
    return Unmet{false, "NotObserved", "What the plug-in needs could not be looked at yet."};
  }
  return std::nullopt;
}

CredentialsState credentials_state_of(const nlohmann::json& plugin) {
  const auto text = [&](std::string_view field) {
    return codec::string_at(plugin, {"status", "credentials", field});
  };
  return {.secret = text("secret"), .seen = text("seen"), .revision = text("revision")};
}

nlohmann::json credentials_json(const CredentialsState& state) {
  json object = json::object();
  for (const auto& [field, value] :
       {std::pair{"secret", &state.secret}, std::pair{"seen", &state.seen},
        std::pair{"revision", &state.revision}}) {
    if (!value->empty()) {
      object[field] = *value;
    }
  }
  return object;
}

CredentialsState follow_secret(const CredentialsState& before, const CredentialsSettings& wanted,
                               const std::optional<NeededObject>& secret) {
  CredentialsState state = before;
  if (state.secret != wanted.name) {
    // Another Secret is seen for the first time. What the pods carry stays.
    state.secret = wanted.name;
    state.seen.clear();
  }
  if (!secret || secret->presence != Presence::present) {
    return state;
  }
  const std::string now =
      content_hash(json{{"uid", secret->uid}, {"resourceVersion", secret->resource_version}});
  if (!state.seen.empty() && state.seen != now && wanted.restart) {
    state.revision = now;
  }
  state.seen = now;
  return state;
}

}  // namespace bso::install
