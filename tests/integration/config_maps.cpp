// SPDX-License-Identifier: Apache-2.0
#include "integration/config_maps.h"

#include "integration/world.h"

namespace bso::test {
namespace {

std::string version_of(const Json& object) {
  return object.at("metadata").at("resourceVersion").get<std::string>();
}

}  // namespace

kube::Reflector::Options config_maps(const std::string& ns) {
  kube::Reflector::Options options;
  options.resource = kConfigMaps;
  options.ns = ns;
  return options;
}

std::string maps_of(const std::string& ns) { return "/api/v1/namespaces/" + ns + "/configmaps"; }

std::string create(const std::string& ns, const std::string& name) {
  return version_of(world().api.create(maps_of(ns), {{"metadata", {{"name", name}}}}));
}

std::string create_with(const std::string& ns, const std::string& name, const Json& data) {
  return version_of(
      world().api.create(maps_of(ns), {{"metadata", {{"name", name}}}, {"data", data}}));
}

std::string label(const std::string& ns, const std::string& name, const Json& value) {
  return version_of(world().api.merge(maps_of(ns) + "/" + name,
                                      {{"metadata", {{"labels", {{"select", value}}}}}}));
}

void remove(const std::string& ns, const std::string& name) {
  world().api.remove(maps_of(ns) + "/" + name);
}

Picture truth(const std::string& ns) {
  Picture all;
  const auto list = world().api.get(maps_of(ns));
  for (const auto& each : list.at("items")) {
    const auto& metadata = each.at("metadata");
    all[{metadata.at("namespace"), metadata.at("name")}] = {metadata.at("resourceVersion"),
                                                            metadata.at("uid")};
  }
  return all;
}

}  // namespace bso::test
