// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "cluster/records.h"

/// Records from the raw protobuf message of their kind (what `codec::open_envelope` calls `raw`, or
/// an item of `codec::ProtobufListReader`). Everything not named in a switch is stepped over,
/// managedFields first of all. The field numbers are those of k8s.io/api and k8s.io/apimachinery,
/// generated.proto of core/v1, apps/v1, batch/v1, storage/v1, meta/v1 and util/intstr; they never
/// change. An error means damaged bytes or an object without a name.
namespace bso::cluster {

[[nodiscard]] Result<Pod> decode_pod(std::string_view raw);
/// Whether a pod may have a disk, or has an annotation of ours: a View keeps no others. Costs a
/// fraction of decode_pod(). Damaged bytes may: decode_pod() is to tell what is wrong with them.
[[nodiscard]] bool pod_may_be_kept(std::string_view raw);
[[nodiscard]] Result<Claim> decode_claim(std::string_view raw);
[[nodiscard]] Result<Volume> decode_volume(std::string_view raw);
[[nodiscard]] Result<Attachment> decode_attachment(std::string_view raw);
[[nodiscard]] Result<Node> decode_node(std::string_view raw);
[[nodiscard]] Result<Workload> decode_workload(WorkloadKind kind, std::string_view raw);
/// core/v1 Event.
[[nodiscard]] Result<EventHint> decode_event(std::string_view raw);

}  // namespace bso::cluster
