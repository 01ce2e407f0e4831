// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that looks at what a plug-in needs.
#include <nlohmann/json.hpp>

#include "controllers/plugin/reconciler.h"

namespace bso::controllers {

Task<void> PluginReconciler::look_at_needs(Pass& pass) {
  // It outlives a spec that is faulty for a while, or every pod would be rolled when it is
  // repaired.
  pass.credentials = install::credentials_state_of(*pass.plugin);
  if (pass.parsed.spec) {
    auto& spec = *pass.parsed.spec;
    install::Needs needs;
    if (!spec.external) {
      needs.ns = co_await needed_.look(pass.name, kube::namespaces, "", spec.ns);
    }
    if (spec.credentials) {
      needs.secret =
          co_await needed_.look(pass.name, kube::secrets, spec.ns, spec.credentials->name);
      // What is not applied must not count as seen, or the change would be lost.
      if (install::is_managed(*pass.plugin) && !install::is_held(*pass.plugin)) {
        pass.credentials =
            install::follow_secret(pass.credentials, *spec.credentials, needs.secret);
      }
      spec.credentials->revision = pass.credentials.revision;
    } else {
      pass.credentials = {};
    }
    pass.needs = std::move(needs);
  }
  needed_.forget_others(pass.name);
}

}  // namespace bso::controllers
