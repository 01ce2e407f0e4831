// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace bso::kube {

[[nodiscard]] bool file_exists(const std::string& path);

/// `path` as seen from the file that names it.
[[nodiscard]] std::string resolve_path(std::string_view path, std::string_view named_in);

/// Without white space at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

}  // namespace bso::kube
