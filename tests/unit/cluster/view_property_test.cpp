// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "cluster/view.h"

using namespace bso;
using namespace bso::cluster;

namespace {

/// What ought to be in the view, kept the simplest way.
struct Model {
  std::map<std::string, Pod> pods;
  std::map<std::string, Claim> claims;
  std::map<std::string, Volume> volumes;
  std::map<std::string, Attachment> attachments;
  std::map<std::string, Workload> sets;
};

using Random = std::mt19937;

int below(Random& random, int limit) {
  return static_cast<int>(random() % static_cast<unsigned>(limit));
}

std::string some(Random& random, std::string_view prefix, int limit) {
  return fmt::format("{}{}", prefix, below(random, limit));
}

Pod random_pod(Random& random) {
  Pod pod;
  pod.ns = Symbol{some(random, "ns", 2)};
  pod.name = some(random, "p", 6);
  pod.uid = some(random, "u", 1000);
  pod.node = Symbol{some(random, "n", 3)};
  pod.phase = below(random, 2) == 0 ? Phase::pending : Phase::running;
  pod.deleting = below(random, 3) == 0;
  if (below(random, 2) == 0) pod.owner.kind = Symbol{"StatefulSet"};
  pod.owner.name = pod.owner.uid = Symbol{some(random, "rs", 3)};
  if (below(random, 4) == 0) pod.conflict = "text";
  for (int i = below(random, 20) == 0 ? 12 : below(random, 3); i > 0; --i) {
    PodVolume volume;
    volume.name = Symbol{fmt::format("v{}", i)};
    if (below(random, 3) == 0) {
      volume.driver = Symbol{"d"};
      volume.disk = Symbol{some(random, "h", 3)};
    } else {
      volume.claim = Symbol{some(random, "c", 4)};
    }
    pod.volumes.push_back(volume);
  }
  return pod;
}

Claim random_claim(Random& random) {
  Claim claim;
  claim.ns = Symbol{some(random, "ns", 2)};
  claim.name = some(random, "c", 4);
  claim.volume = Symbol{some(random, "pv", 4)};
  return claim;
}

Volume random_volume(Random& random) {
  Volume volume;
  volume.name = some(random, "pv", 4);
  volume.driver = Symbol{"d"};
  volume.handle = Symbol{below(random, 4) == 0 ? "" : some(random, "h", 3)};
  volume.claim_ns = Symbol{some(random, "ns", 2)};
  volume.claim = Symbol{some(random, "c", 4)};
  volume.modes = kReadWriteOnce;
  return volume;
}

Attachment random_attachment(Random& random) {
  Attachment attachment;
  attachment.name = some(random, "va", 5);
  attachment.volume = Symbol{some(random, "pv", 4)};
  attachment.node = Symbol{some(random, "n", 3)};
  return attachment;
}

Workload random_set(Random& random) {
  Workload set;
  set.kind = WorkloadKind::replica_set;
  set.ns = Symbol{some(random, "ns", 2)};
  set.name = set.uid = some(random, "rs", 3);
  set.owner.kind = Symbol{"Deployment"};
  set.owner.name = set.owner.uid = Symbol{some(random, "d", 2)};
  return set;
}

template <class Record>
std::string key_of(const Record& record) {
  const auto name = Table<Record>::name_of(record);
  return fmt::format("{}/{}", name.ns, name.name);
}

/// The volume a claim is bound to, by a look at all of them.
const Volume* bound_to(const Model& model, const Symbol& ns, const Symbol& claim) {
  const auto found = model.claims.find(fmt::format("{}/{}", ns.view(), claim.view()));
  if (found == model.claims.end() || found->second.volume.empty()) return nullptr;
  const auto volume = model.volumes.find(fmt::format("/{}", found->second.volume.view()));
  if (volume == model.volumes.end()) return nullptr;
  const bool agrees = volume->second.claim_ns == ns && volume->second.claim == claim;
  return agrees ? &volume->second : nullptr;
}

/// What identifies the disk of a volume: driver and handle; empty when that is not known.
std::pair<Symbol, Symbol> disk_of(const Model& model, const Pod& pod, const PodVolume& volume) {
  if (volume.claim.empty()) return {volume.driver, volume.disk};
  const Volume* bound = bound_to(model, pod.ns, volume.claim);
  if (bound == nullptr) return {};
  return {bound->driver, bound->handle};
}

bool share_disk(const Model& model, const Pod& a, const PodVolume& of_a, const Pod& b,
                const PodVolume& of_b) {
  if (!of_a.claim.empty() && a.ns == b.ns && of_a.claim == of_b.claim) return true;
  const auto disk = disk_of(model, a, of_a);
  return !disk.second.empty() && disk == disk_of(model, b, of_b);
}

std::vector<std::string> keys_of(const std::vector<const Pod*>& pods) {
  std::vector<std::string> keys;
  for (const Pod* pod : pods) keys.push_back(key_of(*pod));
  return keys;
}

/// The view holds exactly what the model holds and finds what a look at everything finds.
void check_against(const Model& model, const View& view) {
  std::map<std::string, const Pod*> kept;
  for (const auto& [key, pod] : model.pods) {
    if (!pod.volumes.empty() || pod.annotated()) kept.emplace(key, &pod);
  }
  REQUIRE(view.pod_count() == kept.size());
  PodKeys concerned;
  for (const auto& [key, pod] : kept) {
    const Pod* held = view.pod(pod->ns.view(), pod->name);
    REQUIRE(held != nullptr);
    REQUIRE(*held == *pod);
    REQUIRE(view.pod_by_uid(pod->uid) == held);
    if (pod->concerned()) concerned.push_back(key);

    std::vector<std::string> siblings;
    for (const auto& [other_key, other] : kept) {
      if (other->owner.uid == pod->owner.uid) siblings.push_back(other_key);
    }
    REQUIRE(keys_of(view.pods_of(pod->owner)) == siblings);
    for (const auto& volume : pod->volumes) {
      std::vector<std::string> users;
      for (const auto& [other_key, other] : kept) {
        const auto& volumes = other->volumes;
        const bool uses = std::any_of(volumes.begin(), volumes.end(), [&](const auto& one) {
          return share_disk(model, *pod, volume, *other, one);
        });
        if (uses) users.push_back(other_key);
      }
      REQUIRE(keys_of(view.users(*held, volume)) == users);
      REQUIRE(view.users(*held, volume) == view.users(*held, volume));
    }
  }
  REQUIRE(view.concerned_pods() == concerned);
  for (const auto& [key, claim] : model.claims) {
    const Claim* held = view.claim(claim.ns.view(), claim.name);
    REQUIRE(held != nullptr);
    REQUIRE(*held == claim);
  }
  REQUIRE(view.names<Claim>().size() == model.claims.size());
  for (const auto& [key, volume] : model.volumes) {
    const Volume* held = view.volume(volume.name);
    REQUIRE(held != nullptr);
    REQUIRE(*held == volume);
    std::vector<std::string> wanted;
    for (const auto& [name, attachment] : model.attachments) {
      if (attachment.volume == volume.name) wanted.push_back(attachment.name);
    }
    std::vector<std::string> found;
    for (const Attachment* one : view.attachments(volume)) found.push_back(one->name);
    REQUIRE(found == wanted);
  }
  REQUIRE(view.names<Volume>().size() == model.volumes.size());
  REQUIRE(view.names<Attachment>().size() == model.attachments.size());
  for (const auto& [key, set] : model.sets) {
    const Workload* held = view.workload(set.kind, set.ns.view(), set.name);
    REQUIRE(held != nullptr);
    REQUIRE(*held == set);
  }
  REQUIRE(view.names(WorkloadKind::replica_set).size() == model.sets.size());
}

/// Every answer the view can give, as text.
std::string answers(const View& view, const Model& model) {
  std::vector<std::string> lines;
  for (const auto& [ns, name] : view.names<Pod>()) {
    const Pod& pod = *view.pod(ns, name);
    const Pod* by_uid = view.pod_by_uid(pod.uid);
    lines.push_back(fmt::format("{}/{} {} {}", ns, name, view.ownership(pod).top.name.view(),
                                by_uid == nullptr ? "?" : by_uid->uid));
    for (const auto& volume : pod.volumes) {
      for (const Pod* user : view.users(pod, volume)) {
        lines.push_back(fmt::format("  {}: {}", volume.name.view(), key_of(*user)));
      }
    }
    for (const Pod* sibling : view.pods_of(pod.owner)) {
      lines.push_back(fmt::format("  sibling {}", key_of(*sibling)));
    }
  }
  for (const auto& [key, volume] : model.volumes) {
    for (const Attachment* one : view.attachments(volume)) {
      lines.push_back(fmt::format("{}: {}", key, one->name));
    }
  }
  for (const char* name : {"d0", "d1"}) {
    Workload deployment;
    deployment.uid = name;
    for (const Workload* set : view.replica_sets_of(deployment)) {
      lines.push_back(fmt::format("{}: {}", name, key_of(*set)));
    }
  }
  for (const auto& key : view.annotated_pods()) lines.push_back(key);
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

TEST_CASE("Any order of changes gives the same view as a rebuild") {
  Random random{20'260'504};
  const auto pool_before = Symbol::pool_size();
  for (int round = 0; round < 150; ++round) {
    View view;
    Model model;
    for (int step = 0; step < 120; ++step) {
      const bool removes = below(random, 3) == 0;
      switch (below(random, 5)) {
        case 0: {
          auto pod = random_pod(random);
          // Two pods never have one UID at the same time.
          pod.uid = below(random, 2) == 0
                        ? fmt::format("{}{}", key_of(pod), pod.uid)
                        : fmt::format("{:08x}-0000-4000-8000-{:012x}", below(random, 1000),
                                      std::hash<std::string>{}(key_of(pod)) >> 16U);
          if (removes) {
            view.remove_pod(pod.ns.view(), pod.name);
            model.pods.erase(key_of(pod));
          } else {
            view.upsert(pod);
            model.pods.insert_or_assign(key_of(pod), pod);
          }
          break;
        }
        case 1: {
          const auto claim = random_claim(random);
          if (removes) {
            view.remove_claim(claim.ns.view(), claim.name);
            model.claims.erase(key_of(claim));
          } else {
            view.upsert(claim);
            model.claims.insert_or_assign(key_of(claim), claim);
          }
          break;
        }
        case 2: {
          const auto volume = random_volume(random);
          if (removes) {
            view.remove_volume(volume.name);
            model.volumes.erase(key_of(volume));
          } else {
            view.upsert(volume);
            model.volumes.insert_or_assign(key_of(volume), volume);
          }
          break;
        }
        case 3: {
          const auto attachment = random_attachment(random);
          if (removes) {
            view.remove_attachment(attachment.name);
            model.attachments.erase(key_of(attachment));
          } else {
            view.upsert(attachment);
            model.attachments.insert_or_assign(key_of(attachment), attachment);
          }
          break;
        }
        default: {
          const auto set = random_set(random);
          if (removes) {
            view.remove_workload(set.kind, set.ns.view(), set.name);
            model.sets.erase(key_of(set));
          } else {
            view.upsert(set);
            model.sets.insert_or_assign(key_of(set), set);
          }
        }
      }
    }
    check_against(model, view);
    View rebuilt;
    for (const auto& [key, set] : model.sets) rebuilt.upsert(set);
    for (const auto& [key, attachment] : model.attachments) rebuilt.upsert(attachment);
    for (const auto& [key, volume] : model.volumes) rebuilt.upsert(volume);
    for (const auto& [key, claim] : model.claims) rebuilt.upsert(claim);
    for (const auto& [key, pod] : model.pods) rebuilt.upsert(pod);
    REQUIRE(answers(view, model) == answers(rebuilt, model));
  }
  CHECK(Symbol::pool_size() == pool_before);
}
