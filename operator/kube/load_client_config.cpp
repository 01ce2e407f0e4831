// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "kube/client_config.h"
#include "kube/config_file.h"
#include "kube/kubeconfig.h"

namespace bso::kube {
namespace {

Result<ClientConfig> load_files(const std::vector<std::string>& files, std::string_view context) {
  Kubeconfig kubeconfig;
  for (const std::string& file : files) {
    auto text = read_file(file);
    if (!text) return fail(std::move(text).error().with_context("kubeconfig"));
    auto merged = merge_kubeconfig(kubeconfig, *text, file);
    if (!merged) return fail(std::move(merged).error());
  }
  return select_context(kubeconfig, context);
}

Result<ClientConfig> load_list(std::string_view list, std::string_view context) {
  std::vector<std::string> files;
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::string file(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(rest.size(), file.size() + 1));
    if (!file.empty() && file_exists(file)) files.push_back(file);
  }
  if (files.empty()) {
    return fail(invalid_input(fmt::format(
        "KUBECONFIG is \"{}\", and no such file exists; correct it or unset it", list)));
  }
  return load_files(files, context);
}

}  // namespace

std::string ConfigSources::variable(const std::string& name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

ConfigSources sources_of_process(std::string kubeconfig_flag, std::string context_flag) {
  ConfigSources sources;
  sources.kubeconfig_flag = std::move(kubeconfig_flag);
  sources.context_flag = std::move(context_flag);
  for (const char* name :
       {"KUBECONFIG", "HOME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}) {
    if (const char* value = std::getenv(name)) sources.environment[name] = value;
  }
  return sources;
}

Result<ClientConfig> load_client_config(const ConfigSources& sources) {
  if (!sources.kubeconfig_flag.empty()) {
    return load_files({sources.kubeconfig_flag}, sources.context_flag);
  }
  if (const std::string list = sources.variable("KUBECONFIG"); !list.empty()) {
    return load_list(list, sources.context_flag);
  }
  std::optional<Error> in_cluster_error;
  if (!sources.variable("KUBERNETES_SERVICE_HOST").empty() && sources.context_flag.empty()) {
    auto config = in_cluster_config(sources);
    if (config) return config;
    in_cluster_error = std::move(config).error();
  }
  const std::string home = sources.variable("HOME");
  const std::string file = home + "/.kube/config";
  if (!home.empty() && file_exists(file)) {
    if (in_cluster_error) {
      log::warn("the pod's own credentials are no use, taking a kubeconfig instead",
                {{"error", in_cluster_error->message}, {"file", file}});
    }
    return load_files({file}, sources.context_flag);
  }
  if (in_cluster_error) return fail(*std::move(in_cluster_error));
  return fail(invalid_input(
      fmt::format("no way to an API server: this is no pod, KUBECONFIG is not set and there is no "
                  "{}; give --kubeconfig",
                  file)));
}

}  // namespace bso::kube
