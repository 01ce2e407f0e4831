// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "kube/resource.h"

namespace bso::app {

/// One line for people: what keeps a collection from being watched, and what to do about it.
[[nodiscard]] std::string explain_watch_failure(const kube::Resource& resource, const Error& error);

/// The same for the first contact with the API server.
[[nodiscard]] std::string explain_connect_failure(const std::string& source, const Error& error);

}  // namespace bso::app
