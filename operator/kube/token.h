// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bso::kube {

/// The token fit for a header: without white space around it, printable ASCII throughout. `where`
/// names its source in the error; the text itself stays unsaid.
[[nodiscard]] Result<std::string> clean_token(std::string_view text, std::string_view where);

}  // namespace bso::kube
