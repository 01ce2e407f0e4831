// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/freshness.h"

#include <charconv>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::controllers {
namespace {

std::optional<std::uint64_t> revision(const std::string& text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

// resourceVersions of one kind on one server are etcd revisions and can be compared (KEP-5504 makes
// that part of the API).
bool not_older(const std::string& seen, const std::string& live) {
  if (seen == live) return true;
  const auto ours = revision(seen);
  const auto theirs = revision(live);
  return ours && theirs && *ours >= *theirs;
}

bool is_as_new_as(const kube::DocumentStore& store, const nlohmann::json& list) {
  const auto* items = codec::find(list, {"items"});
  const bool none = items == nullptr || !items->is_array();
  std::size_t matched = 0;
  if (!none) {
    for (const auto& item : *items) {
      const auto* seen = store.find(codec::string_at(item, {"metadata", "namespace"}),
                                    codec::string_at(item, {"metadata", "name"}));
      if (seen == nullptr) return false;
      const auto live = codec::string_at(item, {"metadata", "resourceVersion"});
      if (!not_older(seen->resource_version, live)) return false;
      ++matched;
    }
  }
  return matched == store.all().size();
}

}  // namespace bso::controllers
