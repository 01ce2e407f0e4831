// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/neighbours.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::controllers {
namespace {

/// Maybe for another one's sake: of several faults the condition has the first one's reason.
bool is_refused(const nlohmann::json& plugin) {
  const auto* conditions = codec::find(plugin, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return false;
  for (const auto& condition : *conditions) {
    if (codec::string_at(condition, {"type"}) == "SpecValid") {
      return codec::string_at(condition, {"status"}) == "False";
    }
  }
  return false;
}

}  // namespace

void Neighbours::judge(const nlohmann::json& plugin,
                       const std::shared_ptr<const install::Catalog>& catalog, const Render& render,
                       bool applies, install::ParsedSpec& parsed) {
  forget_gone();
  if (!install::asks_for_objects(plugin, parsed)) return;
  const auto uid = codec::string_at(plugin, {"metadata", "uid"});
  auto mine = install::claim_of(plugin, parsed, render(parsed));
  mine.begun = mine.begun || begun_.contains(uid);
  std::vector<install::Claim> others;
  for (const auto& [key, other] : plugins_.all()) {
    if (other.name == mine.plugin) continue;
    others.push_back(claim_of(other, catalog, render));
    others.back().begun = others.back().begun || begun_.contains(other.uid);
  }
  auto faults = install::judge_overlap(mine, others);
  if (faults.empty()) {
    if (applies) begun_.insert(uid);
    return;
  }
  parsed.spec.reset();
  for (auto& fault : faults) parsed.faults.push_back(std::move(fault));
}

std::vector<std::string> Neighbours::refused() const {
  std::vector<std::string> names;
  for (const auto& [key, plugin] : plugins_.all()) {
    if (is_refused(*plugin.body)) names.push_back(plugin.name);
  }
  return names;
}

void Neighbours::forget_gone() {
  std::set<std::string> uids;
  for (const auto& [key, plugin] : plugins_.all()) uids.insert(plugin.uid);
  std::erase_if(begun_, [&](const std::string& uid) { return !uids.contains(uid); });
  std::erase_if(known_,
                [&](const auto& entry) { return plugins_.find("", entry.first) == nullptr; });
}

const install::Claim& Neighbours::claim_of(const kube::Document& other,
                                           const std::shared_ptr<const install::Catalog>& catalog,
                                           const Render& render) {
  auto& known = known_[other.name];
  if (known.version != other.resource_version || known.catalog != catalog) {
    const auto parsed = install::parse_spec(*other.body, catalog->bundles, catalog->faults);
    auto wanted = install::asks_for_objects(*other.body, parsed)
                      ? render(parsed)
                      : std::vector<install::ObjectRef>();
    known = {other.resource_version, catalog,
             install::claim_of(*other.body, parsed, std::move(wanted))};
  }
  return known.claim;
}

}  // namespace bso::controllers
