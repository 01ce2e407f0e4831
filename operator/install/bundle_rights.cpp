// SPDX-License-Identifier: Apache-2.0
#include "install/bundle_rights.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::install {
namespace {

using nlohmann::json;

// pkg/registry/rbac and plugin/pkg/auth/authorizer/rbac of kubernetes/kubernetes.
constexpr std::array<std::string_view, 3> kForbiddenVerbs{"escalate", "bind", "impersonate"};

std::string title_of(const json& manifest) {
  return codec::string_at(manifest, {"kind"}) + " " +
         codec::string_at(manifest, {"metadata", "name"});
}

bool is_role(std::string_view kind) { return kind == "ClusterRole" || kind == "Role"; }
bool is_binding(std::string_view kind) {
  return kind == "ClusterRoleBinding" || kind == "RoleBinding";
}

Result<void> check_words(const json& rule, const char* field, const std::string& where) {
  const json* words = codec::find(rule, {field});
  if (words == nullptr || words->is_null()) {
    return {};
  }
  if (!words->is_array()) {
    return fail(invalid_input(fmt::format("{}.{} is no list", where, field)));
  }
  for (const json& word : *words) {
    if (!word.is_string()) {
      return fail(invalid_input(fmt::format("{}.{} holds what is no text", where, field)));
    }
    const auto& text = word.get_ref<const std::string&>();
    if (text.find('*') != std::string::npos) {
      return fail(invalid_input(fmt::format(
          "{}.{}: \"{}\" is a wildcard; name what the driver needs", where, field, text)));
    }
    if (std::string_view(field) == "verbs" &&
        std::find(kForbiddenVerbs.begin(), kForbiddenVerbs.end(), text) != kForbiddenVerbs.end()) {
      return fail(invalid_input(fmt::format(
          "{}.verbs: with \"{}\" the driver could take any right; a bundle cannot grant it", where,
          text)));
    }
  }
  return {};
}

/// Names of the objects of these kinds: "ClusterRole driver".
std::set<std::string> titles_of(std::span<const json> manifests, bool (*wanted)(std::string_view)) {
  std::set<std::string> titles;
  for (const json& manifest : manifests) {
    if (wanted(codec::string_at(manifest, {"kind"}))) {
      titles.insert(title_of(manifest));
    }
  }
  return titles;
}

Result<void> check_binding(const json& binding, const std::set<std::string>& roles,
                           const std::set<std::string>& accounts) {
  const std::string role = codec::string_at(binding, {"roleRef", "kind"}) + " " +
                           codec::string_at(binding, {"roleRef", "name"});
  if (!roles.contains(role)) {
    return fail(invalid_input(
        fmt::format("{}: roleRef: {} is not in the bundle; a bundle binds only its own roles",
                    title_of(binding), role)));
  }
  const json* subjects = codec::find(binding, {"subjects"});
  if (subjects == nullptr || !subjects->is_array()) {
    return {};
  }
  for (const json& subject : *subjects) {
    const std::string who =
        codec::string_at(subject, {"kind"}) + " " + codec::string_at(subject, {"name"});
    if (!accounts.contains(who)) {
      return fail(invalid_input(
          fmt::format("{}: subjects: {} is not in the bundle; a bundle gives rights only to its "
                      "own ServiceAccounts",
                      title_of(binding), who)));
    }
  }
  return {};
}

}  // namespace

Result<void> check_role(const nlohmann::json& manifest) {
  if (!is_role(codec::string_at(manifest, {"kind"}))) {
    return {};
  }
  if (codec::find(manifest, {"aggregationRule"}) != nullptr) {
    return fail(invalid_input(
        fmt::format("{}: aggregationRule would collect rights of other roles; list the rules",
                    title_of(manifest))));
  }
  const json* rules = codec::find(manifest, {"rules"});
  if (rules == nullptr || rules->is_null()) {
    return {};
  }
  if (!rules->is_array()) {
    return fail(invalid_input(title_of(manifest) + ": rules is no list"));
  }
  for (std::size_t index = 0; index < rules->size(); ++index) {
    const std::string where = fmt::format("{}: rules[{}]", title_of(manifest), index);
    for (const char* field :
         {"apiGroups", "resources", "resourceNames", "verbs", "nonResourceURLs"}) {
      if (auto checked = check_words((*rules)[index], field, where); !checked) {
        return checked;
      }
    }
  }
  return {};
}

Result<void> check_bindings(std::span<const nlohmann::json> manifests) {
  const auto roles = titles_of(manifests, is_role);
  const auto accounts =
      titles_of(manifests, [](std::string_view kind) { return kind == "ServiceAccount"; });
  for (const json& manifest : manifests) {
    if (!is_binding(codec::string_at(manifest, {"kind"}))) {
      continue;
    }
    if (auto checked = check_binding(manifest, roles, accounts); !checked) {
      return checked;
    }
  }
  return {};
}

}  // namespace bso::install
