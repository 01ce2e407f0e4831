// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client_config.h"

namespace bso::kube {

/// What a plug-in has printed (client.authentication.k8s.io ExecCredential, its status).
struct ExecCredential {
  std::string token;
  std::string client_cert_pem;  ///< both or none
  std::string client_key_pem;
  std::optional<WallTime> expires;
};

/// The text of KUBERNETES_EXEC_INFO.
[[nodiscard]] std::string exec_info(const ExecPlugin& plugin, bool interactive);

/// Reads the JSON that a plug-in printed. The version has to be the one asked for. Errors never
/// repeat what was printed.
[[nodiscard]] Result<ExecCredential> parse_exec_credential(std::string_view printed,
                                                           const std::string& api_version);

}  // namespace bso::kube
