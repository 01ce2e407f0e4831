// SPDX-License-Identifier: Apache-2.0
#include "kube/resource_version.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "codec/json.h"
#include "kube/status_error.h"

namespace bso::kube {
namespace {

bool is_decimal(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_leading_zeros(std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

/// The server's present version, for one small read of etcd: a LIST of one item without a
/// resourceVersion is a quorum read, and its version is etcd's revision, whatever the kind.
Task<Result<std::string>> current_resource_version(Client& client, Resource resource) {
  Query query;
  query.add("limit", "1");
  auto list = co_await client.list(resource, "", std::move(query));
  if (!list) co_return fail(std::move(list.error()));
  auto version = codec::string_at(**list, {"metadata", "resourceVersion"});
  if (!is_decimal(version)) {
    co_return fail(protocol_error("a LIST answer whose resourceVersion is no number"));
  }
  co_return version;
}

}  // namespace

bool is_older(std::string_view a, std::string_view b) {
  if (!is_decimal(a) || !is_decimal(b)) return false;
  a = without_leading_zeros(a);
  b = without_leading_zeros(b);
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

Task<std::string> resource_version_floor(Client& client, Resource resource) {
  auto version = co_await current_resource_version(client, resource);
  if (version) co_return std::move(*version);
  log::warn(
      "the server's present version is not known; the first lists may be older than what an "
      "earlier process saw",
      {{"asked", resource.plural}, {"error", version.error().message}});
  co_return "0";
}

}  // namespace bso::kube
