// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/live_volumes.h"

#include <nlohmann/json.hpp>

namespace bso::controllers {
namespace {

install::VolumeSummary summary_of(const nlohmann::json& volume) {
  const auto claim = codec::string_at(volume, {"spec", "claimRef", "name"});
  return {.name = codec::string_at(volume, {"metadata", "name"}),
          .flex_driver = codec::string_at(volume, {"spec", "flexVolume", "driver"}),
          .csi_driver = codec::string_at(volume, {"spec", "csi", "driver"}),
          .provisioned_by = codec::string_at(
              volume, {"metadata", "annotations", "pv.kubernetes.io/provisioned-by"}),
          .claim = claim.empty()
                       ? claim
                       : codec::string_at(volume, {"spec", "claimRef", "namespace"}) + "/" + claim};
}

}  // namespace

Task<Result<install::VolumeUse>> list_volumes(kube::Client& client, install::DriverNames names,
                                              NodesOfVolume nodes_of) {
  install::VolumeUse use;
  std::string token;
  do {
    auto page = co_await client.list(kube::volumes, "",
                                     kube::Query().add("limit", "500").add("continue", token));
    if (!page) co_return fail(std::move(page.error()).with_context("listing PersistentVolumes"));
    const auto* items = codec::find(**page, {"items"});
    if (items != nullptr && items->is_array()) {
      for (const auto& item : *items) {
        const auto volume = summary_of(item);
        if (!install::serves(names, volume)) continue;
        use.add({volume.name, volume.claim, nodes_of(volume.name)});
      }
    }
    token = codec::string_at(**page, {"metadata", "continue"});
  } while (!token.empty());
  co_return use;
}

}  // namespace bso::controllers
