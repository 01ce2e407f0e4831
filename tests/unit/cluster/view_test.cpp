// SPDX-License-Identifier: Apache-2.0
#include "cluster/view.h"

#include <utility>

#include <catch2/catch.hpp>
#include <malloc.h>

using namespace bso;
using namespace bso::cluster;

namespace {

Pod make_pod(const std::string& name, const std::string& claim, const std::string& node,
             bool running, const std::string& ns = "shop") {
  Pod pod;
  pod.ns = Symbol{ns};
  pod.name = name;
  pod.uid = "uid-" + ns + "-" + name;
  pod.node = Symbol{node};
  pod.phase = running ? Phase::running : Phase::pending;
  pod.any_running = pod.any_started = running;
  if (!claim.empty()) {
    PodVolume volume;
    volume.name = Symbol{"data"};
    volume.claim = Symbol{claim};
    pod.volumes.push_back(volume);
  }
  return pod;
}

Claim make_claim(const std::string& name, const std::string& volume,
                 const std::string& ns = "shop") {
  Claim claim;
  claim.ns = Symbol{ns};
  claim.name = name;
  claim.uid = "uid-" + ns + "-" + name;
  claim.volume = Symbol{volume};
  return claim;
}

Volume make_volume(const std::string& name, const std::string& handle, const std::string& claim,
                   const std::string& ns = "shop") {
  Volume volume;
  volume.name = name;
  volume.driver = Symbol{"d.io"};
  volume.handle = Symbol{handle};
  volume.claim_ns = Symbol{ns};
  volume.claim = Symbol{claim};
  volume.claim_uid = "uid-" + ns + "-" + claim;
  volume.modes = kReadWriteOnce;
  return volume;
}

std::vector<std::string> user_names(const View& view, const std::string& ns,
                                    const std::string& name) {
  std::vector<std::string> result;
  const Pod* pod = view.pod(ns, name);
  REQUIRE(pod != nullptr);
  for (const Pod* user : view.users(*pod, pod->volumes.at(0))) {
    result.push_back(user->ns.str() + "/" + user->name);
  }
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Users of a disk through one claim") {
  View view;
  view.upsert(make_pod("b", "data", "n1", true));
  view.upsert(make_pod("a", "data", "n1", false));
  view.upsert(make_pod("c", "other", "n1", true));
  view.upsert(make_pod("d", "data", "n1", true, "elsewhere"));
  CHECK(user_names(view, "shop", "a") == Names{"shop/a", "shop/b"});
}

TEST_CASE("Users of a disk through two volumes with one handle") {
  View view;
  view.upsert(make_pod("a", "data", "n1", false));
  view.upsert(make_pod("z", "twin", "n2", true, "other"));
  view.upsert(make_claim("data", "pv-1"));
  view.upsert(make_claim("twin", "pv-2", "other"));
  view.upsert(make_volume("pv-1", "h", "data"));
  CHECK(user_names(view, "shop", "a") == Names{"shop/a"});
  const auto affected = view.upsert(make_volume("pv-2", "h", "twin", "other"));
  CHECK(affected == PodKeys{"shop/a"});
  CHECK(user_names(view, "shop", "a") == Names{"other/z", "shop/a"});
  view.remove_claim("other", "twin");
  CHECK(user_names(view, "shop", "a") == Names{"shop/a"});
}

TEST_CASE("A claim made anew under its old name is not bound to the old volume") {
  View view;
  view.upsert(make_claim("data", "pv-1"));
  view.upsert(make_volume("pv-1", "h", "data"));
  REQUIRE(view.volume_of("shop", "data") != nullptr);
  auto anew = make_claim("data", "pv-1");
  anew.uid = "another";
  view.upsert(anew);
  CHECK(view.volume_of("shop", "data") == nullptr);
  CHECK(view.volume_of("shop", "unknown") == nullptr);
}

TEST_CASE("A pod is found by UID and by the hash of a static pod") {
  View view;
  auto pod = make_pod("a", "data", "n1", true);
  pod.config_hash = Symbol{"0123456789abcdef0123456789abcdef"};
  view.upsert(pod);
  REQUIRE(view.pod_by_uid("uid-shop-a") != nullptr);
  CHECK(view.pod_by_uid("0123456789abcdef0123456789abcdef") == view.pod_by_uid("uid-shop-a"));
  pod.uid = "anew";
  view.upsert(pod);
  CHECK(view.pod_by_uid("uid-shop-a") == nullptr);
  CHECK(view.pod_by_uid("anew") != nullptr);
  view.remove_pod("shop", "a");
  CHECK(view.pod_by_uid("anew") == nullptr);
}

TEST_CASE("Pods without a disk are kept only while annotated") {
  View view;
  auto pod = make_pod("a", "", "n1", true);
  CHECK(view.upsert(pod).empty());
  CHECK(view.pod_count() == 0);
  pod.conflict = "stale";
  CHECK(view.upsert(pod) == PodKeys{"shop/a"});
  CHECK(view.annotated_pods() == PodKeys{"shop/a"});
  pod.conflict.clear();
  CHECK(view.upsert(pod) == PodKeys{"shop/a"});
  CHECK(view.pod_count() == 0);
  CHECK(view.annotated_pods().empty());
}

TEST_CASE("A change names the waiting pods it may concern") {
  View view;
  view.upsert(make_claim("data", "pv-1"));
  view.upsert(make_volume("pv-1", "h", "data"));
  view.upsert(make_pod("bystander", "other", "n1", false));
  const auto waiter = make_pod("w", "data", "n1", false);
  const auto holder = make_pod("h", "data", "n1", true);

  CHECK(view.upsert(holder).empty());  // nobody waits yet
  CHECK(view.upsert(waiter) == PodKeys{"shop/w"});
  CHECK(view.upsert(waiter).empty());  // nothing changed

  SECTION("holder") {
    auto ready = holder;
    ready.ready = true;
    CHECK(view.upsert(ready) == PodKeys{"shop/w"});
    CHECK(view.remove_pod("shop", "h") == PodKeys{"shop/w"});
    CHECK(view.remove_pod("shop", "h").empty());
  }
  SECTION("the waiter itself starts") {
    CHECK(view.upsert(make_pod("w", "data", "n1", true)) == PodKeys{"shop/w"});
    CHECK(view.upsert(make_pod("h", "data", "n2", true)).empty());
  }
  SECTION("an annotation of ours, or what is not kept") {
    view.upsert(make_pod("w2", "data", "n1", false));
    auto told = waiter;
    told.conflict = "held";
    told.resource_version = "8";
    CHECK(view.upsert(told) == PodKeys{"shop/w"});  // and not shop/w2
    auto touched = holder;
    touched.resource_version = "9";
    CHECK(view.upsert(touched).empty());
    CHECK(view.pod("shop", "h")->resource_version == "9");
  }
  SECTION("claim and volume") {
    auto claim = make_claim("data", "pv-1");
    claim.deleting = true;
    CHECK(view.upsert(claim) == PodKeys{"shop/w"});
    CHECK(view.remove_claim("shop", "data") == PodKeys{"shop/w"});
    CHECK(view.remove_volume("pv-1") == PodKeys{"shop/w"});
  }
  SECTION("attachment") {
    Attachment attachment;
    attachment.name = "csi-1";
    attachment.volume = Symbol{"pv-1"};
    attachment.node = Symbol{"n2"};
    CHECK(view.upsert(attachment) == PodKeys{"shop/w"});
    REQUIRE(view.attachments(*view.volume("pv-1")).size() == 1);
    attachment.attached = true;
    CHECK(view.upsert(attachment) == PodKeys{"shop/w"});
    CHECK(view.upsert(attachment).empty());
    CHECK(view.remove_attachment("csi-1") == PodKeys{"shop/w"});
    CHECK(view.attachments(*view.volume("pv-1")).empty());
  }
  SECTION("node") {
    Node node;
    node.name = "n2";
    CHECK(view.upsert(node) == PodKeys{"shop/bystander", "shop/w"});
    CHECK(view.upsert(node).empty());  // a heartbeat
    node.volumes_attached.emplace_back("d.io/h");
    CHECK_FALSE(view.upsert(node).empty());
    CHECK(view.attached_nodes("d.io/h").size() == 1);
    CHECK_FALSE(view.remove_node("n2").empty());
    CHECK(view.attached_nodes("d.io/h").empty());
  }
  SECTION("event") {
    EventHint hint;
    hint.kind = Symbol{"Pod"};
    hint.reason = Symbol{"FailedMount"};
    hint.pod_uid = "uid-shop-w";
    hint.last = WallTime{std::chrono::seconds{5}};
    CHECK(view.add(hint) == PodKeys{"shop/w"});
    CHECK(view.add(hint).empty());
    CHECK(view.events("uid-shop-w").size() == 1);
    view.remove_pod("shop", "w");
    CHECK(view.events("uid-shop-w").empty());
  }
}

TEST_CASE("Sharing a volume that many may mount concerns nobody") {
  View view;
  view.upsert(make_claim("data", "pv-1"));
  auto volume = make_volume("pv-1", "h", "data");
  volume.modes = kReadWriteMany;
  view.upsert(volume);
  view.upsert(make_pod("w", "data", "n1", false));
  CHECK(view.upsert(make_pod("h", "data", "n1", true)).empty());
}

TEST_CASE("Owners are followed to the top, but not in circles") {
  View view;
  const auto owner = [](const char* kind, const char* name) {
    Owner result;
    result.kind = Symbol{kind};
    result.name = Symbol{name};
    result.uid = Symbol{std::string{"uid-"} + name};
    return result;
  };
  const auto workload = [](WorkloadKind kind, const char* name, Owner by) {
    Workload result;
    result.kind = kind;
    result.ns = Symbol{"shop"};
    result.name = name;
    result.uid = std::string{"uid-"} + name;
    result.owner = std::move(by);
    return result;
  };
  auto pod = make_pod("a", "data", "n1", false);
  pod.owner = owner("ReplicaSet", "rs");
  view.upsert(pod);
  CHECK(view.ownership(*view.pod("shop", "a")).top.name == "rs");

  CHECK(view.upsert(workload(WorkloadKind::replica_set, "rs", owner("Deployment", "web"))) ==
        PodKeys{"shop/a"});
  CHECK(view.ownership(*view.pod("shop", "a")).top.name == "web");
  CHECK(view.ownership(*view.pod("shop", "a")).top_record == nullptr);
  CHECK(view.upsert(workload(WorkloadKind::deployment, "web", {})) == PodKeys{"shop/a"});
  const auto found = view.ownership(*view.pod("shop", "a"));
  REQUIRE(found.top_record != nullptr);
  CHECK(view.replica_sets_of(*found.top_record).size() == 1);
  CHECK(view.pods_of(pod.owner).size() == 1);

  auto impostor = workload(WorkloadKind::deployment, "web", {});
  impostor.uid = "made anew";
  view.upsert(impostor);
  CHECK(view.ownership(*view.pod("shop", "a")).top_record == nullptr);

  view.upsert(workload(WorkloadKind::deployment, "web", owner("ReplicaSet", "rs")));
  const auto circle = view.ownership(*view.pod("shop", "a"));
  CHECK(circle.top.name == "rs");

  view.remove_workload(WorkloadKind::replica_set, "shop", "rs");
  view.remove_workload(WorkloadKind::deployment, "shop", "web");
  CHECK(view.ownership(*view.pod("shop", "a")).top.name == "rs");
}

TEST_CASE("Names are listed for the difference after a relist") {
  View view;
  view.upsert(make_pod("b", "data", "n1", true));
  view.upsert(make_pod("a", "data", "n1", true));
  view.upsert(make_volume("pv-1", "h", "data"));
  CHECK(view.names<Pod>() ==
        std::vector<std::pair<std::string, std::string>>{{"shop", "a"}, {"shop", "b"}});
  CHECK(view.names<Volume>() == std::vector<std::pair<std::string, std::string>>{{"", "pv-1"}});
  CHECK(view.names(WorkloadKind::job).empty());
}

TEST_CASE("Memory of a pod with one claim") {
  constexpr std::size_t kPods = 20'000;
  View view;
  const auto before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kPods; ++i) {
    auto pod = make_pod("deployment-6d7f5b8c49-" + std::to_string(10'000 + i),
                        "claim-" + std::to_string(i), "node-" + std::to_string(i % 100), true);
    pod.uid = "0e39f8c6-ab9b-11e9-bc03-7eb7da" + std::to_string(100'000 + i);
    pod.owner.uid = Symbol{"1e39f8c6-ab9b-11e9-bc03-7eb7da" + std::to_string(100'000 + i / 3)};
    view.upsert(std::move(pod));
  }
  const auto bytes = (mallinfo2().uordblks - before) / kPods;
  INFO("bytes per stored pod, indexes included: " << bytes);
  CHECK(bytes < 160);  // sanitizers count nothing here
}

TEST_CASE("volumes of a driver are visited in steps, with the nodes that use them") {
  View view;
  const auto put = [&view](const std::string& name, const std::string& driver,
                           const std::string& provisioner) {
    auto volume = make_volume(name, "h-" + name, "c-" + name);
    volume.kind = VolumeKind::flex_volume;
    volume.driver = Symbol{driver};
    volume.provisioned_by = Symbol{provisioner};
    view.upsert(volume);
  };
  put("a", "d.io", "");
  put("b", "other.io", "");
  put("c", "", "p.io");
  put("d", "d.io", "p.io");
  const View::VolumeMaker maker{VolumeKind::flex_volume, "d.io", "p.io"};
  std::vector<std::string> seen;
  int steps = 0;
  std::optional<std::uint32_t> next = 0;
  while (next) {
    next = view.visit_volumes(*next, 1, maker, [&](const Volume& v) { seen.push_back(v.name); });
    ++steps;
  }
  CHECK(seen == std::vector<std::string>{"a", "c", "d"});
  CHECK(steps == 4);
  // Another kind of driver with the same name is another driver.
  seen.clear();
  (void)view.visit_volumes(0, 9, {VolumeKind::csi, "d.io", "q.io"},
                           [&](const Volume& v) { seen.push_back(v.name); });
  CHECK(seen.empty());

  CHECK(view.nodes_of(*view.volume("a")).empty());
  view.upsert(make_claim("c-a", "a"));
  view.upsert(make_pod("p1", "c-a", "node-2", true));
  view.upsert(make_pod("waits", "c-a", "", false));
  auto ended = make_pod("ended", "c-a", "node-3", true);
  ended.phase = Phase::succeeded;
  view.upsert(ended);
  Attachment attachment;
  attachment.name = "att";
  attachment.volume = Symbol{"a"};
  attachment.node = Symbol{"node-1"};
  view.upsert(attachment);
  CHECK(view.nodes_of(*view.volume("a")) == std::vector<std::string>{"node-1", "node-2"});
}

TEST_CASE("Claims are told of when their use in the long run may be another") {
  View view;
  std::vector<std::string> told;
  view.on_claim([&told](std::string_view ns, std::string_view claim) {
    told.push_back(std::string(ns) + "/" + std::string(claim));
  });
  const auto take = [&told] { return std::exchange(told, {}); };
  const Names data{"shop/data"};

  view.upsert(make_claim("data", "pv-1"));
  CHECK(take() == data);
  view.upsert(make_claim("data", "pv-1"));
  CHECK(take().empty());
  auto volume = make_volume("pv-1", "h", "data");
  view.upsert(volume);
  CHECK(take() == data);
  volume.claim = Symbol{"other"};
  view.upsert(volume);
  CHECK(take() == Names{"shop/data", "shop/other"});
  view.remove_volume("pv-1");
  CHECK(take() == Names{"shop/other"});

  auto pod = make_pod("p", "data", "", false);
  pod.owner = {Symbol{"ReplicaSet"}, Symbol{"web-1"}, Symbol{"uid-web-1"}};
  view.upsert(pod);
  CHECK(take() == data);
  SECTION("a pod's status is no news") {
    pod.node = Symbol{"n1"};
    pod.phase = Phase::running;
    pod.ready = pod.any_running = pod.any_started = true;
    pod.resource_version = "2";
    view.upsert(pod);
    CHECK(take().empty());
  }
  SECTION("a pod that ends") {
    pod.phase = Phase::succeeded;
    view.upsert(pod);
    CHECK(take() == data);
    view.remove_pod("shop", "p");
    CHECK(take().empty());
  }
  SECTION("a pod that is to go") {
    pod.deleting = true;
    view.upsert(pod);
    CHECK(take() == data);
    view.remove_pod("shop", "p");
    CHECK(take().empty());
  }
  SECTION("a pod that is gone") {
    view.remove_pod("shop", "p");
    CHECK(take() == data);
  }
  SECTION("another pod of that name") {
    auto next = make_pod("p", "other", "", false);
    next.uid = "uid-2";
    view.upsert(next);
    CHECK(take() == Names{"shop/data", "shop/other"});
  }
  SECTION("the owner lets it go") {
    pod.owner = {};
    view.upsert(pod);
    CHECK(take() == Names{"shop/data", "shop/data"});
  }
  SECTION("what owns it") {
    Workload set;
    set.kind = WorkloadKind::replica_set;
    set.ns = Symbol{"shop"};
    set.name = "web-1";
    set.uid = "uid-web-1";
    set.owner = {Symbol{"Deployment"}, Symbol{"web"}, Symbol{"uid-web"}};
    view.upsert(set);
    CHECK(take() == data);
    // Its Deployment scales it.
    set.replicas = 5;
    view.upsert(set);
    CHECK(take().empty());
    Workload deployment;
    deployment.ns = Symbol{"shop"};
    deployment.name = "web";
    deployment.uid = "uid-web";
    view.upsert(deployment);
    CHECK(take() == data);
    view.upsert(deployment);
    CHECK(take().empty());
    deployment.recreate = true;
    view.upsert(deployment);
    CHECK(take() == data);
    // A pod without claims is none of its business.
    auto beside = make_pod("q", "", "n1", true);
    beside.owner = pod.owner;
    beside.conflict = "text";
    view.upsert(beside);
    view.remove_workload(WorkloadKind::deployment, "shop", "web");
    CHECK(take() == data);
    set.owner = {};
    view.upsert(set);
    CHECK(take() == data);
    set.replicas = 6;
    view.upsert(set);
    CHECK(take() == data);
  }
  view.remove_claim("shop", "data");
  CHECK_THAT(take(), Catch::Matchers::VectorContains(std::string("shop/data")));
}
