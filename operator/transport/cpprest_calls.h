// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "transport/calls.h"

namespace bso::transport {

/// Calls by cpprestsdk over kept connections. It cannot reach an IPv6 literal (it hands the
/// brackets to getaddrinfo), checks the certificate against the name it connects to and knows one
/// kind of proxy only; for such servers this returns make_beast_calls(). Requests that name a
/// header several times (Impersonate-Group), or are prompt, go by Beast too.
[[nodiscard]] Result<std::unique_ptr<Calls>> make_cpprest_calls(CallsContext context);

}  // namespace bso::transport
