// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace bso::app {

/// The project's version, from CMakeLists.txt.
inline constexpr std::string_view operator_version = BSO_VERSION;

}  // namespace bso::app
