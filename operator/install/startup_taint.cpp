// SPDX-License-Identifier: Apache-2.0
#include "install/startup_taint.h"

#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

namespace bso::install {

codec::JsonPtr without_taint(const nlohmann::json& node, std::string_view key) {
  using nlohmann::json;
  const json* taints = codec::find(node, {"spec", "taints"});
  const std::string uid = codec::string_at(node, {"metadata", "uid"});
  if (taints == nullptr || !taints->is_array() || uid.empty()) {
    return nullptr;
  }
  json left = json::array();
  for (const json& taint : *taints) {
    if (codec::string_at(taint, {"key"}) != key) {
      left.push_back(taint);
    }
  }
  if (left.size() == taints->size()) {
    return nullptr;
  }
  return std::make_shared<const json>(
      json{{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid}},
           {{"op", "test"}, {"path", "/spec/taints"}, {"value", *taints}},
           {{"op", "replace"}, {"path", "/spec/taints"}, {"value", std::move(left)}}});
}

}  // namespace bso::install
