// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "cluster/records.h"

/// The records of decode.h from objects as JSON: what `kubectl get -o json` prints, and what the
/// API server sends to who asks for JSON. The same object gives the same record either way.
///
/// An error is `invalid_input` and names the object and the field: one of another type than
/// Kubernetes gives it, a time that is none, an object without a name. A field that is null is one
/// that is not there. Nothing of the document is kept but the record.
namespace bso::cluster {

[[nodiscard]] Result<Pod> pod_from_json(const nlohmann::json& object);
[[nodiscard]] Result<Claim> claim_from_json(const nlohmann::json& object);
[[nodiscard]] Result<Volume> volume_from_json(const nlohmann::json& object);
[[nodiscard]] Result<Attachment> attachment_from_json(const nlohmann::json& object);
[[nodiscard]] Result<Node> node_from_json(const nlohmann::json& object);
[[nodiscard]] Result<Workload> workload_from_json(WorkloadKind kind, const nlohmann::json& object);
/// An event of core/v1, or of events.k8s.io/v1 with its other names for the same fields.
[[nodiscard]] Result<EventHint> event_from_json(const nlohmann::json& object);

}  // namespace bso::cluster
