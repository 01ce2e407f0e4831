// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string_view>

namespace bso::install {

/// Order of two versions of a plug-in by semver.org (11): numbers by value, a pre-release before
/// its release. A leading "v" says nothing, nor does what follows a "+". Parts that are missing
/// count as 0; what is no number where one belongs is compared as text.
[[nodiscard]] std::weak_ordering compare_versions(std::string_view left, std::string_view right);

}  // namespace bso::install
