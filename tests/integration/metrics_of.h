// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/operator_process.h"

namespace bso::test {

/// The sum over a metric's lines that contain `labels`.
[[nodiscard]] double metric(OperatorProcess& op, const std::string& name,
                            const std::string& labels);

/// How often the operator has gone through a BlockStoragePlugin: it grows when it has looked.
[[nodiscard]] double reconciles(OperatorProcess& op);

}  // namespace bso::test
