// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "codec/json.h"
#include "install/bundle.h"
#include "install/kinds.h"
#include "install/server_version.h"
#include "install/spec.h"

namespace bso::install {

/// An object as it should stand in the cluster.
struct DesiredObject {
  ObjectRef ref;
  std::string hash;          ///< of the document without the annotation that carries it
  codec::JsonPtr document;   ///< for a server-side apply: only fields we own
  bool create_only = false;  ///< made when missing; as it then stands it is right
  /// Deleted and made anew when an immutable field differs; else that is reported.
  bool recreate = true;
};

/// Everything a spec asks for, in the order of application. Pure and stable: equal input gives
/// equal bytes. The documents keep to fields that the server knows, by the bundle's gates, and
/// never touch the mark of the default StorageClass. Classes whose policy is Unmanaged or Removed
/// are left out.
[[nodiscard]] std::vector<DesiredObject> render(const Bundle& bundle, const PluginSpec& spec,
                                                const ServerVersion& server);

/// First 16 hexadecimal digits of SHA-256 over the sorted, compact JSON text.
[[nodiscard]] std::string content_hash(const nlohmann::json& document);

}  // namespace bso::install
