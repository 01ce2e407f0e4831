// SPDX-License-Identifier: Apache-2.0
#include "app/remedy.h"

#include <fmt/format.h>

namespace bso::app {

std::string explain_watch_failure(const kube::Resource& resource, const Error& error) {
  const std::string group = resource.group.empty() ? "\"\"" : std::string(resource.group);
  if (error.forbidden()) {
    return fmt::format(
        "no right to list and watch {} (apiGroups: [{}], verbs: [list, watch]); re-apply "
        "manifests/ or grant it to the operator's ServiceAccount. The server said: {}",
        resource.plural, group, error.message);
  }
  if (error.not_found() && resource.group == "blockstorage.dev") {
    return fmt::format(
        "the API server does not know {}.{}: the CRD is not installed; run: kubectl apply -f crds/",
        resource.plural, resource.group);
  }
  if (error.code == 401) {
    return fmt::format(
        "the API server does not accept the credentials (401); check the token or client "
        "certificate of the kubeconfig, or that the ServiceAccount still exists: {}",
        error.message);
  }
  return error.message;
}

std::string explain_connect_failure(const std::string& source, const Error& error) {
  switch (error.kind) {
    case ErrorKind::tls:
      return fmt::format("the API server given by {} is not trusted: {}", source, error.message);
    case ErrorKind::status:
      return fmt::format("the API server given by {} refuses /version: {}", source, error.message);
    default:
      return fmt::format("the API server given by {} cannot be reached, trying again: {}", source,
                         error.message);
  }
}

}  // namespace bso::app
