// SPDX-License-Identifier: Apache-2.0
#include "kube/config_file.h"

#include <filesystem>
#include <system_error>

namespace bso::kube {

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string resolve_path(std::string_view path, std::string_view named_in) {
  const std::filesystem::path directory = std::filesystem::path(named_in).parent_path();
  return (directory / std::filesystem::path(path)).string();  // an absolute path replaces it
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace bso::kube
