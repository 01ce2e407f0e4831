// SPDX-License-Identifier: Apache-2.0
#include "install/bundle_uses_check.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/kinds.h"
#include "install/pod_parts.h"

namespace bso::install {
namespace {

using nlohmann::json;
using Manifests = std::span<const json>;
using Matches = std::function<bool(const json&)>;

bool in_some_pod(Manifests manifests, const Matches& matches) {
  return std::any_of(manifests.begin(), manifests.end(), [&](const json& manifest) {
    const json* pod = pod_spec_of(manifest);
    return pod != nullptr && matches(*pod);
  });
}

bool in_some_container(Manifests manifests, const Matches& matches) {
  return in_some_pod(manifests, [&](const json& pod) {
    const auto containers = containers_of(pod);
    return std::any_of(containers.begin(), containers.end(),
                       [&](const json* container) { return matches(*container); });
  });
}

const json* named(const json& parent, std::string_view list, std::string_view name) {
  for (const json* item : objects_of(parent, list)) {
    if (codec::string_at(*item, {"name"}) == name) {
      return item;
    }
  }
  return nullptr;
}

bool has_argument(const json& container, std::string_view prefix) {
  const json* arguments = codec::find(container, {"args"});
  return arguments != nullptr && arguments->is_array() &&
         std::any_of(arguments->begin(), arguments->end(), [&](const json& argument) {
           return argument.is_string() &&
                  argument.get_ref<const std::string&>().starts_with(prefix);
         });
}

tl::unexpected<Error> missing(std::string_view field, std::string_view what,
                              std::string_view name) {
  return fail(invalid_input(fmt::format("{}: {} {}", field, what, name)));
}

bool has_volume(Manifests manifests, const std::string& name, std::string_view source,
                std::string_view field) {
  return in_some_pod(manifests, [&](const json& pod) {
    const json* volume = named(pod, "volumes", name);
    return volume != nullptr && codec::find(*volume, {source, field}) != nullptr;
  });
}

bool has_variable(Manifests manifests, const std::string& name) {
  return in_some_container(
      manifests, [&](const json& container) { return named(container, "env", name) != nullptr; });
}

Result<void> check_directory(const DirectoryUse& use, Manifests manifests) {
  for (const std::string& volume : use.host_paths) {
    if (!has_volume(manifests, volume, "hostPath", "path")) {
      return missing("directories: hostPaths", "no pod has a hostPath volume named", volume);
    }
  }
  for (const std::string& volume : use.mounts) {
    const bool found = in_some_container(manifests, [&](const json& container) {
      return named(container, "volumeMounts", volume) != nullptr;
    });
    if (!found) {
      return missing("directories: mounts", "no container mounts a volume named", volume);
    }
  }
  for (const std::string& variable : use.env) {
    if (!has_variable(manifests, variable)) {
      return missing("directories: env", "no container has a variable named", variable);
    }
  }
  for (const std::string& prefix : use.arguments) {
    const bool found = !prefix.empty() && in_some_container(manifests, [&](const json& container) {
      return has_argument(container, prefix);
    });
    if (!found) {
      return missing("directories: arguments", "no container has an argument that begins with",
                     prefix);
    }
  }
  return {};
}

Result<void> check_log_levels(const Bundle& bundle, Manifests manifests) {
  for (const auto& [name, use] : bundle.log_levels) {
    const bool found = in_some_container(
        manifests, [&, &container_name = name, &how = use](const json& container) {
          return codec::string_at(container, {"name"}) == container_name &&
                 (how.argument.empty() ? named(container, "env", how.env) != nullptr
                                       : has_argument(container, how.argument));
        });
    if (!found) {
      return missing(fmt::format("logLevels.{}", name), "no such container has",
                     use.argument.empty() ? use.env : use.argument);
    }
  }
  return {};
}

bool names_secret(const json& manifest, const std::string& secret) {
  const auto rules = objects_of(manifest, "rules");
  return std::any_of(rules.begin(), rules.end(), [&](const json* rule) {
    const json* names = codec::find(*rule, {"resourceNames"});
    return names != nullptr && names->is_array() &&
           std::find(names->begin(), names->end(), secret) != names->end();
  });
}

Result<void> check_credentials(const CredentialsUse& use, Manifests manifests) {
  for (const std::string& variable : use.env) {
    if (!has_variable(manifests, variable)) {
      return missing("credentials.env", "no container has a variable named", variable);
    }
  }
  for (const std::string& volume : use.volumes) {
    if (!has_volume(manifests, volume, "secret", "secretName")) {
      return missing("credentials.volumes", "no pod has a volume made of a Secret named", volume);
    }
  }
  for (const std::string& role : use.roles) {
    const bool found = std::any_of(manifests.begin(), manifests.end(), [&](const json& manifest) {
      const std::string kind = codec::string_at(manifest, {"kind"});
      return (kind == "Role" || kind == "ClusterRole") &&
             codec::string_at(manifest, {"metadata", "name"}) == role &&
             names_secret(manifest, use.secret);
    });
    if (!found) {
      return missing("credentials.roles", "no Role or ClusterRole lists the Secret:", role);
    }
  }
  return {};
}

const json* at_path(const json& document, const std::vector<std::string>& path) {
  const json* here = &document;
  for (const std::string& part : path) {
    here = codec::find(*here, {part});
    if (here == nullptr) {
      return nullptr;
    }
  }
  return here;
}

Result<void> check_gates(const Bundle& bundle, Manifests manifests) {
  for (const VersionGate& gate : bundle.gates) {
    const std::string title = gate.kind + " " + gate.name;
    const auto found = std::find_if(manifests.begin(), manifests.end(), [&](const json& manifest) {
      return codec::string_at(manifest, {"kind"}) == gate.kind &&
             codec::string_at(manifest, {"metadata", "name"}) == gate.name;
    });
    if (found == manifests.end()) {
      return missing("gates", "there is no", title);
    }
    if (is_workload(gate.kind)) {
      return missing("gates", "a workload has to be the same for every server:", title);
    }
    if (!gate.field.empty() && at_path(*found, gate.field) == nullptr) {
      return missing("gates", fmt::format("{} has no field", title),
                     fmt::format("{}", fmt::join(gate.field, ".")));
    }
  }
  return {};
}

Result<void> check_csi_driver(const Bundle& bundle, Manifests manifests) {
  for (const json& manifest : manifests) {
    const std::string name = codec::string_at(manifest, {"metadata", "name"});
    const bool is_driver = codec::string_at(manifest, {"kind"}) == "CSIDriver";
    if (is_driver && (bundle.driver_kind != "CSI" || name != bundle.driver)) {
      return missing("driver.name", "it is another one than that of the CSIDriver", name);
    }
  }
  return {};
}

}  // namespace

Result<void> check_uses(const Bundle& bundle, std::span<const nlohmann::json> manifests) {
  for (const DirectoryUse* use : {&bundle.flex_volume_plugin_dir, &bundle.kubelet_root_dir}) {
    if (auto checked = check_directory(*use, manifests); !checked) {
      return checked;
    }
  }
  if (auto checked = check_log_levels(bundle, manifests); !checked) {
    return checked;
  }
  if (auto checked = check_credentials(bundle.credentials, manifests); !checked) {
    return checked;
  }
  if (auto checked = check_gates(bundle, manifests); !checked) {
    return checked;
  }
  return check_csi_driver(bundle, manifests);
}

}  // namespace bso::install
