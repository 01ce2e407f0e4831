// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "install/bundle.h"
#include "install/observe.h"
#include "install/spec.h"

namespace bso::install {

/// A StorageClass that the spec names, and what is to be done with it.
struct PolicedClass {
  std::string name;
  ClassPolicy policy = ClassPolicy::managed;
};

/// Every class of the presets and of the user's own, each once. Those that are Unmanaged or Removed
/// are among them, though render() makes no document of them.
[[nodiscard]] std::vector<PolicedClass> policed_classes(const Bundle& bundle,
                                                        const ClassSettings& settings);

/// nullopt: the spec does not name the class.
[[nodiscard]] std::optional<ClassPolicy> policy_of(const Bundle& bundle,
                                                   const ClassSettings& settings,
                                                   std::string_view name);

/// Whether an object that is installed and not desired any more stays in the cluster: a class whose
/// policy is Unmanaged, or that left the spec with onRemovedFromSpec Orphan. It is given up, not
/// deleted, and an uninstallation does not delete it either.
[[nodiscard]] bool survives(const ObjectRef& ref, const Bundle& bundle,
                            const ClassSettings& settings);

/// What is to be done about whose a class is, before its content is looked at.
enum class Handover {
  none,
  give_up,   ///< it is ours and shall be nobody's
  take_back  ///< this plug-in gave it up, nobody took it, and the spec wants it again
};
[[nodiscard]] Handover judge_handover(const ObservedObject& found, const Bundle& bundle,
                                      const PluginSpec& spec);

/// Merge patches for the two. They touch only our labels and annotations, and hold uid and
/// resourceVersion of what was seen, so that nothing newer is changed.
[[nodiscard]] codec::JsonPtr give_up_patch(const ObservedObject& found, std::string_view plugin);
[[nodiscard]] codec::JsonPtr take_back_patch(const ObservedObject& found, const Bundle& bundle,
                                             std::string_view plugin);

}  // namespace bso::install
