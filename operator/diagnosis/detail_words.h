// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "diagnosis/verdict.h"

/// How the annotation spells what it is read back from. Only for detail.cpp and memory.cpp.
namespace bso::diagnosis {

inline constexpr std::string_view kAttachStep = "attach";
inline constexpr std::string_view kMountStep = "mount";

/// "" for none.
[[nodiscard]] inline std::string_view to_string(Words::Kind kind) {
  switch (kind) {
    case Words::Kind::refused:
      return "refused";
    case Words::Kind::in_use:
      return "in use";
    case Words::Kind::selinux:
      return "SELinux";
    case Words::Kind::none:
      break;
  }
  return {};
}

/// none for anything else.
[[nodiscard]] inline Words::Kind words_kind(std::string_view text) {
  for (const auto kind : {Words::Kind::refused, Words::Kind::in_use, Words::Kind::selinux}) {
    if (to_string(kind) == text) return kind;
  }
  return Words::Kind::none;
}

}  // namespace bso::diagnosis
