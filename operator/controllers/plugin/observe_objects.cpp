// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/observe_objects.h"

#include <nlohmann/json.hpp>

namespace bso::controllers {
namespace {

Task<void> observe_one(Look& look, const LookList& list, const install::ObjectRef& ref,
                       const install::DesiredObject* desired, Looked& looked) {
  auto live = co_await look.look(ref);
  if (live) {
    looked.observed.push_back(install::observe(ref, live->get(), desired, list.plugin));
  } else {
    looked.unread.push_back({ref, std::move(live.error())});
  }
}

bool was_looked_at(const Looked& looked, const install::ObjectRef& ref) {
  if (install::find_observed(looked.observed, ref) != nullptr) return true;
  for (const auto& fault : looked.unread) {
    if (fault.ref.same_object(ref)) return true;
  }
  return false;
}

}  // namespace

Task<Looked> observe_objects(Look& look, const LookList& list) {
  Looked looked;
  for (const auto& desired : list.desired) {
    co_await observe_one(look, list, desired.ref, &desired, looked);
  }
  for (const auto& ref : list.beyond) {
    if (!was_looked_at(looked, ref)) co_await observe_one(look, list, ref, nullptr, looked);
  }
  co_return looked;
}

}  // namespace bso::controllers
