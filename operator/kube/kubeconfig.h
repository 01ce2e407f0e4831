// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "kube/client_config.h"

namespace bso::kube {

/// One named cluster, user or context, and the file it came from: relative paths start there.
struct KubeconfigEntry {
  codec::JsonPtr body;
  std::string file;
};

/// One or several kubeconfig files laid over each other (client-go tools/clientcmd/loader.go).
struct Kubeconfig {
  std::vector<std::string> files;
  std::string current_context;
  std::map<std::string, KubeconfigEntry> clusters;
  std::map<std::string, KubeconfigEntry> users;
  std::map<std::string, KubeconfigEntry> contexts;
};

/// Adds what a further file says; what is there already stays.
[[nodiscard]] Result<void> merge_kubeconfig(Kubeconfig& into, std::string_view text,
                                            const std::string& file);

/// What the context says ("": current-context). Reads the files that it names. Fields that would
/// change how the server is reached or as whom, and that are not supported, are errors.
[[nodiscard]] Result<ClientConfig> select_context(const Kubeconfig& kubeconfig,
                                                  std::string_view context);

}  // namespace bso::kube
