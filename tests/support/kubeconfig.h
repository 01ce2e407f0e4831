// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace bso::test {

struct KubeconfigParts {
  std::string server;
  std::string ca_pem;
  std::string token;
};

/// The text of a kubeconfig with one cluster, one user and one context.
[[nodiscard]] std::string make_kubeconfig(const KubeconfigParts& parts);

/// A self-signed certificate that signed nothing of ours, as PEM.
[[nodiscard]] std::string make_strange_ca(const std::string& directory);

}  // namespace bso::test
