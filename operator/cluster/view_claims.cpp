// SPDX-License-Identifier: Apache-2.0
// Which claims a change tells of, see View::on_claim().
#include "cluster/view_internal.h"

namespace bso::cluster {

void View::tell_claims_of(const Pod& pod) const {
  for (const auto& volume : pod.volumes) {
    if (!volume.claim.empty()) on_claim_(pod.ns.view(), volume.claim.view());
  }
}

/// A pod without UID is none. Most changes of a pod are to its status, and end here.
void View::tell_user(const Pod& before, const Pod& after) const {
  if (!on_claim_) return;
  const bool same_user = before.uid == after.uid && before.owner == after.owner;
  if (same_user && before.stays() == after.stays()) return;
  if (before.stays()) tell_claims_of(before);
  if (after.stays()) tell_claims_of(after);
}

void View::tell_claim_of(const Volume& volume) const {
  if (on_claim_ && !volume.claim.empty()) on_claim_(volume.claim_ns.view(), volume.claim.view());
}

/// The pods of a Deployment are those of its ReplicaSets.
void View::tell_claims_of(const Workload& workload) const {
  if (!on_claim_) return;
  std::set<std::string, std::less<>> claims;
  const auto add_claims = [this, &claims](std::string_view owner_uid) {
    for (const Row row : rows_of_owner(owner_uid)) {
      pods_.keys_of(row, [&claims](const Key& key) {
        // Replicas share a claim, so most of these are there already.
        if (key.kind == KeyKind::claim && !claims.contains(key.second)) claims.emplace(key.second);
        return true;
      });
    }
  };
  add_claims(workload.uid);
  const auto& sets = table_of(WorkloadKind::replica_set);
  sets.each_of({KeyKind::owner, packed_uid(workload.uid), {}}, [&](auto row) {
    add_claims(sets.unpack(row).uid);
    return true;
  });
  for (const auto& claim : claims) on_claim_(workload.ns.view(), claim);
}

/// `before` is nullptr for one that is new.
void View::tell_scaler(const Workload* before, const Workload& after) const {
  // How many pods each revision of a Deployment has at the moment is no news: its own number
  // counts.
  const bool is_part = after.kind == WorkloadKind::replica_set && !after.owner.empty();
  if (before != nullptr && is_part && before->uid == after.uid && before->owner == after.owner) {
    return;
  }
  tell_claims_of(after);
}

}  // namespace bso::cluster
