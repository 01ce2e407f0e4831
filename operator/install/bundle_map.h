// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "install/bundle.h"

namespace bso::install {

/// A ConfigMap in the operator's namespace with this label is a bundle of that name; its keys are
/// the files.
inline constexpr std::string_view kBundleLabel = "blockstorage.dev/bundle";

/// Far more than a bundle needs. They bound what a reading costs, because YAML's aliases multiply,
/// and keep what is installed below the 256 entries of status.inventory.
inline constexpr std::size_t kMaxBundleBytes = 512U << 10U;
inline constexpr std::size_t kMaxBundleFiles = 32;
inline constexpr std::size_t kMaxBundleManifests = 64;
inline constexpr std::size_t kMaxBundleTiers = 64;

/// A ConfigMap with that label, and what came of it.
struct BundleMap {
  std::string ns;
  std::string name;
  std::string bundle;  ///< the label's value
  Result<Bundle> loaded;
};

/// Reads and checks the bundle in a ConfigMap as the API server returned it. Beyond what
/// load_bundle() demands: only *.yaml files, all of them text, within the limits above; no rights
/// that check_role() and check_bindings() refuse. The error says the file, the line where there is
/// one, and the reason.
[[nodiscard]] BundleMap read_bundle_map(const nlohmann::json& config_map);

/// Why a name that somebody gave to a bundle stands for none.
struct BundleFault {
  std::string bundle;
  std::string source;  ///< "ConfigMap ns/name", or several
  std::string message;
  std::string remedy;

  friend bool operator==(const BundleFault&, const BundleFault&) = default;
};

/// All that can be installed, and what cannot.
struct Catalog {
  std::vector<Bundle> bundles;
  std::vector<BundleFault> faults;
};

/// The shipped bundles, and those of the ConfigMaps that are whole. A shipped name cannot be
/// replaced, and of two ConfigMaps for one name neither counts.
[[nodiscard]] Catalog make_catalog(std::span<const Bundle> shipped,
                                   std::span<const BundleMap* const> maps);

/// The fault of a bundle, or nullptr.
[[nodiscard]] const BundleFault* find_fault(std::span<const BundleFault> faults,
                                            std::string_view bundle);

}  // namespace bso::install
