// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "integration/live_reflector.h"
#include "kube/reflector.h"
#include "support/api.h"

namespace bso::test {

// ConfigMaps are what reflectors are tried on: they need no validation, and nobody else uses them.

inline constexpr kube::Resource kConfigMaps{"", "v1", "configmaps", "ConfigMap", true};

[[nodiscard]] kube::Reflector::Options config_maps(const std::string& ns);
/// The path of the collection.
[[nodiscard]] std::string maps_of(const std::string& ns);

// Each returns the object's resourceVersion.
std::string create(const std::string& ns, const std::string& name);
std::string create_with(const std::string& ns, const std::string& name, const Json& data);
std::string label(const std::string& ns, const std::string& name, const Json& value);

void remove(const std::string& ns, const std::string& name);

/// All that etcd has of the namespace: by a quorum LIST.
[[nodiscard]] Picture truth(const std::string& ns);

}  // namespace bso::test
