// SPDX-License-Identifier: Apache-2.0
#include "install/external.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::install {

bool is_external(const nlohmann::json& plugin, const ParsedSpec& parsed) {
  return parsed.spec ? parsed.spec->external
                     : codec::string_at(plugin, {"status", "lockedInstall"}) == "External";
}

std::string provisioner_of(const Bundle& bundle, const PluginSpec& spec) {
  return spec.external_csi_name.empty() ? bundle.provisioner : spec.external_csi_name;
}

std::string awaited_csi_driver(const Bundle& bundle, const PluginSpec& spec) {
  if (!spec.external_csi_name.empty()) {
    return spec.external_csi_name;
  }
  return bundle.driver_kind == "CSI" ? bundle.driver : "";
}

Verdict judge_external_driver(const StatusInput& input) {
  if (!input.parsed.spec) {
    return {"Unknown", "NotObserved", "The driver is not looked for while the spec is not valid."};
  }
  const std::string name = awaited_csi_driver(*input.parsed.bundle, *input.parsed.spec);
  if (name.empty()) {
    return {"Unknown", "ExternalDriverUnknown",
            fmt::format("Somebody else installs {}, a FlexVolume driver: a file on the nodes, of "
                        "which the API does not tell.",
                        input.parsed.bundle->driver)};
  }
  if (!input.driver_registered.has_value()) {
    return {"Unknown", "NotObserved", "Whether the driver is there could not be read yet."};
  }
  if (*input.driver_registered) {
    return {"True", "AsExpected",
            fmt::format("The driver {} is registered; somebody else installs it.", name)};
  }
  return {
      "False", "ExternalDriverMissing",
      fmt::format("There is no CSIDriver {}. Install the driver (its add-on, its chart), or name "
                  "the one that is there in spec.driver.csiDriverName; kubectl get csidrivers "
                  "shows them.",
                  name)};
}

}  // namespace bso::install
