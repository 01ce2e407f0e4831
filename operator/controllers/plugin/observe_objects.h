// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "controllers/plugin/look.h"
#include "install/observe.h"
#include "install/render.h"
#include "install/trouble.h"

namespace bso::controllers {

/// What is to be looked at for a plug-in. Lives as long as the call.
struct LookList {
  std::string plugin;  ///< name of the BlockStoragePlugin
  std::span<const install::DesiredObject> desired;
  std::vector<install::ObjectRef> beyond;  ///< what is desired already is not looked at again
};

struct Looked {
  std::vector<install::ObservedObject> observed;
  std::vector<install::WriteFault> unread;  ///< what the server did not show
};

/// Looks at each object once, in this order. The operator and kubectl-blockstorage see by it alike.
/// `look` and `list` outlive the call.
Task<Looked> observe_objects(Look& look, const LookList& list);

}  // namespace bso::controllers
