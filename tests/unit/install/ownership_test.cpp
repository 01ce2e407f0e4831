// SPDX-License-Identifier: Apache-2.0
#include "install/ownership.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "install/plan.h"
#include "install/uninstall.h"
#include "unit/install/scene.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

json object(const json& labels, const json& annotations = json::object()) {
  return {{"metadata", {{"labels", labels}, {"annotations", annotations}}}};
}

const json kHelm3Labels{{"app.kubernetes.io/managed-by", "Helm"}};
const json kHelm3Annotations{{"meta.helm.sh/release-name", "blkstg"},
                             {"meta.helm.sh/release-namespace", "default"}};
const json kChart{{"app", "ibmcloud-block-storage-plugin"},
                  {"chart", "ibmcloud-block-storage-plugin-1.7.1"},
                  {"heritage", "Helm"},
                  {"release", "blkstg"}};

}  // namespace

TEST_CASE("whose an object is", "[install][ownership][row-13][row-H]") {
  struct Row {
    std::string what;
    json object;
    Owner owner;
    std::string name;
  };
  const json ours{{"app.kubernetes.io/managed-by", "block-storage-operator"},
                  {"blockstorage.dev/plugin", "ibmc-block"}};
  json taken = ours;
  taken["addonmanager.kubernetes.io/mode"] = "Reconcile";
  json controlled = object({});
  controlled["metadata"]["ownerReferences"] = json::array(
      {{{"kind", "ClusterCSIDriver"}, {"name", "vpc.block.csi.ibm.io"}, {"controller", true}}});
  json depending = controlled;
  depending["metadata"]["ownerReferences"][0]["controller"] = false;
  const std::vector<Row> rows{
      {"ours", object(ours), Owner::ours, "BlockStoragePlugin ibmc-block"},
      {"another plug-in",
       object({{"app.kubernetes.io/managed-by", "block-storage-operator"},
               {"blockstorage.dev/plugin", "b"}}),
       Owner::somebody, "BlockStoragePlugin b"},
      {"Helm 3", object(kHelm3Labels, kHelm3Annotations), Owner::release,
       "Helm release default/blkstg"},
      {"IBM's chart", object(kChart), Owner::release, "Helm release blkstg"},
      {"Helm 2", object({{"heritage", "Tiller"}, {"release", "blkstg"}}), Owner::release,
       "Tiller release blkstg"},
      {"Helm 2, newer labels",
       object(
           {{"app.kubernetes.io/managed-by", "Tiller"}, {"app.kubernetes.io/instance", "blkstg"}}),
       Owner::release, "Tiller release blkstg"},
      {"a chart without a release", object({{"heritage", "Helm"}}), Owner::release,
       "a release of Helm"},
      {"the add-on manager", object({{"addonmanager.kubernetes.io/mode", "Reconcile"}}),
       Owner::somebody, "the add-on manager"},
      {"the older add-on manager", object({{"kubernetes.io/cluster-service", "true"}}),
       Owner::somebody, "the add-on manager"},
      {"ours, taken by the add-on manager", object(taken), Owner::somebody, "the add-on manager"},
      {"razee", object({{"deploy.razee.io/Reconcile", "true"}}), Owner::somebody, "razee"},
      {"razee's parent", object({}, {{"deploy.razee.io.parent", "/apis/x"}}), Owner::somebody,
       "razee"},
      {"OLM", object({{"olm.owner", "op.v1"}}), Owner::somebody, "the Operator Lifecycle Manager"},
      {"OLM's operator", object({{"operators.coreos.com/op.ns", ""}}), Owner::somebody,
       "the Operator Lifecycle Manager"},
      {"Flux over Helm",
       object({{"app.kubernetes.io/managed-by", "Helm"}, {"helm.toolkit.fluxcd.io/name", "x"}}),
       Owner::somebody, "Flux"},
      {"Argo CD", object({}, {{"argocd.argoproj.io/tracking-id", "a:b"}}), Owner::somebody,
       "Argo CD"},
      {"another operator by reference", controlled, Owner::somebody,
       "ClusterCSIDriver vpc.block.csi.ibm.io"},
      {"a plain dependent", depending, Owner::nobody, ""},
      {"another operator by label", object({{"app.kubernetes.io/managed-by", "other"}}),
       Owner::somebody, "other"},
      {"nobody", object({{"app", "x"}}), Owner::nobody, ""},
      {"no metadata", json::object(), Owner::nobody, ""},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Ownership found = read_ownership(row.object, "ibmc-block");
    CHECK(found.owner == row.owner);
    CHECK(found.name == row.name);
  }
}

TEST_CASE("who may be taken over from, by spec.reconcile.adopt", "[install][ownership][row-13]") {
  CHECK(may_adopt(Owner::release, Adopt::if_labelled));
  CHECK_FALSE(may_adopt(Owner::nobody, Adopt::if_labelled));
  CHECK(may_adopt(Owner::release, Adopt::always));
  CHECK(may_adopt(Owner::nobody, Adopt::always));
  for (const Owner owner : {Owner::release, Owner::nobody, Owner::somebody, Owner::ours}) {
    CHECK_FALSE(may_adopt(owner, Adopt::never));
  }
  for (const Adopt adopt : {Adopt::if_labelled, Adopt::always, Adopt::never}) {
    CHECK_FALSE(may_adopt(Owner::somebody, adopt));
  }
}

TEST_CASE("the plan takes over what may be, and leaves the rest", "[install][ownership][row-13]") {
  Scene scene;
  scene.node().owner = Owner::release;
  scene.node().owner_name = "Helm release blkstg";
  const auto step_for_node = [&] {
    for (const Step& step : plan(scene.desired, scene.observed)) {
      if (step.desired->ref.kind == "DaemonSet") return step.action;
    }
    return Action::keep;
  };
  CHECK(step_for_node() == Action::leave_foreign);
  CHECK(brief(scene.status(), "Degraded") == "True ConflictingManager");
  mark_adoptable(scene.observed, Adopt::if_labelled, "ibmc-block");
  CHECK(step_for_node() == Action::adopt);
  CHECK(brief(scene.status(), "Degraded") == "False AsExpected");
  scene.node().terminating = true;
  mark_adoptable(scene.observed, Adopt::if_labelled, "ibmc-block");
  CHECK(step_for_node() == Action::leave_foreign);
}

TEST_CASE("what cannot be taken over as it is is made anew",
          "[install][ownership][row-13][row-8]") {
  Scene scene;
  scene.node().owner = Owner::release;
  scene.node().owner_name = "Helm release blkstg";
  scene.node().immutable_drift = {"spec.selector"};
  mark_adoptable(scene.observed, Adopt::if_labelled, "ibmc-block");
  const auto step_for_node = [&] {
    const auto steps = plan(scene.desired, scene.observed);
    return *std::find_if(steps.begin(), steps.end(),
                         [](const Step& step) { return step.desired->ref.kind == "DaemonSet"; });
  };
  CHECK(step_for_node().action == Action::recreate);
  CHECK(step_for_node().reason ==
        "it was left by Helm release blkstg, and spec.selector cannot be changed");
  scene.node().recreate_obstacle = "its finalizer would hold it up";
  CHECK(step_for_node().action == Action::leave_immutable);
}

TEST_CASE("what this plug-in gave up it takes back, whatever adopt says",
          "[install][ownership][row-12]") {
  Scene scene;
  scene.node().owner = Owner::nobody;
  scene.node().given_up_by = "other";
  mark_adoptable(scene.observed, Adopt::never, "ibmc-block");
  CHECK_FALSE(scene.node().adoptable);
  scene.node().given_up_by = "ibmc-block";
  mark_adoptable(scene.observed, Adopt::never, "ibmc-block");
  CHECK(scene.node().adoptable);
  CHECK_FALSE(may_delete(scene.node()));
}

TEST_CASE("Helm's marks go, ours and the user's stay", "[install][ownership][row-13]") {
  json labels = kChart;
  labels["app.kubernetes.io/managed-by"] = "block-storage-operator";
  labels["blockstorage.dev/plugin"] = "ibmc-block";
  labels["team"] = "storage";
  json annotations = kHelm3Annotations;
  annotations["note"] = "kept";
  json document = object(labels, annotations);
  CHECK(read_ownership(document, "ibmc-block").owner == Owner::ours);
  CHECK(read_ownership(document, "ibmc-block").release.has_value());
  const json wanted = object({{"release", "wanted"}});
  document.merge_patch(release_marks_patch(document, wanted));
  CHECK(document["metadata"]["labels"] ==
        json({{"app", "ibmcloud-block-storage-plugin"},
              {"release", "blkstg"},
              {"app.kubernetes.io/managed-by", "block-storage-operator"},
              {"blockstorage.dev/plugin", "ibmc-block"},
              {"team", "storage"}}));
  CHECK(document["metadata"]["annotations"] == json({{"note", "kept"}}));
  CHECK(release_marks_patch(document, wanted).empty());
  CHECK_FALSE(read_ownership(document, "ibmc-block").release.has_value());
  // A label that only happens to be called so.
  CHECK(release_marks_patch(object({{"release", "stable"}}), json::object()).empty());
}

TEST_CASE("former managers lose their claims, those who tell the status and who apply do not",
          "[install][ownership][row-13]") {
  const auto entry = [](const char* manager, const char* operation) {
    return json{{"manager", manager}, {"operation", operation}};
  };
  json status = entry("kubelet", "Update");
  status["subresource"] = "status";
  json document = object(kHelm3Labels);
  CHECK(former_managers_patch(document).empty());
  document["metadata"]["managedFields"] = {entry("block-storage-operator", "Apply"),
                                           entry("gitops", "Apply"),
                                           entry("kube-controller-manager", "Update"), status};
  const json kept = document["metadata"]["managedFields"];
  CHECK(former_managers_patch(document).empty());
  document["metadata"]["managedFields"].push_back(entry("before-first-apply", "Update"));
  document["metadata"]["managedFields"].push_back(entry("helm", "Update"));
  document.merge_patch(former_managers_patch(document));
  CHECK(document["metadata"]["managedFields"] == kept);
}

TEST_CASE("leftovers name the release and never what would delete our objects",
          "[install][ownership][row-13]") {
  const auto helm = leftovers_of({"Helm", "blkstg", "default"});
  REQUIRE(helm.size() == 1);
  CHECK(helm[0].object == "Secret default/sh.helm.release.v1.blkstg.v*");
  CHECK(helm[0].remedy == "kubectl delete secret -n default -l owner=helm,name=blkstg");
  const auto tiller = leftovers_of({"Tiller", "blkstg", ""});
  REQUIRE(tiller.size() == 1);
  CHECK(tiller[0].object == "ConfigMap kube-system/blkstg.v*");
  CHECK(tiller[0].remedy == "kubectl delete configmap -n kube-system -l OWNER=TILLER,NAME=blkstg");
  // IBM's chart says heritage: Helm, whichever Helm it was.
  CHECK(leftovers_of({"Helm", "blkstg", ""}).size() == 2);
}

TEST_CASE("leftovers stay in the status until they are said to be removed",
          "[install][ownership][row-13]") {
  json document = plugin();
  const std::vector<Release> from{{"Helm", "blkstg", "default"}, {"Helm", "blkstg", "default"}};
  CHECK(merge_leftovers(document, {}).empty());
  REQUIRE(merge_leftovers(document, from).size() == 1);
  document["status"]["leftovers"] = {{{"object", "Secret a"}, {"remedy", "do"}}};
  CHECK(merge_leftovers(document, from).size() == 2);
  CHECK(merge_leftovers(document, {}).size() == 1);
  document["metadata"]["annotations"] = {{"blockstorage.dev/leftovers", "removed"}};
  CHECK(merge_leftovers(document, from).empty());
}
