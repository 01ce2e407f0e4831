// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/trouble.h"

namespace bso::install {

/// Containers (init ones too) of these pods that wait for an image, each container once. `pods` is
/// an array of Pod objects of the workload; the reasons are the kubelet's (kubernetes
/// pkg/kubelet/images/types.go: ErrImagePull, ImagePullBackOff, InvalidImageName,
/// ErrImageNeverPull, ImageInspectError, RegistryUnavailable).
[[nodiscard]] std::vector<ImagePullFault> image_pull_faults(const ObjectRef& workload,
                                                            const nlohmann::json& pods);

}  // namespace bso::install
