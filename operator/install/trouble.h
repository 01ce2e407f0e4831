// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "install/observe.h"
#include "install/render.h"

namespace bso::install {

/// What the API server said to a write.
struct WriteFault {
  ObjectRef ref;
  Error error;
};

/// A container of the plug-in whose image cannot be had, as its pods say.
struct ImagePullFault {
  ObjectRef workload;
  std::string container;
  std::string image;
  std::string reason;   ///< ImagePullBackOff, ErrImagePull, InvalidImageName, ...
  std::string message;  ///< of the container runtime; may be ""

  friend bool operator==(const ImagePullFault&, const ImagePullFault&) = default;
};

/// Why an object is not as it should be, and what helps.
struct Trouble {
  ObjectRef ref;
  std::string reason;   ///< of the condition Degraded
  std::string message;  ///< one or two sentences with the remedy
};

/// The right that the authorizer missed, as it says it: `User "..." cannot patch resource
/// "deployments" in API group "apps" in the namespace "kube-system"`
/// (kubernetes/kubernetes, staging/src/k8s.io/apiserver, .../responsewriters/errors.go).
struct MissingRight {
  std::string user;
  std::string verb;
  std::string resource;
  std::string group;
  std::string ns;  ///< "" at the cluster scope
};
[[nodiscard]] std::optional<MissingRight> parse_missing_right(std::string_view message);

[[nodiscard]] Trouble explain(const WriteFault& fault);
[[nodiscard]] Trouble explain(const ImagePullFault& fault);

/// All troubles, the worst first: failed writes, objects of others, immutable fields, images. An
/// object whose write failed is not named twice.
[[nodiscard]] std::vector<Trouble> find_troubles(std::span<const DesiredObject> desired,
                                                 std::span<const ObservedObject> observed,
                                                 std::span<const WriteFault> write_faults,
                                                 std::span<const ImagePullFault> image_pull_faults,
                                                 std::string_view plugin);

}  // namespace bso::install
