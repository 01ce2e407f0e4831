// SPDX-License-Identifier: Apache-2.0
#include "kube/kubeconfig.h"

#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/yaml.h"
#include "kube/config_file.h"

namespace bso::kube {
namespace {

using nlohmann::json;
using Entries = std::map<std::string, KubeconfigEntry>;

/// One of the three lists: [{name, <inner>: {...}}].
Result<void> merge_list(const json& document, const std::string& list, const std::string& inner,
                        const std::string& file, Entries& into) {
  const json* entries = codec::find(document, {list});
  if (entries == nullptr || entries->is_null()) return {};
  if (!entries->is_array()) return fail(invalid_input(list + " must be a list"));
  std::set<std::string> seen;
  for (std::size_t index = 0; index < entries->size(); ++index) {
    const json& entry = (*entries)[index];
    const std::string name = codec::string_at(entry, {"name"});
    if (name.empty()) {
      return fail(invalid_input(
          fmt::format("{}[{}].name is missing or no text (numbers need quotes)", list, index)));
    }
    if (!seen.insert(name).second) {
      return fail(invalid_input(fmt::format("{}[{}]: \"{}\" is there twice", list, index, name)));
    }
    const json* body = codec::find(entry, {inner});
    if (body != nullptr && !body->is_null() && !body->is_object()) {
      return fail(invalid_input(fmt::format("{}[{}].{} must be a map", list, index, inner)));
    }
    auto kept = body == nullptr || body->is_null() ? std::make_shared<const json>(json::object())
                                                   : std::make_shared<const json>(*body);
    into.try_emplace(name, KubeconfigEntry{std::move(kept), file});
  }
  return {};
}

Result<void> merge_document(const json& document, const std::string& file, Kubeconfig& into) {
  if (!document.is_object()) return fail(invalid_input("it is no kubeconfig, no map at its top"));
  if (const auto kind = codec::string_at(document, {"kind"}); !kind.empty() && kind != "Config") {
    return fail(invalid_input(fmt::format("it is of kind \"{}\", no kubeconfig", kind)));
  }
  if (into.current_context.empty()) {
    into.current_context = codec::string_at(document, {"current-context"});
  }
  auto merged = merge_list(document, "clusters", "cluster", file, into.clusters);
  if (merged) merged = merge_list(document, "users", "user", file, into.users);
  if (merged) merged = merge_list(document, "contexts", "context", file, into.contexts);
  return merged;
}

}  // namespace

Result<void> merge_kubeconfig(Kubeconfig& into, std::string_view text, const std::string& file) {
  const std::string where = "kubeconfig " + file;
  into.files.push_back(file);
  auto documents = codec::yaml_to_json(text);
  if (!documents) return fail(std::move(documents).error().with_context(where));
  if (documents->empty()) {
    return fail(invalid_input(where + " is empty; give another one with --kubeconfig"));
  }
  if (documents->size() > 1) {
    return fail(invalid_input(where + " holds more than one YAML document"));
  }
  auto merged = merge_document(documents->front(), file, into);
  if (!merged) return fail(std::move(merged).error().with_context(where));
  return {};
}

Result<ClientConfig> parse_kubeconfig(std::string_view text, std::string_view file_name,
                                      std::string_view context) {
  Kubeconfig kubeconfig;
  if (auto merged = merge_kubeconfig(kubeconfig, text, std::string(file_name)); !merged) {
    return fail(std::move(merged).error());
  }
  return select_context(kubeconfig, context);
}

}  // namespace bso::kube
