// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::string kThePlugin = item(kPlugins, "ibmc-block");
const std::string kGoldClass = item(kClasses, "ibmc-block-gold");

/// What an object needs to be made again: without what the server added.
Json bare(Json object) {
  const Json metadata = object.at("metadata");
  object["metadata"] = {{"name", metadata.at("name")},
                        {"labels", metadata.value("labels", Json::object())}};
  if (metadata.contains("namespace")) object["metadata"]["namespace"] = metadata["namespace"];
  object.erase("status");
  return object;
}

/// As IBM's chart 1.7.1 labels its objects, under Helm 3 with the annotations of that.
void label_by_chart(Json& object, bool helm3) {
  Json labels{{"app", object.at("metadata").at("name")},
              {"chart", "ibmcloud-block-storage-plugin-1.7.1"},
              {"heritage", helm3 ? "Helm" : "Tiller"},
              {"release", "blkstg"}};
  if (helm3) {
    labels["app.kubernetes.io/managed-by"] = "Helm";
    object["metadata"]["annotations"] = {{"meta.helm.sh/release-name", "blkstg"},
                                         {"meta.helm.sh/release-namespace", "default"}};
  }
  object["metadata"]["labels"] = labels;
}

std::string collection_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// The objects of the plug-in as Helm made them: the same names and, because the chart's version is
/// that of the bundle, the same content, but Helm's labels and no sign of the operator.
void install_by_helm(bool helm3) {
  std::vector<std::pair<std::string, Json>> made;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
    for (const auto& path : managed_paths()) made.emplace_back(path, world().api.get(path));
    (void)op.stop();
  }
  remove_plugins();
  for (auto& [path, object] : made) {
    object = bare(object);
    label_by_chart(object, helm3);
    world().api.create(collection_of(path), object);
  }
}

Json metadata_of(const std::string& path) { return world().api.get(path).at("metadata"); }

void wait_ours(const std::string& path) {
  eventually(path + " is ours and no longer Helm's", [&]() -> Missing {
    const auto metadata = metadata_of(path);
    const auto labels = metadata.value("labels", Json::object());
    const auto annotations = metadata.value("annotations", Json::object());
    if (labels.value("app.kubernetes.io/managed-by", "") == "block-storage-operator" &&
        !labels.contains("heritage") && !labels.contains("chart") && !labels.contains("release") &&
        !annotations.contains("meta.helm.sh/release-name")) {
      return std::nullopt;
    }
    return metadata.dump(1) + plugin().value("status", Json()).dump(1);
  });
}

std::vector<std::string> our_event_notes(const std::string& reason) {
  std::vector<std::string> notes;
  const auto list = world().api.get("/apis/events.k8s.io/v1/events");
  for (const auto& event : list.at("items")) {
    if (event.value("reason", "") == reason) notes.push_back(event.value("note", ""));
  }
  return notes;
}

void stays(const std::string& path) {
  const auto version = metadata_of(path).at("resourceVersion");
  holds(
      path + " is not written",
      [&]() -> Missing {
        const auto now = metadata_of(path).at("resourceVersion");
        if (now == version) return std::nullopt;
        return now.dump();
      },
      2s);
}

}  // namespace

TEST_CASE("what Helm installed is taken over without a new pod",
          "[own][adoption][row-13][row-19]") {
  const PluginTest clean;
  const bool helm3 = GENERATE(true, false);
  INFO((helm3 ? "Helm 3" : "Helm 2"));
  install_by_helm(helm3);
  // Something of the user's own, and the default class.
  world().api.merge(
      kGoldClass, {{"metadata",
                    {{"labels", {{"team", "storage"}}},
                     {"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}}});
  std::map<std::string, Json> before;
  for (const auto& path : managed_paths()) before[path] = world().api.get(path);

  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  for (const auto& path : managed_paths()) wait_ours(path);
  for (const auto& path : managed_paths()) {
    INFO(path);
    const auto now = world().api.get(path);
    CHECK(now.at("metadata").at("uid") == before[path].at("metadata").at("uid"));
    if (path != kProvisioner) {  // a Deployment counts changes of annotations as well
      CHECK(now.at("metadata").value("generation", 0) ==
            before[path].at("metadata").value("generation", 0));
    }
    CHECK(now.value("spec", Json()) == before[path].value("spec", Json()));
  }
  const auto gold = metadata_of(kGoldClass);
  CHECK(gold.at("labels").at("team") == "storage");
  CHECK(gold.at("annotations").at("storageclass.kubernetes.io/is-default-class") == "true");

  wait_condition("Degraded", "False");
  wait_condition("DriftDetected", "False", "NoDrift");
  const auto leftovers = plugin().at("status").at("leftovers");
  REQUIRE(leftovers.size() == 1);
  CHECK_THAT(leftovers[0].at("remedy").get<std::string>(),
             Contains(helm3 ? "kubectl delete secret -n default" : "kubectl delete configmap"));
  const auto notes = our_event_notes("Adopted");
  CHECK(std::any_of(notes.begin(), notes.end(), [](const std::string& text) {
    return text.find("DaemonSet kube-system/ibmcloud-block-storage-driver") != std::string::npos &&
           text.find("blkstg") != std::string::npos;
  }));

  world().api.merge(kThePlugin,
                    {{"metadata", {{"annotations", {{"blockstorage.dev/leftovers", "removed"}}}}}});
  eventually("the leftovers are not told of any more", []() -> Missing {
    const auto status = plugin().at("status");
    if (!status.contains("leftovers")) return std::nullopt;
    return status.at("leftovers").dump();
  });
  uninstall_plugin();
}

TEST_CASE("what the chart set otherwise is set as the spec says, what we do not set stays",
          "[own][adoption][row-13]") {
  const PluginTest clean;
  install_by_helm(true);
  world().api.merge(kNodeDriver,
                    {{"spec", {{"updateStrategy", {{"rollingUpdate", {{"maxUnavailable", 1}}}}}}}});
  Json driver = world().api.get(kNodeDriver);
  driver["spec"]["template"]["spec"]["hostNetwork"] = true;
  driver["spec"]["template"]["spec"]["containers"][0]["env"].push_back(
      {{"name", "OF_THE_CHART"}, {"value", "1"}});
  driver["spec"]["template"]["spec"]["containers"][0]["image"] = "icr.io/ibm/older:1.7.1";
  const auto before = world().api.replace(kNodeDriver, driver);

  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  wait_ours(kNodeDriver);
  const auto now = world().api.get(kNodeDriver);
  CHECK(now.at("metadata").at("uid") == before.at("metadata").at("uid"));
  const auto& spec = now.at("/spec/template/spec"_json_pointer);
  CHECK_THAT(spec.at("containers")[0].at("image").get<std::string>(),
             Contains("ibmcloud-block-storage-driver"));
  CHECK(spec.at("hostNetwork") == true);
  CHECK(spec.at("containers")[0].at("env").back().at("name") == "OF_THE_CHART");
  CHECK(now.at("/spec/updateStrategy/rollingUpdate/maxUnavailable"_json_pointer) == "10%");
  wait_condition("Degraded", "False");
}

TEST_CASE("a new version after an adoption is no drift, whoever wrote the object before",
          "[own][adoption][row-13][row-19]") {
  const PluginTest clean;
  const bool labelled = GENERATE(true, false);
  install_by_helm(true);
  for (const auto& path : {kProvisioner, kNodeDriver}) {
    // Without any record of managers, and with a mark of ours: the server then notes
    // "before-first-apply" for all that it finds.
    Json metadata{{"managedFields", Json::array({Json::object()})},
                  {"annotations", {{"blockstorage.dev/applied-hash", "0"}}}};
    if (!labelled) {
      metadata["labels"] = {{"heritage", nullptr}, {"app.kubernetes.io/managed-by", nullptr}};
      metadata["annotations"]["meta.helm.sh/release-name"] = nullptr;
    }
    world().api.merge(path, {{"metadata", metadata}});
  }
  OperatorProcess op(operator_options());
  create_plugin({{"reconcile", {{"adopt", "Always"}}}});
  wait_applied();
  play_workloads(2, 2);
  wait_condition("Available", "True");
  for (const std::string version : {"2.6.0", "2.7.0"}) {
    world().api.merge(kThePlugin, {{"spec", {{"driver", {{"version", version}}}}}});
    for (const auto& path : {kProvisioner, kNodeDriver}) {
      eventually(path + " has version " + version, [&]() -> Missing {
        const auto image = world()
                               .api.get(path)
                               .at("/spec/template/spec/containers/0/image"_json_pointer)
                               .get<std::string>();
        if (image.ends_with(":" + version)) return std::nullopt;
        return image + plugin().at("status").at("conditions").dump(1);
      });
    }
    play_workloads(2, 2);
    wait_condition("Progressing", "False");
    wait_condition("DriftDetected", "False", "NoDrift");
  }
}

TEST_CASE("Never leaves a release alone, and says what would take it over",
          "[own][adoption][row-13]") {
  const PluginTest clean;
  install_by_helm(true);
  OperatorProcess op(operator_options());
  create_plugin({{"reconcile", {{"adopt", "Never"}}}});
  const auto text =
      wait_condition("Degraded", "True", "ConflictingManager").at("message").get<std::string>();
  CHECK_THAT(text, Contains("Helm release default/blkstg") && Contains("spec.reconcile.adopt"));
  for (const auto& path : managed_paths()) {
    INFO(path);
    CHECK(metadata_of(path).at("labels").at("heritage") == "Helm");
  }
  stays(kNodeDriver);
  world().api.merge(kThePlugin, {{"spec", {{"reconcile", {{"adopt", "IfLabelled"}}}}}});
  for (const auto& path : managed_paths()) wait_ours(path);
  wait_condition("Degraded", "False");
}

TEST_CASE("what nobody claims is taken over only with Always", "[own][adoption][row-13]") {
  const PluginTest clean;
  const Json handmade{{"metadata", {{"name", "ibmcloud-block-storage-plugin"}}}};
  const auto made = world().api.create("/api/v1/namespaces/kube-system/serviceaccounts", handmade);
  OperatorProcess op(operator_options());
  create_plugin();
  const auto text =
      wait_condition("Degraded", "True", "ForeignObject").at("message").get<std::string>();
  CHECK_THAT(text, Contains("spec.reconcile.adopt to Always"));
  CHECK(metadata_of(kAccount).value("labels", Json::object()).empty());
  world().api.merge(kThePlugin, {{"spec", {{"reconcile", {{"adopt", "Always"}}}}}});
  wait_ours(kAccount);
  CHECK(metadata_of(kAccount).at("uid") == made.at("metadata").at("uid"));
  wait_condition("Degraded", "False");
  CHECK_FALSE(plugin().at("status").contains("leftovers"));
}

TEST_CASE("objects of an add-on manager, of razee, OLM or another operator are never written",
          "[own][adoption][row-H]") {
  const PluginTest clean;
  struct Row {
    std::string path;
    Json labels;
    std::string who;
  };
  const std::vector<Row> rows{
      {kGoldClass, {{"addonmanager.kubernetes.io/mode", "Reconcile"}}, "the add-on manager"},
      {item(kClasses, "ibmc-block-silver"), {{"deploy.razee.io/Reconcile", "true"}}, "razee"},
      {item(kClasses, "ibmc-block-bronze"), {{"olm.owner", "x"}}, "Operator Lifecycle Manager"},
      {item(kClasses, "ibmc-block-custom"),
       {{"app.kubernetes.io/managed-by", "other-operator"}},
       "other-operator"}};
  std::vector<Json> made;
  for (const auto& row : rows) {
    made.push_back(world().api.create(
        kClasses,
        {{"metadata", {{"name", row.path.substr(row.path.rfind('/') + 1)}, {"labels", row.labels}}},
         {"provisioner", "ibm.io/ibmc-block"}}));
  }
  OperatorProcess op(operator_options());
  create_plugin({{"reconcile", {{"adopt", "Always"}}}});
  eventually("all are reported", [&]() -> Missing {
    const auto degraded = condition(plugin(), "Degraded");
    const auto text = degraded.value("message", "");
    for (const auto& row : rows) {
      if (text.find(row.who) == std::string::npos) return text;
    }
    if (degraded.value("reason", "") != "ConflictingManager") return degraded.dump();
    return std::nullopt;
  });
  stays(kGoldClass);
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(world().api.get(rows[i].path) == made[i]);
  // Neither does an uninstallation touch them.
  (void)world().api.call("DELETE", kThePlugin);
  eventually("the plug-in is gone", []() -> Missing {
    const auto left = world().api.find(kThePlugin);
    if (!left) return std::nullopt;
    return left->value("status", Json()).dump(1);
  });
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(world().api.get(rows[i].path) == made[i]);
}

TEST_CASE("an object of ours that an add-on manager or a release takes is not taken back",
          "[own][adoption][row-H]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  world().api.merge(kGoldClass, {{"metadata",
                                  {{"labels",
                                    {{"addonmanager.kubernetes.io/mode", "Reconcile"},
                                     {"app.kubernetes.io/part-of", "an-addon"}}}}}});
  wait_condition("Degraded", "True", "ConflictingManager");
  stays(kGoldClass);
  const auto silver = item(kClasses, "ibmc-block-silver");
  world().api.merge(silver,
                    {{"metadata",
                      {{"labels", {{"app.kubernetes.io/managed-by", "Helm"}, {"heritage", "Helm"}}},
                       {"annotations", {{"meta.helm.sh/release-name", "blkstg"}}}}}});
  eventually("the release is named", []() -> Missing {
    const auto text = condition(plugin(), "Degraded").value("message", "");
    if (text.find("StorageClass ibmc-block-silver belongs to Helm release") != std::string::npos) {
      return std::nullopt;
    }
    return text;
  });
  stays(silver);
  (void)op.stop();
  OperatorProcess again(operator_options());
  stays(silver);
  CHECK(metadata_of(silver).at("labels").at("app.kubernetes.io/managed-by") == "Helm");
}
