// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace bso::install {

/// Who holds a field, by metadata.managedFields.
struct FieldManager {
  std::string name;       ///< "kubectl-edit", "argocd-controller", ...
  std::string operation;  ///< "Apply" or "Update"
  std::string time;       ///< RFC 3339, of its last change of anything in the object
};

/// The manager of the field at `path`, written as differences() writes it against `desired`. Of
/// several the newest that is not the operator; the operator only when nobody else holds it.
/// nullopt when nobody does: whoever removes a field leaves no trace there.
[[nodiscard]] std::optional<FieldManager> manager_of(const nlohmann::json& live,
                                                     const nlohmann::json& desired,
                                                     std::string_view path);

}  // namespace bso::install
