// SPDX-License-Identifier: Apache-2.0
#include "cli/live_names.h"

#include <nlohmann/json.hpp>

namespace bso::cli {

Task<int> print_names(Session& session, kube::Resource resource, std::string ns, kube::Query query,
                      std::string begun) {
  const auto answer = co_await session.client().list(resource, ns, query);
  session.progress().end();
  if (!answer) co_return exit_ok;
  const auto* items = codec::find(**answer, {"items"});
  if (items == nullptr || !items->is_array()) co_return exit_ok;
  for (const auto& item : *items) {
    const auto name = codec::string_at(item, {"metadata", "name"});
    if (name.starts_with(begun)) print(name + "\n");
  }
  co_return exit_ok;
}

}  // namespace bso::cli
