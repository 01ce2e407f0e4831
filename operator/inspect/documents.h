// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

/// Objects out of texts: what `kubectl get ... -o json` or `-o yaml` prints, `kubectl get --raw`,
/// `kubectl cluster-info dump`, and the like.
namespace bso::inspect {

/// Bounds for one text.
struct DocumentLimits {
  std::size_t yaml_bytes = 64U << 20U;  ///< YAML is read at some MB a second, JSON at a hundred
  std::size_t yaml_nodes = 8'000'000;
  int depth = 100;
};

struct DocumentHandlers {
  /// Each object, in the order of the text, and where it stands, e.g. "item 3, line 120". Items of
  /// a list have its apiVersion and kind where they have none of their own.
  std::function<void(nlohmann::json object, const std::string& where)> on_object;
  /// One object of a list that cannot be read; the others are.
  std::function<void(std::string message)> on_bad;
};

/// Reads JSON (one document, or several one after another) or YAML (documents separated by "---").
/// Lists are taken apart. An error, of kind `invalid_input`, means that what follows is lost: the
/// text ends in the middle of something, is empty, no UTF-8, or larger than the limits. Objects
/// that came before it have been handed out by then.
[[nodiscard]] Result<void> read_documents(std::string_view text, const DocumentHandlers& handlers,
                                          const DocumentLimits& limits = {});

}  // namespace bso::inspect
