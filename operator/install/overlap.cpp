// SPDX-License-Identifier: Apache-2.0
#include "install/overlap.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/names.h"
#include "install/plan.h"

namespace bso::install {
namespace {

using nlohmann::json;

constexpr std::size_t kShownObjects = 5;

using Address = std::tuple<std::string, std::string, std::string, std::string>;

Address address_of(const ObjectRef& ref) { return {ref.group, ref.kind, ref.ns, ref.name}; }

std::set<Address> addresses_of(const std::vector<ObjectRef>& refs) {
  std::set<Address> addresses;
  for (const ObjectRef& ref : refs) {
    addresses.insert(address_of(ref));
  }
  return addresses;
}

bool has_finalizer(const json& plugin) {
  const json* finalizers = codec::find(plugin, {"metadata", "finalizers"});
  return finalizers != nullptr && finalizers->is_array() &&
         std::find(finalizers->begin(), finalizers->end(), kUninstallFinalizer) !=
             finalizers->end();
}

bool gives_way(const Claim& mine, bool i_hold, const Claim& other, bool other_holds) {
  if (i_hold != other_holds) {
    return other_holds;
  }
  if (mine.begun != other.begun) {
    return other.begun;
  }
  return std::tie(other.created, other.plugin) < std::tie(mine.created, mine.plugin);
}

bool shares_driver(const Claim& mine, const Claim& other) {
  return mine.driver.known() && other.driver.known() && mine.driver.is_same_driver(other.driver);
}

SpecFault same_driver(const Claim& mine, const Claim& other) {
  return {
      .field = "spec.driver.name",
      .message = fmt::format("BlockStoragePlugin {} {} the driver {} already", other.plugin,
                             other.driver_held ? "has installed" : "installs", mine.driver.driver),
      .remedy = fmt::format("Delete this object and set what it asks for in {0}; or delete {0} "
                            "and wait for its end",
                            other.plugin),
      .reason = "Overlap"};
}

/// The objects of `mine` that `other` keeps, by kind: classes have another remedy than the rest.
std::vector<ObjectRef> kept_by(const Claim& mine, const Claim& other, bool classes) {
  const auto i_hold = addresses_of(mine.held);
  const auto others_held = addresses_of(other.held);
  const auto others_wanted = addresses_of(other.wanted);
  std::vector<ObjectRef> kept;
  for (const ObjectRef& ref : mine.wanted) {
    const Address address = address_of(ref);
    const bool held = others_held.contains(address);
    if ((ref.kind == "StorageClass") == classes && (held || others_wanted.contains(address)) &&
        gives_way(mine, i_hold.contains(address), other, held)) {
      kept.push_back(ref);
    }
  }
  return kept;
}

std::string names_of(const std::vector<ObjectRef>& refs) {
  std::string names;
  for (std::size_t i = 0; i < std::min(refs.size(), kShownObjects); ++i) {
    names += (i == 0 ? "" : ", ") + refs[i].display();
  }
  if (refs.size() > kShownObjects) {
    names += fmt::format(" and {} more", refs.size() - kShownObjects);
  }
  return names;
}

std::optional<SpecFault> same_objects(const Claim& mine, const Claim& other, bool classes) {
  const auto kept = kept_by(mine, other, classes);
  if (kept.empty()) {
    return std::nullopt;
  }
  SpecFault fault{
      .field = classes ? "spec.storageClasses" : "spec.driver.namespace",
      .message = fmt::format("BlockStoragePlugin {} has {} too", other.plugin, names_of(kept)),
      .remedy = {},
      .reason = "Overlap"};
  fault.remedy = classes
                     ? fmt::format("Choose other tiers or class names here, or take them out of {}",
                                   other.plugin)
                     : fmt::format(
                           "Write another namespace, or rename the objects in one of the two "
                           "bundles; or delete {} and wait for its end",
                           other.plugin);
  return fault;
}

}  // namespace

bool asks_for_objects(const nlohmann::json& plugin, const ParsedSpec& parsed) {
  return parsed.spec && parsed.spec->management == Management::managed &&
         codec::string_at(plugin, {"metadata", "deletionTimestamp"}).empty();
}

Claim claim_of(const nlohmann::json& plugin, const ParsedSpec& parsed,
               std::vector<ObjectRef> wanted) {
  Claim claim{.plugin = codec::string_at(plugin, {"metadata", "name"}),
              .created = codec::string_at(plugin, {"metadata", "creationTimestamp"}),
              .begun = has_finalizer(plugin)};
  for (InventoryEntry& entry : read_inventory(plugin)) {
    claim.held.push_back(std::move(entry.ref));
  }
  claim.driver_held = !claim.held.empty();
  const bool asks = asks_for_objects(plugin, parsed);
  if (asks) {
    claim.wanted = std::move(wanted);
    claim.driver = identity_of(*parsed.bundle, parsed.spec->external_csi_name);
  } else if (claim.driver_held && parsed.bundle != nullptr) {
    claim.driver = identity_of(*parsed.bundle, "");
  }
  return claim;
}

std::vector<SpecFault> judge_overlap(const Claim& mine, std::span<const Claim> others) {
  std::vector<SpecFault> faults;
  if (mine.wanted.empty() && !mine.driver.known()) {
    return faults;
  }
  for (const Claim& other : others) {
    if (other.plugin == mine.plugin) {
      continue;
    }
    if (shares_driver(mine, other)) {
      // Everything else that they share follows from it.
      if (gives_way(mine, mine.driver_held, other, other.driver_held)) {
        faults.push_back(same_driver(mine, other));
      }
      continue;
    }
    for (const bool classes : {false, true}) {
      if (auto fault = same_objects(mine, other, classes)) {
        faults.push_back(std::move(*fault));
      }
    }
  }
  return faults;
}

}  // namespace bso::install
