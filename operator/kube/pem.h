// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"

namespace bso::kube {

enum class PemKind { certificate, private_key };

/// Whether there is a PEM block of the kind at all, so that swapped or cut files show when the
/// configuration is read. Whether OpenSSL can use it is for the transport to say.
[[nodiscard]] Result<void> check_pem(std::string_view text, PemKind kind, std::string_view where);

}  // namespace bso::kube
